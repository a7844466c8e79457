"""Copies: several augmented versions of each training picture, encrypted each for itself.

Where a scheme gives places a meaning, a flipped or shifted cipher picture is not the cipher of a moved picture, so the
cloud cannot augment; the owner can, before encryption. A copy is the picture, flipped left to right with probability
one half and shifted by up to 1/16 of its shorter side both ways, the border mirrored.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from imveil.errors import BadField, BadSource
from imveil.owner.picture import Picture, from16, to16
from imveil.owner.sources.base import Item, Source

MOST = 1000
NOTE = (
    "copies of one picture lie in the training split only; give a split valid too, since the cloud, which cannot tell "
    "copies, would hold some of them out to validate on"
)


class Copied(Source):
    """A source with `copies` versions of each picture of its split train, the first as it is.

    Names of the others end in ~1, ~2, ... What a copy looks like depends on its name alone, so a run can be repeated.
    Raises BadSource for a source without a split train, BadField for a number of copies that makes no sense.
    """

    def __init__(self, source: Source, copies: int) -> None:
        if not 1 <= copies <= MOST:
            raise BadField(f"--copies is 1 to {MOST}, not {copies}")
        if "train" not in source.splits:
            raise BadSource(
                "copies are made of training pictures, and the source has no split train",
                hint="put the pictures into folders train/ and test/",
            )
        self.source, self.copies = source, copies
        self.spec, self.classes, self.place = source.spec, source.classes, source.place
        self.left_out, self.prepared = source.left_out, source.prepared
        self.notes = [*source.notes, *([] if {"valid", "val", "validation"} & source.splits.keys() else [NOTE])]
        counts = [copies if item.split == "train" else 1 for item in source.items]
        self._rows = [(i, k) for i, count in enumerate(counts) for k in range(count)]
        self.items = [_named(source.items[i], k) for i, k in self._rows]

    @property
    def preparation(self) -> list[Any]:
        """What decides the result, for the digest of a job."""
        return [*getattr(self.source, "preparation", ()), ["copies", self.copies]]

    def read(self, i: int) -> Picture:
        """Picture or copy i. Raises BadImage."""
        at, k = self._rows[i]
        picture = self.source.read(at)
        return moved(picture, self.items[i].id(self.classes)) if k else picture


def moved(picture: Picture, name: str) -> Picture:
    """The copy of a picture that is called `name`.

    >>> moved(Picture(np.zeros((4, 4, 1), np.uint8)), "cat/1~1.png").pixels.shape
    (4, 4, 1)
    """
    drawn = hashlib.sha256(f"imveil copy {name}".encode()).digest()
    pixels: Any = to16(picture.pixels) if picture.depth == 16 else picture.pixels
    h, w = pixels.shape[:2]
    most = max(1, min(h, w) // 16)
    down, right = (int.from_bytes(drawn[at : at + 8], "little") % (2 * most + 1) - most for at in (8, 16))
    rows, columns = _mirrored(np.arange(h) + down, h), _mirrored(np.arange(w) + right, w)
    if drawn[0] & 1:
        columns = columns[::-1]
    pixels = pixels[rows][:, columns]
    if picture.depth == 16:
        return Picture(from16(pixels), 16)
    return Picture(np.ascontiguousarray(pixels), 8)


def _mirrored(places: Any, side: int) -> Any:
    if side == 1:
        return np.zeros_like(places)
    places = places % (2 * side - 2)
    return np.minimum(places, 2 * side - 2 - places)


def _named(item: Item, k: int) -> Item:
    stem, dot, suffix = item.name.rpartition(".")
    if not dot:
        stem, suffix = item.name, ""
    return item._replace(name=f"{stem}~{k}{dot}{suffix}") if k else item
