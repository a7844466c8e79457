"""Families: the kinds of scheme that have a recipe, simplest first, and which scheme belongs to which.

A set that a simple family explains is explained by others too, so the order is that of trying.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from imveil.attacks.solvers.secondorder import moved, own, planes, rotation, shared, table, whole
from imveil.attacks.solvers.secondorder.grid import MOST
from imveil.attacks.solvers.secondorder.prior import Prior

Recipe = Callable[[Any, int, Prior], Any]
MOST_PIXELS = 1 << 14  # under one sequence: of larger pictures any part does, and many-time-pad takes one
MOST_GUESSED = 300  # blocks to put in order where nobody says what was done: more take minutes
GUESSED = 300  # cipher images, then
USUAL = (4, 1, 2, 8, 16)  # sides of blocks, the most usual first; 16 takes as long as all others together


@dataclass(frozen=True)
class Family:
    """recipe: (cipher images, block, prior) -> the way to pictures.   blocks: sides to try when nobody
    says.   most: blocks of a picture that it can put in order.   dtype: of cipher images.   alone: whether one
    large cipher image may be enough.   fewer: so many times fewer images than others need are looked at.   least:
    cipher images, where one is not enough.   smooth: the share of borders that are as smooth as the others in what
    is believed; where colours are lost, blocks that lost others differ for good, and a few pixels at wrong places
    leave a picture one.   planes: side by side in one grey image. coloured: images of one colour have nothing to
    lose.   guessed: cipher images that are looked at where nobody says what was done."""

    recipe: Recipe
    blocks: tuple[int, ...] = (2, 4, 8, 16)
    most: int = 1 << 30
    dtype: str = "uint8"
    alone: bool = False
    fewer: int = 1
    least: int = 3
    smooth: float = 0.97
    planes: int = 1
    coloured: bool = False
    guessed: int = GUESSED


FAMILIES: dict[str, Family] = {
    "samples shuffled and inverted, alike in all blocks": Family(shared.samples, alone=True, fewer=4),
    "nibbles shuffled and inverted, alike in all blocks": Family(shared.nibbles, (2, 4, 8), alone=True, fewer=4),
    "blocks moved, and shuffled inside alike": Family(moved.patches, (4, 8), MOST),
    "blocks moved, turned, inverted, recoloured": Family(moved.turned, (4, 8, 16), MOST),
    "blocks moved, turned, inverted, colours lost": Family(
        partial(moved.turned, orders=moved.LOSSY), (4, 8), MOST, least=100, smooth=0.5, coloured=True
    ),
    "blocks moved, nibbles shuffled by keys of their own": Family(own.own_nibbles, (4, 8), MOST),
    "one rotation of all blocks": Family(rotation.rotated, (2, 4, 8), dtype="float32", alone=True),
    "values through a table, alike in all blocks": Family(table.looked_up, (2, 4, 8, 16), dtype="uint16", alone=True),
    "a sequence XORed into all pictures": Family(whole.masked, (1,), MOST_PIXELS),
    "pixels or samples moved": Family(whole.moved_pixels, (1,), MOST, smooth=0.94, guessed=1000),
    "blocks moved among three planes, turned, inverted": Family(planes.beside, (4, 8, 16), MOST, planes=3),
}

_NAMES = list(FAMILIES)
SCHEMES: Mapping[str, tuple[str, str | None]] = {
    "shf": (_NAMES[0], "block"),
    "np-block": (_NAMES[0], "block"),
    "le": (_NAMES[1], "block"),
    "patch": (_NAMES[2], "block"),
    "etc": (_NAMES[3], "block"),
    "cpe-iib": (_NAMES[3], "sub_block"),
    "etc-inplace": (_NAMES[4], "block"),
    "ele": (_NAMES[5], "block"),
    "orthogonal": (_NAMES[6], "block"),
    "ffx": (_NAMES[7], "block"),
    **dict.fromkeys(("logistic-xor", "skew-tent-xor", "henon-xor", "lattice-xor", "aes-xor"), (_NAMES[8], None)),
    "negpos": (_NAMES[8], None),
    "pixel-shuffle": (_NAMES[9], None),
    "etc-grey": (_NAMES[10], "block"),
}
"""Of a scheme's name: its family, and the field that holds the side of a block, where there are blocks."""


def candidates(
    scheme: str | None, fields: Mapping[str, Any], dtype: str, shape: tuple[int, int, int]
) -> list[tuple[str, int]]:
    """(family, block) pairs to try on cipher images of a dtype and a shape (h, w, c): those of the scheme, or all."""
    family, field = SCHEMES.get((scheme or "").rpartition("/")[0], (None, None))
    if scheme is None:
        pairs = [(name, block) for name, one in FAMILIES.items() for block in one.blocks]
        pairs.sort(key=lambda pair: USUAL.index(pair[1]))
        pairs = [(name, block) for name, block in pairs if block == 1 or _orders(FAMILIES[name], block, shape)]
    elif family is None or (field is not None and field not in fields):
        return []
    else:
        pairs = [(family, 1 if field is None else int(fields[field]))]
    return [(name, block) for name, block in pairs if _fits(FAMILIES[name], block, dtype, shape)]


def _orders(family: Family, block: int, shape: tuple[int, int, int]) -> bool:
    """Whether a family leaves blocks in place, or there are few enough of them."""
    return family.most != MOST or (shape[0] // block) * (shape[1] // block) <= MOST_GUESSED


def _fits(family: Family, block: int, dtype: str, shape: tuple[int, int, int]) -> bool:
    h, w, c = shape
    blocks = (h // block) * (w // block)
    colours = c == 1 if family.planes > 1 else c >= 3 or not family.coloured
    whole = h % block == w % (family.planes * block) == 0
    return family.dtype == dtype and colours and whole and min(h, w) > 1 and family.planes < blocks <= family.most


def family_of(scheme: str) -> str | None:
    """The family of a scheme's id; None where there is no recipe.

    >>> family_of("le/1")
    'nibbles shuffled and inverted, alike in all blocks'
    """
    known = SCHEMES.get(scheme.rpartition("/")[0])
    return None if known is None else known[0]
