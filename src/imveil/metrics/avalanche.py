"""Avalanche: the share of cipher bits that flip with one bit of the picture or of the key."""

from __future__ import annotations

from math import prod, sqrt

import numpy as np

from imveil.metrics.base import F64, U8, Metric, around, checked_pair


def avalanche(a: U8, b: U8) -> F64:
    """The share of bits that differ, one per pair of images; ideal 0.5. (n, h, w, c) -> (n,), 0..1.

    `audit/statistics.py` makes the pairs: cipher images of pictures that differ in one bit, or under such keys.

    >>> zeros = np.zeros((1, 4, 4, 1), np.uint8)
    >>> avalanche(zeros, zeros + np.uint8(3))
    array([0.25])
    """
    a, b = checked_pair(a, b)
    return np.array([np.bitwise_count(x ^ y).sum(dtype=np.int64) / (8 * x.size) for x, y in zip(a, b)], np.float64)


METRICS = [
    Metric(
        name="avalanche",
        takes="twins",
        measure=avalanche,
        tells="The share of cipher bits that flip with one bit of the picture or of the key; half, in a good cipher.",
        not_shown="A good value for the key is had by any key derivation; nothing about a mask that is used twice.",
        source="Webster, Tavares, On the Design of S-Boxes, CRYPTO '85; 95 % range of the binomial share",
        expected=lambda _: 0.5,
        critical=lambda shape: around(0.5, 0.5 / sqrt(8 * prod(shape))),
    )
]
