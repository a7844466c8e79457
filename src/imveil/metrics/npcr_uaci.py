"""NPCR and UACI of two images, with critical values for any size.

Y. Wu, J. P. Noonan, S. Agaian, "NPCR and UACI Randomness Tests for Image Encryption", Cyber Journals: Journal of
Selected Areas in Telecommunications, 2011: definitions and critical values, with F = 255 and as many samples as an
image has (h * w * c).
"""

from __future__ import annotations

from math import inf, prod, sqrt
from statistics import NormalDist

import numpy as np

from imveil.metrics.base import F64, U8, Metric, Range, checked_pair

F = 255


def npcr(a: U8, b: U8) -> F64:
    """Number of changed pixels rate: the share of samples that differ, in %, one per pair. (n, h, w, c) -> (n,).

    >>> zeros = np.zeros((1, 4, 4, 1), np.uint8)
    >>> npcr(zeros, zeros + np.uint8(1))
    array([100.])
    """
    a, b = checked_pair(a, b)
    return np.array([100 * np.count_nonzero(x != y) / x.size for x, y in zip(a, b)], np.float64)


def uaci(a: U8, b: U8) -> F64:
    """Unified average changing intensity: mean absolute difference over 255, in %, one per pair.

    >>> zeros = np.zeros((1, 4, 4, 1), np.uint8)
    >>> uaci(zeros, zeros + np.uint8(51))
    array([20.])
    """
    a, b = checked_pair(a, b)
    far = [int(np.abs(np.subtract(x, y, dtype=np.int16)).sum(dtype=np.int64)) / x.size for x, y in zip(a, b)]
    return 100 * np.array(far, np.float64) / F


def npcr_critical(samples: int, alpha: float = 0.05) -> Range:
    """In %: two random images have at least this NPCR with probability 1 - alpha.

    >>> round(npcr_critical(32 * 32 * 3)[0], 4)
    99.4243
    """
    z = NormalDist().inv_cdf(1 - alpha)
    return 100 * (F - z * sqrt(F / samples)) / (F + 1), inf


def uaci_critical(samples: int, alpha: float = 0.05) -> Range:
    """In %: two random images have an UACI in this range with probability 1 - alpha.

    >>> [round(end, 4) for end in uaci_critical(32 * 32 * 3)]
    [32.6268, 34.3003]
    """
    mean = (F + 2) / (3 * F + 3)
    deviation = sqrt((F + 2) * (F * F + 2 * F + 3) / (18 * (F + 1) ** 2 * samples * F))
    reach = NormalDist().inv_cdf(1 - alpha / 2) * deviation
    return 100 * (mean - reach), 100 * (mean + reach)


METRICS = [
    Metric(
        name="npcr",
        takes="twins",
        measure=npcr,
        unit="%",
        tells="The share of samples that change with one bit of the picture (diffusion) or the key (key sensitivity).",
        not_shown="A scheme can pass for the key and fail for the picture: a fixed mask changes everything with the "
        "key and one sample with the picture.",
        source="Wu, Noonan, Agaian, NPCR and UACI Randomness Tests for Image Encryption, 2011",
        expected=lambda _: 100 * F / (F + 1),
        critical=lambda shape: npcr_critical(prod(shape)),
    ),
    Metric(
        name="uaci",
        takes="twins",
        measure=uaci,
        unit="%",
        tells="How far samples move, on average, with one bit of the picture or of the key; 33.46 % for random images.",
        not_shown="As for npcr: nothing about what one known picture, or many cipher images, give away.",
        source="Wu, Noonan, Agaian, NPCR and UACI Randomness Tests for Image Encryption, 2011",
        expected=lambda _: 100 * (F + 2) / (3 * F + 3),
        critical=lambda shape: uaci_critical(prod(shape)),
    ),
]
