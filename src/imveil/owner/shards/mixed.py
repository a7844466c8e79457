"""Mixed pictures: what an owner should know before a net refuses them, since one is trained on one shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from imveil.owner.picture import Picture
from imveil.schemes.base import Scheme

Shape = tuple[int, ...]
_NAMES = {1: "1 (grey)", 2: "2 (grey, alpha)", 3: "3 (RGB)", 4: "4 (RGBA)"}
_MOST = 3  # sizes that are named


def shape_of(picture: Picture) -> Shape:
    """Of a picture, (h, w, c); pixels of 16 bits are twice as wide."""
    h, w, c = picture.pixels.shape
    return h, w * 8 // picture.depth, c


def of_shapes(found: Mapping[Shape, int], greys: int, scheme: Scheme) -> list[str]:
    """What to say of pictures that differ in size or channels, and of `greys` that have three.

    Parameters
    ----------
    found
        How many pictures have this shape, (h, w, c).

    >>> from imveil.schemes.plain import Plain
    >>> of_shapes({(8, 8, 3): 9, (8, 9, 3): 1}, 0, Plain())[0][:60]
    'pictures differ in size (height x width): 9 of 8x8, 1 of 8x9'
    """
    channels, sizes = Counter[int](), Counter[Shape]()
    for shape, count in found.items():
        channels[shape[2]] += count
        sizes[shape[:2]] += count
    notes = []
    if len(sizes) > 1:
        told = ", ".join(f"{count:,} of {h}x{w}" for (h, w), count in sizes.most_common(_MOST))
        more = f" and {len(sizes) - _MOST:,} more sizes" if len(sizes) > _MOST else ""
        notes.append(
            f"pictures differ in size (height x width): {told}{more}; a net is trained on one size. --resize and "
            "--crop make them alike"
        )
    if len(channels) > 1:
        told = ", ".join(f"{n:,} with {_NAMES.get(c, c)}" for c, n in sorted(channels.items()))
        notes.append(
            f"pictures differ in their channels: {told}; a net is trained on one kind. --channels rgb makes them alike"
        )
    if greys and set(channels) <= {1, 3} and greys == channels[3] and 1 in (scheme.traits.channels or (1,)):
        notes.append("the pictures with three channels are grey: --channels grey takes a third of the bytes")
    return notes


__all__ = ["Shape", "of_shapes", "shape_of"]
