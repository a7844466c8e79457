"""The compiled loops behind chains of substitutions. Importing this module imports numba: only `chain.py` does, on
first use.

A chain is slow by nature, each byte waits for the one before it. Four images go side by side, so that the machine has
something to do meanwhile. The loops give up the interpreter lock and run on one thread.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def substitute(images: Any, order: Any, table: Any, mask: Any, start: Any, out: Any) -> None:
    """out[k, i] = images[k, order[i]] + mask[i] + table[out[k, i - 1]] mod 256, out[k, -1] being `start`.

    Parameters
    ----------
    images, out
        (n, bytes) uint8; they may be one array where every byte stays in its place.
    """
    n = images.shape[0] - images.shape[0] % 4
    first = np.uint8(start)
    for k in range(0, n, 4):
        x0, x1, x2, x3 = images[k], images[k + 1], images[k + 2], images[k + 3]
        y0, y1, y2, y3 = out[k], out[k + 1], out[k + 2], out[k + 3]
        a = b = c = d = first
        for i in range(len(order)):
            j, m = np.uint32(order[i]), mask[i]  # unsigned: no check for negative indices
            a = np.uint8(np.uint8(x0[j] + m) + table[a])
            b = np.uint8(np.uint8(x1[j] + m) + table[b])
            c = np.uint8(np.uint8(x2[j] + m) + table[c])
            d = np.uint8(np.uint8(x3[j] + m) + table[d])
            y0[i], y1[i], y2[i], y3[i] = a, b, c, d
    for k in range(n, images.shape[0]):
        x0, y0 = images[k], out[k]
        a = first
        for i in range(len(order)):
            a = np.uint8(np.uint8(x0[np.uint32(order[i])] + mask[i]) + table[a])
            y0[i] = a


@numba.njit(nogil=True, cache=True)
def restore(images: Any, order: Any, table: Any, mask: Any, start: Any, out: Any) -> None:
    """The inverse: out[k, order[i]] = images[k, i] - mask[i] - table[images[k, i - 1]] mod 256; arrays as above."""
    for k in range(images.shape[0]):
        y, x = images[k], out[k]
        before = np.uint8(start)
        for i in range(len(order)):
            value = y[i]
            x[np.uint32(order[i])] = np.uint8(np.uint8(value - mask[i]) - table[before])
            before = value
