"""Lanes: gathers over many images at once. Importing this module imports numba: only `apply.py` does, on first use.

An order moves the same unit of every image to the same place. So 16 images are laid side by side, byte by byte: a word
of 16 bytes holds the same byte of each, and one move serves all. Reading words in the order of the plan and turning 16
of them back into rows gives 16 bytes of the cipher of each image. With nibbles, 32 images share a word, so that a plan
costs as many moves an image whatever its unit.

Transpositions are shuffles of vectors in registers; rows are written 64 bytes at a time, past the cache where asked.
The loops give up the interpreter lock and run on one thread; `apply.py` spreads a batch over cores.
"""

from __future__ import annotations

from typing import Any

import numba

from imveil.plans.compiled.locality import LEAST
from imveil.plans.compiled.vectors import (
    INT,
    ROWS,
    WORD,
    at,
    fence,
    halves,
    inline,
    joined,
    load,
    prefetch,
    shuffled,
    store,
    transposed,
)

IMAGES = {8: ROWS, 4: 2 * ROWS}  # by unit: how many images go side by side
NEAR = 1 << 18  # bytes: what is asked for ahead should not push out what is needed now
_SQUARES = LEAST // ROWS


def _lay(build: Any, source: Any, stride: Any) -> list[Any]:
    """64 bytes of 16 images -> 16 vectors; number k holds words k, 16 + k, 32 + k and 48 + k."""
    return transposed(build, [load(build, at(build, source, r, stride), LEAST) for r in range(ROWS)])


def _words(build: Any, vector: Any) -> list[Any]:
    return [shuffled(build, vector, vector, range(ROWS * s, ROWS * (s + 1))) for s in range(_SQUARES)]


@inline
def _lay_bytes(build: Any, source: Any, stride: Any, ahead: Any, lanes: Any) -> None:
    """64 bytes of 16 images, `stride` apart -> 64 words of 16 bytes. What lies `ahead` of them is asked for."""
    for r in range(ROWS):
        prefetch(build, at(build, at(build, source, ahead), r, stride))
    for k, vector in enumerate(_lay(build, source, stride)):
        for s, word in enumerate(_words(build, vector)):
            store(build, word, at(build, lanes, ROWS * (ROWS * s + k)))


@inline
def _lay_nibbles(build: Any, source: Any, stride: Any, ahead: Any, lanes: Any) -> None:
    """64 bytes of 32 images -> 128 words of 16 bytes: number 2j + 1 has the high halves of byte j, two to a byte."""
    for r in range(2 * ROWS):
        prefetch(build, at(build, at(build, source, ahead), r, stride))
    first, second = _lay(build, source, stride), _lay(build, at(build, source, ROWS, stride), stride)
    for k in range(ROWS):
        for side, vector in enumerate(halves(build, first[k], second[k])):
            for s, word in enumerate(_words(build, vector)):
                store(build, word, at(build, lanes, ROWS * (2 * (ROWS * s + k) + side)))


def _taken(build: Any, lanes: Any, order: Any, unit: int, units: int) -> list[Any]:
    """16 vectors of 4 words each, the words that `order` names: unit `unit` of each of 64 bytes of `units` units."""

    def word(byte: int) -> Any:
        address = build.inttoptr(at(build, order, 4 * (units * byte + unit)), INT.as_pointer())
        return load(build, at(build, lanes, build.zext(build.load(address, align=4), WORD), ROWS), ROWS)

    return [joined(build, [word(r + ROWS * s) for s in range(_SQUARES)]) for r in range(ROWS)]


def _put(build: Any, rows: list[Any], mask: Any, target: Any, stride: Any, past_cache: bool) -> None:
    for k, row in enumerate(transposed(build, rows)):
        store(build, build.xor(row, mask), at(build, target, k, stride), past_cache=past_cache)


def _taker(unit: int, past_cache: bool) -> Any:
    @inline
    def take(build: Any, lanes: Any, order: Any, mask: Any, target: Any, stride: Any) -> None:
        """Words in the order of the plan -> 64 bytes of the cipher of each image."""
        masks = load(build, mask, LEAST)
        if unit == 8:
            _put(build, _taken(build, lanes, order, 0, 1), masks, target, stride, past_cache)
            return
        low, high = (_taken(build, lanes, order, side, 2) for side in (0, 1))
        pairs = [halves(build, x, y) for x, y in zip(low, high, strict=True)]
        for half in (0, 1):
            there = at(build, target, ROWS * half, stride)
            _put(build, [pair[half] for pair in pairs], masks, there, stride, past_cache)

    return take


@inline
def _expect(build: Any, target: Any, stride: Any) -> None:
    """A line of each of 16 images will be written, in part: memory has it ready then."""
    for r in range(ROWS):
        prefetch(build, at(build, target, r, stride), write=True)


_take_bytes, _take_bytes_past = _taker(8, False), _taker(8, True)
_take_nibbles, _take_nibbles_past = _taker(4, False), _taker(4, True)


@numba.njit(nogil=True, cache=True)
def gather(images: Any, order: Any, mask: Any, units: Any, spans: Any, out: Any, lanes: Any, past: Any) -> None:
    """out[i, j] = images[i, order[j]] ^ mask[j] over units; images and out (n, bytes) may be one array.

    n: a multiple of 16 * units.

    Parameters
    ----------
    order
        `units` a byte, 1 or 2, the low nibble first.
    mask
        (bytes,).
    spans
        The bounds of stretches of 64 bytes or more that keep to themselves, gathered one after the other.
    lanes
        Room for the longest stretch of 16 * units images.
    past
        Write past the cache; then bytes is a multiple of 64.
    """
    (n, size), many = images.shape, 16 * units
    ahead = many * size if many * size <= NEAR else 512
    for i in range(0, n, many):
        for s in range(len(spans) - 1):
            first, last = spans[s], spans[s + 1] - 64
            # All are counted from the beginning of the image, words too.
            source, target, masks = images[i].ctypes.data, out[i].ctypes.data, mask.ctypes.data
            words, orders = lanes.ctypes.data - many * first, order.ctypes.data
            for r in range(0, many * size, 16 * size):
                for j in (first, first + 64, last, last + 63):
                    _expect(target + r + j, size)
            begin = first + -(source + first) % 64
            for k in range(begin - 64, last + 64, 64):
                j = min(max(k, first), last)
                if units == 1:
                    _lay_bytes(source + j, size, ahead, words + many * j)
                else:
                    _lay_nibbles(source + j, size, ahead, words + many * j)
            begin = first + -(target + first) % 64
            for k in range(begin - 64, last + 64, 64):
                j = min(max(k, first), last)
                # Lines that are also written in part stay in the cache.
                through = past and begin < k <= last - 64
                if units == 1 and through:
                    _take_bytes_past(words, orders + 4 * j, masks + j, target + j, size)
                elif units == 1:
                    _take_bytes(words, orders + 4 * j, masks + j, target + j, size)
                elif through:
                    _take_nibbles_past(words, orders + 8 * j, masks + j, target + j, size)
                else:
                    _take_nibbles(words, orders + 8 * j, masks + j, target + j, size)
    fence()
