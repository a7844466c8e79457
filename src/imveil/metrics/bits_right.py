"""Bits right by bit plane: which bits of the picture a guess has."""

from __future__ import annotations

from math import prod, sqrt

import numpy as np

from imveil.metrics.base import F64, U8, Metric, around, checked_pair

PLANES = tuple(f"bit {plane}" for plane in range(7, -1, -1))


def bits_right(truth: U8, guess: U8) -> F64:
    """The share of samples whose bit is right, for each bit plane. (n, h, w, c) -> (n, 8), the top bit first.

    >>> zeros = np.zeros((1, 4, 4, 1), np.uint8)
    >>> bits_right(zeros, zeros + np.uint8(128))
    array([[0., 1., 1., 1., 1., 1., 1., 1.]])
    """
    truth, guess = checked_pair(truth, guess)
    found = np.empty((len(truth), 8))
    for i, (a, b) in enumerate(zip(truth, guess)):
        wrong = np.unpackbits((a ^ b).ravel()).reshape(-1, 8).sum(axis=0, dtype=np.int64)
        found[i] = 1 - wrong / a.size
    return found


METRICS = [
    Metric(
        name="bits-right",
        takes="pair",
        measure=bits_right,
        columns=PLANES,
        tells="Which bit planes of the picture a guess has: 1 is all of them, 0.5 what coin tosses have.",
        not_shown="Well below 0.5 is as good as well above: the attacker turns the plane over. A smooth blind guess "
        "beats 0.5 in the top plane of any picture.",
        source="share of equal bits; 95 % range of the binomial share",
        expected=lambda _: 0.5,
        critical=lambda shape: around(0.5, 0.5 / sqrt(prod(shape))),
    )
]
