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

from imveil.cipher.vectors import (
    INT,
    ROWS,
    WORD,
    at,
    halves,
    inline,
    joined,
    load,
    prefetch,
    shuffled,
    store,
    transposed,
)

LEAST = 64  # bytes an image must have: rows are read and written so many bytes at a time
IMAGES = {8: ROWS, 4: 2 * ROWS}  # by unit: how many images go side by side
_SQUARES = LEAST // ROWS


def _lay(build: Any, source: Any, stride: Any) -> list[Any]:
    """64 bytes of 16 images -> 16 vectors; number k holds words k, 16 + k, 32 + k and 48 + k."""
    return transposed(build, [load(build, at(build, source, r, stride), LEAST) for r in range(ROWS)])


def _words(build: Any, vector: Any) -> list[Any]:
    return [shuffled(build, vector, vector, range(ROWS * s, ROWS * (s + 1))) for s in range(_SQUARES)]


@inline
def _lay_bytes(build: Any, source: Any, stride: Any, lanes: Any) -> None:
    """64 bytes of 16 images, `stride` apart -> 64 words of 16 bytes."""
    for r in range(ROWS):
        prefetch(build, at(build, source, ROWS + r, stride))  # the next 16 images
    for k, vector in enumerate(_lay(build, source, stride)):
        for s, word in enumerate(_words(build, vector)):
            store(build, word, at(build, lanes, ROWS * (ROWS * s + k)))


@inline
def _lay_nibbles(build: Any, source: Any, stride: Any, lanes: Any) -> None:
    """64 bytes of 32 images -> 128 words of 16 bytes: number 2j + 1 has the high halves of byte j, two to a byte."""
    for r in range(2 * ROWS):
        prefetch(build, at(build, source, 2 * ROWS + r, stride))
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
            _put(
                build, [pair[half] for pair in pairs], masks, at(build, target, ROWS * half, stride), stride, past_cache
            )

    return take


@inline
def _fence(build: Any) -> None:
    """What was written past the cache is seen by all threads from here on."""
    build.fence("seq_cst")


_take_bytes, _take_bytes_past, _take_nibbles, _take_nibbles_past = (_taker(u, p) for u in (8, 4) for p in (False, True))


@numba.njit(nogil=True, cache=True)
def gather_bytes(images: Any, order: Any, mask: Any, out: Any, lanes: Any, past: Any) -> None:
    """out[i, j] = images[i, order[j]] ^ mask[j]; images and out (n, bytes) may be one array.

    n: a multiple of 16.   bytes: 64 or more.   lanes: room for 16 images.   past: write past the cache; then bytes is a
    multiple of 64.
    """
    size = images.shape[1]
    words, orders, masks = lanes.ctypes.data, order.ctypes.data, mask.ctypes.data
    for i in range(0, images.shape[0], 16):
        source, target = images[i].ctypes.data, out[i].ctypes.data
        for j in range(0, size, 64):
            k = min(j, size - 64)
            _lay_bytes(source + k, size, words + 16 * k)
        head = -target % 64 if past else 0
        if head:
            _take_bytes(words, orders, masks, target, size)
        for j in range(head, size - 63, 64):
            if past:
                _take_bytes_past(words, orders + 4 * j, masks + j, target + j, size)
            else:
                _take_bytes(words, orders + 4 * j, masks + j, target + j, size)
        if (size - head) % 64:
            j = size - 64
            _take_bytes(words, orders + 4 * j, masks + j, target + j, size)
    _fence()


@numba.njit(nogil=True, cache=True)
def gather_nibbles(images: Any, order: Any, mask: Any, out: Any, lanes: Any, past: Any) -> None:
    """The same over nibbles, the low half of a byte first: order has two units a byte, mask is bytes.

    n: a multiple of 32.   lanes: room for 32 images.
    """
    size = images.shape[1]
    words, orders, masks = lanes.ctypes.data, order.ctypes.data, mask.ctypes.data
    for i in range(0, images.shape[0], 32):
        source, target = images[i].ctypes.data, out[i].ctypes.data
        for j in range(0, size, 64):
            k = min(j, size - 64)
            _lay_nibbles(source + k, size, words + 32 * k)
        head = -target % 64 if past else 0
        if head:
            _take_nibbles(words, orders, masks, target, size)
        for j in range(head, size - 63, 64):
            if past:
                _take_nibbles_past(words, orders + 8 * j, masks + j, target + j, size)
            else:
                _take_nibbles(words, orders + 8 * j, masks + j, target + j, size)
        if (size - head) % 64:
            j = size - 64
            _take_nibbles(words, orders + 8 * j, masks + j, target + j, size)
    _fence()
