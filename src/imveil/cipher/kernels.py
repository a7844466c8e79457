"""The compiled loops behind gathers. Importing this module imports numba: only `apply.py` does, on first use.

Every kernel gives up the interpreter lock and runs on one thread; `apply.py` spreads a batch over cores.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


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
    """The same over nibbles, the low half of a byte first; images and out (n, bytes) may be one array."""
    row = np.empty(len(order) // 2, np.uint8)
    for i in range(images.shape[0]):
        for j in range(len(row)):
            low, high = order[2 * j], order[2 * j + 1]
            a = (images[i, low >> 1] >> ((low & 1) << 2)) & 15
            b = (images[i, high >> 1] >> ((high & 1) << 2)) & 15
            row[j] = (a ^ mask[2 * j]) | ((b ^ mask[2 * j + 1]) << 4)
        out[i] = row
