"""The compiled loops that take one image at a time. Importing this module imports numba: only `apply.py` does, on first
use.

Every loop gives up the interpreter lock and runs on one thread; `apply.py` spreads a batch over cores.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba.core import cgutils

from imveil.plans.compiled.vectors import LINE, at, const, fence, inline, load, store


def _xor_lines(past_cache: bool) -> Any:
    @inline
    def lines(build: Any, source: Any, mask: Any, target: Any, count: Any) -> None:
        """`count` bytes, a multiple of 64, to a target that is a multiple of 64."""
        with cgutils.for_range_slice(build, const(0), count, const(LINE)) as (i, _):
            vector = build.xor(load(build, at(build, source, i), LINE), load(build, at(build, mask, i), LINE))
            store(build, vector, at(build, target, i), past_cache=past_cache)

    return lines


_xor_in_cache, _xor_past_cache = _xor_lines(False), _xor_lines(True)


@numba.njit(nogil=True, cache=True)
def xor(images: Any, mask: Any, out: Any, past: Any) -> None:
    """out[i] = images[i] ^ mask[i % period] over flat arrays, which may be one.

    Parameters
    ----------
    mask
        (period + 64,), its beginning repeated at its end, 64 bytes or more.
    past
        Write past the cache.
    """
    n, period = len(images), len(mask) - LINE
    head = min(-out.ctypes.data % LINE, n)
    for i in range(head):
        out[i] = images[i] ^ mask[i]
    i = head
    while i + LINE <= n:
        phase = i % period
        lines = min((period - phase + LINE - 1) // LINE, (n - i) // LINE)
        source, masks, target = images.ctypes.data + i, mask.ctypes.data + phase, out.ctypes.data + i
        if past:
            _xor_past_cache(source, masks, target, lines * LINE)
        else:
            _xor_in_cache(source, masks, target, lines * LINE)
        i += lines * LINE
    for j in range(i, n):
        out[j] = images[j] ^ mask[j % period]
    fence()


@numba.njit(nogil=True, cache=True)
def gather_bytes(images: Any, order: Any, mask: Any, out: Any) -> None:
    """out[i, j] = images[i, order[j]] ^ mask[j]; images and out (n, bytes) may be one array."""
    row = np.empty(len(order), np.uint8)
    for i in range(images.shape[0]):
        source, target = images[i], out[i]
        for j in range(len(order)):
            row[j] = source[np.uint64(order[j])]  # unsigned: no index is asked whether it counts from the end
        for j in range(len(order)):  # apart: this one is done many bytes at a time
            target[j] = row[j] ^ mask[j]


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


@numba.njit(nogil=True, cache=True)
def inverted_and_recoloured(image: Any, inv: Any, codes: Any, orders: Any, out: Any) -> None:
    """Negative-positive and then an order of colours of one image (pixels * channels) into `out`, as the plan that
    `invert_and_recolour` writes does it."""
    channels = len(image) // len(codes)
    moving = 3 if channels >= 3 else 0
    for pixel in range(len(codes)):
        start = np.uint64(channels) * np.uint64(pixel)
        code = np.uint64(codes[pixel])
        for k in range(moving):
            source = start + np.uint64(orders[code, k])
            out[start + np.uint64(k)] = image[source] ^ (np.uint8(inv[source] != 0) - np.uint8(1))
        for k in range(moving, channels):
            source = start + np.uint64(k)
            out[source] = image[source] ^ (np.uint8(inv[source] != 0) - np.uint8(1))


@numba.njit(nogil=True, cache=True)
def invert_and_recolour(inv: Any, codes: Any, orders: Any, order: Any, mask: Any) -> None:
    """The plan of negative-positive and then an order of colours: order and mask (pixels * channels) are written.

    Parameters
    ----------
    inv
        0 = invert, for each sample.
    codes
        Of each pixel, rows of orders, (6, 3): out[k] = in[orders[code, k]]. With fewer than three channels nothing is
        reordered, a fourth stays in place.
    """
    channels = len(order) // len(codes)
    moving = 3 if channels >= 3 else 0
    for pixel in range(len(codes)):
        start = np.uint64(channels) * np.uint64(pixel)  # unsigned: no index is asked whether it counts from the end
        code = np.uint64(codes[pixel])
        for k in range(moving):
            source = start + np.uint64(orders[code, k])
            order[start + np.uint64(k)] = source
            mask[start + np.uint64(k)] = np.uint8(inv[source] != 0) - np.uint8(1)
        for k in range(moving, channels):
            source = start + np.uint64(k)
            order[source] = source
            mask[source] = np.uint8(inv[source] != 0) - np.uint8(1)
