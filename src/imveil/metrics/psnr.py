"""Peak signal-to-noise ratio: how near a guess is to the picture, sample by sample."""

from __future__ import annotations

import numpy as np

from imveil.metrics.base import F64, U8, Metric, checked_pair


def psnr(truth: U8, guess: U8) -> F64:
    """Peak signal-to-noise ratio in dB over 0..255, one per image; inf where equal.

    10 log10(255^2 / mean squared difference).

    Parameters
    ----------
    truth, guess
        (n, h, w, c).

    Returns
    -------
    (n,)

    >>> zeros = np.zeros((1, 8, 8, 3), np.uint8)
    >>> psnr(zeros, zeros)
    array([inf])
    >>> psnr(zeros, zeros + np.uint8(255))
    array([0.])
    """
    truth, guess = checked_pair(truth, guess)
    # Image by image, so that a data set of photographs needs the memory of one.
    error = np.array([np.square(np.subtract(a, b, dtype=np.int32)).mean() for a, b in zip(truth, guess)], np.float64)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(255**2 / error)


METRICS = [
    Metric(
        name="psnr",
        takes="pair",
        measure=psnr,
        unit="dB",
        tells="How near a guess is to the picture, sample by sample: above 30 dB the eye sees little difference.",
        not_shown="A low value does not show that nothing was recovered: the negative of a picture has one.",
        source="10 log10(255^2 / mean squared error)",
    )
]
