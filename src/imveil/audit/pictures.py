"""Pictures to play with: any plain source as one array, for games and audits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from imveil.attacks.base import U8
from imveil.errors import BadImage, BadSource

MOST = 2200  # forty targets, a thousand cipher images, a thousand public pictures, and some
_MOST_BYTES = 1 << 29


@dataclass(frozen=True)
class Pictures:
    """images: (n, h, w, c) uint8.   about: what they are, in words.   notes: what was left out, in sentences."""

    images: U8
    about: str
    notes: list[str] = field(default_factory=list)


def read_pictures(spec: str, *, most: int = MOST, tile: int = 1) -> Pictures:
    """Up to `most` pictures of a source, drawn evenly over it, those of the most common size.

    spec: a folder, an .npz file, "cifar10", "cifar100".   tile: sides are cut to a multiple of it.
    Raises BadSource where there are none, or fewer than three of one size.
    """
    from imveil.owner.sources import open_source

    source = open_source(spec)
    rows = np.random.default_rng(6).permutation(len(source))[: 2 * most]
    sizes: dict[tuple[int, ...], list[U8]] = {}
    broken: list[str] = []
    total = 0
    for i in sorted(rows.tolist()):
        try:
            pixels = source.read(i).pixels
        except BadImage as error:
            broken.append(str(error))
            continue
        sizes.setdefault(pixels.shape, []).append(pixels)
        total += pixels.nbytes
        if total > _MOST_BYTES:
            break
    notes = [f"{len(broken):,} pictures could not be read; the first: {broken[0]}"] if broken else []
    if not sizes:
        raise BadSource(f"{spec} holds no pictures that can be read", hint=broken[0] if broken else "")
    shape = max(sizes, key=lambda s: (len(sizes[s]), s))
    h, w = shape[0] // tile * tile, shape[1] // tile * tile
    if len(sizes[shape]) < 3 or not h or not w:
        raise BadSource(
            f"{spec} has {len(sizes[shape])} pictures of one size, {shape[1]}x{shape[0]}; three or more, of at least "
            f"{tile}x{tile}, are needed",
            hint="give more pictures, or resize them to one size",
        )
    if len(sizes) > 1:
        others = sum(map(len, sizes.values())) - len(sizes[shape])
        notes.append(
            f"sizes are mixed: {len(sizes[shape]):,} pictures of {shape[1]}x{shape[0]} were taken, {others:,} not"
        )
    if (h, w) != shape[:2]:
        notes.append(f"pictures were cut from {shape[1]}x{shape[0]} to {w}x{h}, which blocks of {tile} tile")
    images = np.stack(sizes[shape][:most])[:, :h, :w]
    order = np.random.default_rng(7).permutation(len(images))
    about = f"{spec}: {len(images):,} pictures of {w}x{h}x{shape[2]}"
    return Pictures(np.ascontiguousarray(images[order]), about, notes)
