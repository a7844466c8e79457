"""Pictures to play with: any plain source as one array, for games and audits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from imveil.attacks.base import U8
from imveil.errors import BadImage, BadSource

MOST = 2200  # forty targets, a thousand cipher images, a thousand public pictures, and some
_MOST_BYTES = 1 << 29


class OneSize(NamedTuple):
    """Pictures of the most common size, and what they were read from.

    Attributes
    ----------
    others
        How many had another size.
    broken
        Why some could not be read.
    whole
        Whether all were looked at.
    """

    items: list[Any]
    images: list[U8]
    others: int
    broken: list[str]
    whole: bool


def of_one_size(
    items: Iterable[Any], read: Callable[[Any], U8], most: int | None = None, most_bytes: int = _MOST_BYTES
) -> OneSize:
    """Read pictures until there are `most`, or more than `most_bytes`; those of the most common size.

    Among equally common sizes the largest is taken.

    Parameters
    ----------
    read
        An item -> (h, w, c) uint8, or BadImage.
    """
    sizes: dict[tuple[int, ...], list[tuple[Any, U8]]] = {}
    broken: list[str] = []
    count = total = 0
    whole = True
    for item in items:
        if total > most_bytes or (most is not None and count >= most):
            whole = False
            break
        try:
            pixels = read(item)
        except BadImage as error:
            broken.append(error.message)
            continue
        sizes.setdefault(pixels.shape, []).append((item, pixels))
        count, total = count + 1, total + pixels.nbytes
    taken = max(sizes.values(), key=lambda some: (len(some), some[0][1].shape), default=[])
    return OneSize([item for item, _ in taken], [image for _, image in taken], count - len(taken), broken, whole)


@dataclass(frozen=True)
class Pictures:
    """Attributes
    ----------
    images
        (n, h, w, c) uint8.
    about
        What they are, in words.
    notes
        What was left out, in sentences.
    """

    images: U8
    about: str
    notes: list[str] = field(default_factory=list)


def read_pictures(spec: str, *, most: int = MOST, tile: int = 1) -> Pictures:
    """Up to `most` pictures of a source, drawn evenly over it, those of the most common size.

    Parameters
    ----------
    spec
        A folder, an .npz file, "cifar10", "cifar100".
    tile
        Sides are cut to a multiple of it.

    Raises
    ------
    BadSource
        Where there are none, or fewer than three of one size.
    """
    from imveil.owner.sources import open_source

    source = open_source(spec)
    rows = np.random.default_rng(6).permutation(len(source))[: 2 * most]
    found = of_one_size(sorted(rows.tolist()), lambda i: source.read(i).pixels)
    broken, count = found.broken, len(found.images)
    notes = [f"{len(broken):,} pictures could not be read; the first: {broken[0]}"] if broken else []
    if not count:
        raise BadSource(f"{spec} holds no pictures that can be read", hint=broken[0] if broken else "")
    shape = found.images[0].shape
    h, w = shape[0] // tile * tile, shape[1] // tile * tile
    if count < 3 or not h or not w:
        raise BadSource(
            f"{spec} has {count} pictures of one size, {shape[1]}x{shape[0]}; three or more, of at least "
            f"{tile}x{tile}, are needed",
            hint="give more pictures, or resize them to one size",
        )
    if found.others:
        notes.append(f"sizes are mixed: {count:,} pictures of {shape[1]}x{shape[0]} were taken, {found.others:,} not")
    if (h, w) != shape[:2]:
        notes.append(f"pictures were cut from {shape[1]}x{shape[0]} to {w}x{h}, which blocks of {tile} tile")
    images = np.stack(found.images[:most])[:, :h, :w]
    order = np.random.default_rng(7).permutation(len(images))
    about = f"{spec}: {len(images):,} pictures of {w}x{h}x{shape[2]}"
    return Pictures(np.ascontiguousarray(images[order]), about, notes)
