"""Locality: where an order falls apart into stretches of the image that keep to themselves.

Blocks of 4x4 whose places stay the same mix four rows of the picture and no more; colour orders mix a pixel. Stretches
are gathered one after the other, so that what a gather reads is still in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SPAN = 8192  # bytes: what a gather reads of one stretch of 32 images is then 256 KB
LEAST = 64  # bytes of a stretch: rows are read and written this many bytes at a time


def spans(order: Any, unit: int, most: int = SPAN) -> Any:
    """Bounds (k + 1,) of stretches, in bytes: units of a stretch come from the same stretch, in cipher and picture.

    Parameters
    ----------
    unit
        8 or 4 bits.
    most
        Stretches are no longer where the order allows, and `LEAST` bytes or more.

    >>> spans(np.arange(20_000) ^ 1, 8).tolist()
    [0, 8192, 16384, 20000]
    >>> spans(np.arange(20_000)[::-1], 8).tolist()
    [0, 20000]
    """
    units, size = 8 // unit, len(order) * unit // 8
    at = np.arange(units, len(order), units)
    before, after = np.maximum.accumulate(order), np.minimum.accumulate(order[::-1])[::-1]
    cuts = at[(before[at - 1] < at) & (after[at] >= at)] // units
    bounds: list[Any] = [0]
    while size - bounds[-1] > most:
        left = cuts[(cuts >= bounds[-1] + LEAST) & (cuts <= size - LEAST)]
        if not len(left):
            break
        bounds.append(left[max(0, int(np.searchsorted(left, bounds[-1] + most, "right")) - 1)])
    return np.array([*bounds, size])
