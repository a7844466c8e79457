"""Chi-square of the histogram against the flat one."""

from __future__ import annotations

from math import prod

import numpy as np

from imveil.metrics.base import F64, U8, Metric, histogram

# The 0.95 quantile of chi-square with 255 degrees of freedom: in 95 % of random images the value stays below.
CRITICAL = 293.2478350807012


def chi_square(images: U8) -> F64:
    """Sum over the 256 values of (count - expected)^2 / expected, one per image. (n, h, w, c) -> (n,).

    255 degrees of freedom, so random images have 255 on average; `CRITICAL` is the value for 0.05.

    >>> chi_square(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1))
    array([0.])
    """
    counts = histogram(images)
    expected = prod(images.shape[1:]) / 256
    return np.asarray(np.square(counts - expected).sum(axis=1) / expected)


METRICS = [
    Metric(
        name="chi-square",
        takes="images",
        measure=chi_square,
        tells="Whether the histogram is flat: random images lie below 293.25 in 95 of 100 cases.",
        not_shown="Nothing about order or key: one fixed mask for all images passes, and falls to one known picture. "
        "With fewer than 1,280 samples (five a value) the critical value is only rough.",
        source="Pearson 1900; critical value of 255 degrees of freedom at 0.05",
        expected=lambda _: 255.0,
        critical=lambda _: (0.0, CRITICAL),
    )
]
