"""Codes: chosen pictures in which every byte, and every nibble, shows where it stands; and how answers are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Code:
    """probes: (k, n) uint8, one row a chosen picture of n bytes.   as_bytes: how many of them tell bytes apart; all of
    them tell nibbles apart."""

    probes: Any
    as_bytes: int

    def bytes(self, answers: Any) -> Any:
        """Where each byte of (as_bytes, n) answers stood in the picture, (n,); -1 for what no byte showed."""
        return _find(_words(self.probes[: self.as_bytes], 256), _words(answers[: self.as_bytes], 256))

    def nibbles(self, answers: Any) -> Any:
        """Where each nibble of (k, n) answers stood, (2n,); nibble 2j is the low half of byte j."""
        return _find(_words(halves(self.probes), 16), _words(halves(answers), 16))


@lru_cache(maxsize=4)
def code(n: int) -> Code:
    """The code for pictures of n bytes, ceil(log_256 n) probes for bytes, ceil(log_16 2n) or one more for nibbles.

    The number of a byte has D digits; the low nibble shows them from the front, the high nibble from the back, so that
    half of D probes tell bytes apart. The nibbles that look alike until then are numbered by the probes that follow.

    >>> code(3072).probes.shape, code(3072).as_bytes
    ((4, 3072), 2)
    >>> code(224 * 224 * 3).probes.shape[0], code(224 * 224 * 3).as_bytes
    (5, 3)
    """
    width = max(1, next(d for d in range(1, 16) if 16**d >= n))
    base = next(b for b in range(1, 17) if b**width >= n)
    digits = np.arange(n)[:, None] // base ** np.arange(width) % base
    first = (width + 1) // 2
    low, high = digits[:, :first], digits[:, ::-1][:, :first]
    seen = np.stack([low, high], axis=1).reshape(2 * n, first)
    words = seen @ 16 ** np.arange(first)
    order = np.argsort(words, kind="stable")
    starts = np.searchsorted(words[order], words[order])
    rank = np.empty(2 * n, np.int64)
    rank[order] = np.arange(2 * n) - starts
    more = next(m for m in range(16) if 16**m > rank.max())
    tail = rank[:, None] // 16 ** np.arange(more) % 16
    halves = np.concatenate([seen, tail], axis=1).reshape(n, 2, first + more)
    probes = np.ascontiguousarray((halves[:, 0] | halves[:, 1] << 4).T.astype(np.uint8))
    return Code(probes, first)


def plausible(found: Any, room: int) -> bool:
    """Whether `found` (n,), read from words of `room` values, is where n units came from: a permutation, or positions
    that chance would not have made (some published code drops a colour)."""
    n = len(found)
    if (found < 0).any():
        return False
    return bool((np.bincount(found, minlength=n) == 1).all()) or n * np.log(n / room) < -30


def undo(order: Any, units: Any) -> Any:
    """Units (k, n) of cipher pictures back in their places; a place that no unit came from takes its nearest
    neighbour's.

    >>> undo(np.array([2, 0, 1]), np.array([[10, 20, 30]])).tolist()
    [[20, 30, 10]]
    """
    source = np.full(len(order), -1)
    source[order] = np.arange(len(order))
    known = np.flatnonzero(source >= 0)
    near = np.searchsorted(known, np.arange(len(order))).clip(1, max(1, len(known) - 1))
    left, right = known[near - 1], known[near.clip(max=len(known) - 1)]
    places = np.arange(len(order))
    nearest = np.where(np.abs(places - left) <= np.abs(right - places), left, right)
    return units[:, source[nearest]]


def halves(samples: Any) -> Any:
    """(k, n) bytes -> (k, 2n) nibbles, the low half of each first."""
    return np.stack([samples & 15, samples >> 4], axis=-1).reshape(len(samples), -1)


def _words(rows: Any, base: int) -> Any:
    """(k, n) digits -> (n,) numbers."""
    return np.asarray(rows, np.int64).T @ base ** np.arange(len(rows))


def _find(words: Any, asked: Any) -> Any:
    order = np.argsort(words, kind="stable")
    at = np.searchsorted(words[order], asked).clip(max=len(words) - 1)
    return np.where(words[order][at] == asked, order[at], -1)
