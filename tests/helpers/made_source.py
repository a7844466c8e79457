"""A source of made pictures, with broken ones where asked: what the tests of encryption read instead of files."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imveil.errors import BadImage


@dataclass(frozen=True)
class Item:
    split: str | None
    label: int | None
    name: str


@dataclass(frozen=True)
class Picture:
    pixels: Any
    depth: int = 8


@dataclass
class Made:
    """Pictures that anyone can make again: SHAKE-256 of their place. shapes: place -> (h, w, c) where it is special;
    deep: places of 16-bit pictures (their pixels are twice as wide); broken: places that cannot be read."""

    items: list[Item]
    classes: list[str]
    shape: tuple[int, int, int] = (8, 8, 3)
    shapes: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    deep: frozenset[int] = frozenset()
    broken: frozenset[int] = frozenset()

    @property
    def splits(self) -> dict[str, int]:
        return dict(Counter(item.split or "all" for item in self.items))

    def read(self, i: int) -> Picture:
        if i in self.broken:
            raise BadImage(f"/home/alice/secret/{self.items[i].name} is truncated")
        h, w, c = self.shapes.get(i, self.shape)
        shape = (h, 2 * w if i in self.deep else w, c)
        data = hashlib.shake_256(b"made %d" % i).digest(int(np.prod(shape)))
        return Picture(np.frombuffer(data, np.uint8).reshape(shape).copy(), 16 if i in self.deep else 8)


def smooth(count: int, shape: tuple[int, int, int]) -> Made:
    """Pictures without noise, which JPEG keeps nearly as they are: ramps of other steepness in each channel."""

    @dataclass
    class Smooth(Made):
        def read(self, i: int) -> Picture:
            down, across, channel = np.indices(self.shape)
            pixels = 40 * (i + 1) + (i + 2) * down + (3 - channel) * across
            return Picture(np.minimum(pixels, 255).astype(np.uint8))

    plain = made(count, shape=shape)
    return Smooth(plain.items, plain.classes, plain.shape)


def made(count: int = 24, *, splits: bool = True, classes: bool = True, **special: Any) -> Made:
    """`count` pictures in the splits train and test (one in four) and two classes, or without either."""
    names = ["cat", "dog"] if classes else []
    items = [
        Item(
            ("test" if i % 4 == 3 else "train") if splits else None,
            (i // 2) % 2 if classes else None,
            f"picture {i:05}.jpg",
        )
        for i in range(count)
    ]
    return Made(items, names, **special)


def tree(folder: Any) -> dict[str, bytes]:
    """Every file under a folder and its bytes."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
