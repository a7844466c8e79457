"""The compiled loops that take one image at a time. Importing this module imports numba: only `apply.py` does, on first
use.

Every loop gives up the interpreter lock and runs on one thread; `apply.py` spreads a batch over cores.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba.core import cgutils

from imveil.cipher.vectors import at, const, inline, load, store

_WIDTH = 64


@inline
def _xor_past_cache(build: Any, source: Any, mask: Any, target: Any, count: Any) -> None:
    """`count` bytes, a multiple of 64, written past the cache; target is a multiple of 64."""
    with cgutils.for_range_slice(build, const(0), count, const(_WIDTH)) as (i, _):
        vector = build.xor(load(build, at(build, source, i), _WIDTH), load(build, at(build, mask, i), _WIDTH))
        store(build, vector, at(build, target, i), past_cache=True)
    build.fence("seq_cst")


@numba.njit(nogil=True, cache=True)
def xor(images: Any, mask: Any, out: Any) -> None:
    """out[i, j] = images[i, j] ^ mask[j], written past the cache; out (n, bytes) is another array than images."""
    for i in range(images.shape[0]):
        head = min(-out[i].ctypes.data % 64, len(mask))
        body = (len(mask) - head) // 64 * 64
        for j in range(head):
            out[i, j] = images[i, j] ^ mask[j]
        _xor_past_cache(images[i].ctypes.data + head, mask.ctypes.data + head, out[i].ctypes.data + head, body)
        for j in range(head + body, len(mask)):
            out[i, j] = images[i, j] ^ mask[j]


@numba.njit(nogil=True, cache=True)
def xor_in_place(images: Any, mask: Any) -> None:
    """images[i, j] ^= mask[j]. A loop of its own: where two arrays are named, the compiler fears that they overlap."""
    for i in range(images.shape[0]):
        for j in range(len(mask)):
            images[i, j] ^= mask[j]


@numba.njit(nogil=True, cache=True)
def gather_bytes(images: Any, order: Any, mask: Any, out: Any) -> None:
    """out[i, j] = images[i, order[j]] ^ mask[j]; images and out (n, bytes) may be one array."""
    row = np.empty(len(order), np.uint8)
    for i in range(images.shape[0]):
        for j in range(len(order)):
            row[j] = images[i, order[j]] ^ mask[j]
        out[i] = row


@numba.njit(nogil=True, cache=True)
def gather_nibbles(images: Any, order: Any, mask: Any, out: Any) -> None:
    """The same over nibbles, the low half of a byte first: order has two units a byte, mask is bytes."""
    row = np.empty(len(mask), np.uint8)
    for i in range(images.shape[0]):
        for j in range(len(row)):
            low, high = order[2 * j], order[2 * j + 1]
            a = (images[i, low >> 1] >> ((low & 1) << 2)) & 15
            b = (images[i, high >> 1] >> ((high & 1) << 2)) & 15
            row[j] = (a | b << 4) ^ mask[j]
        out[i] = row
