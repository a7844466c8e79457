"""Mean absolute error: how far a guess is from the picture, in grey levels."""

from __future__ import annotations

import numpy as np

from imveil.metrics.base import F64, U8, Metric, checked_pair


def mae(truth: U8, guess: U8) -> F64:
    """Mean absolute difference in grey levels (0..255), one per image.

    Parameters
    ----------
    truth, guess
        (n, h, w, c).

    Returns
    -------
    (n,)

    >>> zeros = np.zeros((1, 8, 8, 3), np.uint8)
    >>> mae(zeros, zeros + np.uint8(7))
    array([7.])
    """
    truth, guess = checked_pair(truth, guess)
    return np.array([np.abs(np.subtract(a, b, dtype=np.int16)).mean() for a, b in zip(truth, guess)], np.float64)


METRICS = [
    Metric(
        name="mae",
        takes="pair",
        measure=mae,
        unit="grey levels",
        tells="How far a guess is from the picture, in grey levels; two independent uniform images lie 85.3 apart.",
        not_shown="A large value does not show that nothing was recovered: the negative of a picture has one.",
        source="mean absolute difference",
    )
]
