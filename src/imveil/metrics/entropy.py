"""Entropy of the values of an image, and what a perfectly random image of that size has."""

from __future__ import annotations

import math
from functools import lru_cache
from math import prod
from statistics import NormalDist

import numpy as np

from imveil.metrics.base import F64, U8, Metric, Range, histogram

_MANY = 1 << 14  # samples: from here on, the sums lose more digits than the series


def entropy(images: U8) -> F64:
    """Shannon entropy of the histogram of all samples, in bits, one per image. (n, h, w, c) -> (n,), 0..8.

    >>> entropy(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1))
    array([8.])
    """
    share = histogram(images) / prod(images.shape[1:])
    bits: F64 = np.abs((share * np.log2(np.where(share > 0, share, 1))).sum(axis=1))
    return bits


def entropy_expected(samples: int) -> float:
    """The mean entropy of that many uniform random bytes: it falls short of 8 bits because a sample is never flat.

    >>> round(entropy_expected(32 * 32 * 3), 4)
    7.9392
    """
    return _moments(samples)[0]


def entropy_critical(samples: int, alpha: float = 0.05) -> Range:
    """Random bytes have an entropy of at least the lower end with probability 1 - alpha."""
    mean, deviation = _moments(samples)
    return mean + NormalDist().inv_cdf(alpha) * deviation, math.inf


@lru_cache(maxsize=64)
def _moments(samples: int) -> tuple[float, float]:
    """Mean and deviation. Each count is binomial, and two counts together are multinomial: exact sums over them."""
    if samples > _MANY:
        # 2 n ln 2 (8 - entropy) is chi-square with 255 degrees of freedom, the mean with one more term.
        n = samples * math.log(2)
        return 8 - 255 / (2 * n) - (256**2 - 1) / (12 * n * samples), math.sqrt(2 * 255) / (2 * n)
    reach = 12 * math.sqrt(samples / 256) + 20
    k = np.arange(max(0, math.floor(samples / 256 - reach)), min(samples, math.ceil(samples / 256 + reach)) + 1)
    part = -(k / samples) * np.log2(np.maximum(k, 1) / samples)
    factorial = np.array([math.lgamma(j + 1) for j in range(samples + 1)])
    left, both = samples - k, samples - k[:, None] - k
    one = _shares(k * math.log(1 / 255) - factorial[k] - factorial[left])
    two = -factorial[k][:, None] - factorial[k] - factorial[np.maximum(both, 0)] - (k[:, None] + k) * math.log(254)
    two = _shares(np.where(both >= 0, two, -np.inf))
    mean = one @ part
    variance = 256 * (one @ part**2 - mean**2) + 256 * 255 * (part @ two @ part - mean**2)
    return float(256 * mean), math.sqrt(max(float(variance), 0))


def _shares(logs: F64) -> F64:
    """Probabilities from their logarithms, which lack a common constant."""
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


METRICS = [
    Metric(
        name="entropy",
        takes="images",
        measure=entropy,
        unit="bits",
        tells="How evenly the 256 values occur in an image; random bytes come close to 8 bits, the less so the fewer.",
        not_shown="Nothing about order or key: one fixed mask for all images gives perfect entropy, and falls to one "
        "known picture.",
        source="Shannon 1948, sec. 6; the expected value from the exact multinomial moments",
        expected=lambda shape: entropy_expected(prod(shape)),
        critical=lambda shape: entropy_critical(prod(shape)),
    )
]
