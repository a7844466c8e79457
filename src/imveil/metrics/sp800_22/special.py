"""The two functions that turn a statistic into a p-value. Standard library and numpy only; tests compare with scipy."""

from __future__ import annotations

import math

import numpy as np


def normal_tail(x: float) -> float:
    """The chance that a standard normal lies further out than x, on either side.

    >>> round(normal_tail(1.96), 4)
    0.05
    """
    return math.erfc(abs(x) / math.sqrt(2))


def chi_square_tail(x: float, degrees: int) -> float:
    """The chance that chi-square with this many degrees of freedom exceeds x: igamc(degrees / 2, x / 2).

    From Q(a + 1, y) = Q(a, y) + y^a exp(-y) / gamma(a + 1): a finite sum of positive terms down to Q(0, y) = 0 or
    Q(1/2, y) = erfc(sqrt y), exact for the whole and half numbers that occur here.

    >>> round(chi_square_tail(293.2478, 255), 4)
    0.05
    """
    y = x / 2
    if y <= 0:
        return 1.0
    powers = np.arange(degrees / 2 - 1, -0.5, -1)
    terms = np.exp(powers * math.log(y) - y - np.array([math.lgamma(a + 1) for a in powers.tolist()]))
    rest = math.erfc(math.sqrt(y)) if degrees % 2 else 0.0
    return min(1.0, float(terms.sum()) + rest)
