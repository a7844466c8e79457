"""Tests that look at words and blocks: longest run, rank, universal, serial, approximate entropy. bits -> p-value."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from imveil.metrics.sp800_22.special import chi_square_tail, normal_tail

Bits = npt.NDArray[np.uint8]

# Sec. 2.4.4: from this many bits on, blocks of this many, the shortest and the longest run that is told apart, and the
# probabilities of these classes (sec. 3.4).
LONGEST_RUN = [
    (750_000, 10_000, 10, 16, (0.0882, 0.2092, 0.2483, 0.1933, 0.1208, 0.0675, 0.0727)),
    (6_272, 128, 4, 9, (0.1174, 0.2430, 0.2493, 0.1752, 0.1027, 0.1124)),
    (128, 8, 1, 4, (0.2148, 0.3672, 0.2305, 0.1875)),
]

# Sec. 2.9.4 and 2.9.7: from this many bits on, words of L bits; mean and variance of the statistic.
UNIVERSAL = [
    (49_643_520, 12, 11.168765, 3.401),
    (22_753_280, 11, 10.170032, 3.384),
    (10_342_400, 10, 9.1723243, 3.356),
    (4_654_080, 9, 8.1764248, 3.311),
    (2_068_480, 8, 7.1836656, 3.238),
    (904_960, 7, 6.1962507, 3.125),
    (387_840, 6, 5.2177052, 2.954),
]


def longest_run(bits: Bits) -> float:
    """Sec. 2.4: the longest run of ones in each block is as long as chance makes it.

    >>> text = "11001100000101010110110001001100111000000000001001001101010100010001001111010110"
    >>> text += "100000001101011111001100111001101101100010110010"
    >>> round(longest_run(np.array([int(bit) for bit in text], np.uint8)), 4)
    0.1806
    """
    _, block, shortest, longest, chances = next(row for row in LONGEST_RUN if len(bits) >= row[0])
    count = len(bits) // block
    rows = bits[: count * block].reshape(count, block)
    # A run ends at its last one: how far that lies from the last zero before it.
    place = np.arange(1, block + 1)
    runs = place - np.maximum.accumulate(np.where(rows == 0, place, 0), axis=1)
    seen = np.bincount(runs.max(axis=1).clip(shortest, longest) - shortest, minlength=len(chances))
    expected = count * np.array(chances)
    return chi_square_tail(float((np.square(seen - expected) / expected).sum()), len(chances) - 1)


def rank(bits: Bits, side: int = 32) -> float:
    """Sec. 2.5: ranks over GF(2) of 32x32 matrices are distributed as those of random ones."""
    count = len(bits) // side**2
    # A row is one number; elimination runs over all matrices at once.
    weights = np.uint64(1) << np.arange(side, dtype=np.uint64)
    rows = bits[: count * side**2].reshape(count, side, side).astype(np.uint64) @ weights
    ranks, every = np.zeros(count, np.int64), np.arange(count)
    free = np.ones((count, side), bool)
    for column in range(side):
        has = ((rows >> np.uint64(column)) & np.uint64(1)).astype(bool)
        pivot = (has & free).argmax(axis=1)
        found = (has & free)[every, pivot]
        has[every, pivot] = False
        rows ^= np.where(has & found[:, None], rows[every, pivot][:, None], np.uint64(0))
        free[every[found], pivot[found]] = False
        ranks += found
    chances = [_chance_of_rank(r, side) for r in (side, side - 1)]
    seen = [int((ranks == side).sum()), int((ranks == side - 1).sum())]
    expected = count * np.array([*chances, 1 - sum(chances)])
    statistic = np.square(np.array([*seen, count - sum(seen)]) - expected) / expected
    return chi_square_tail(float(statistic.sum()), 2)


def _chance_of_rank(r: int, side: int) -> float:
    ways = math.prod((1 - 2.0 ** (i - side)) ** 2 / (1 - 2.0 ** (i - r)) for i in range(r))
    return float(2.0 ** (r * (2 * side - r) - side * side) * ways)


def universal(bits: Bits) -> float:
    """Sec. 2.9 (Maurer): how far back each word occurred last, so that the stream cannot be compressed."""
    _, length, mean, variance = next(row for row in UNIVERSAL if len(bits) >= row[0])
    first = 10 * 2**length  # words that only fill the table
    count = len(bits) // length
    values = bits[: count * length].reshape(count, length) @ (1 << np.arange(length)[::-1])
    order = np.argsort(values, kind="stable")  # places of each word, in order
    before = np.zeros(count, np.int64)  # the place of its last occurrence, counted from 1; 0 where there is none
    same = values[order[1:]] == values[order[:-1]]
    before[order[1:]] = np.where(same, order[:-1] + 1, 0)
    tested = count - first
    far = np.arange(1, count + 1)[first:] - before[first:]
    shrink = 0.7 - 0.8 / length + (4 + 32 / length) * tested ** (-3 / length) / 15
    return normal_tail((float(np.log2(far).mean()) - mean) / (shrink * math.sqrt(variance / tested)))


def serial(bits: Bits, m: int = 16) -> tuple[float, float]:
    """Sec. 2.11: all words of m bits are equally frequent; both p-values, of the first and the second difference.

    >>> found = serial(np.array([0, 0, 1, 1, 0, 1, 1, 1, 0, 1], np.uint8), 3)
    >>> [round(p, 6) for p in found]
    [0.808792, 0.67032]
    """
    n = len(bits)
    psi = [float(2.0**k / n * np.square(_counts(bits, k)).sum() - n) for k in (m, m - 1, m - 2)]
    first, second = psi[0] - psi[1], psi[0] - 2 * psi[1] + psi[2]
    return chi_square_tail(first, 2 ** (m - 1)), chi_square_tail(second, 2 ** (m - 2))


def approximate_entropy(bits: Bits, m: int = 10) -> float:
    """Sec. 2.12: words of m + 1 bits are as frequent as those of m bits make one expect.

    >>> round(approximate_entropy(np.array([0, 1, 0, 0, 1, 1, 0, 1, 0, 1], np.uint8), 3), 6)
    0.261961
    """
    n = len(bits)
    phi = []
    for k in (m, m + 1):
        shares = _counts(bits, k) / n
        phi.append(float((shares * np.log(np.where(shares > 0, shares, 1))).sum()))
    return chi_square_tail(2 * n * (math.log(2) - (phi[0] - phi[1])), 2**m)


def _counts(bits: Bits, m: int) -> npt.NDArray[np.float64]:
    """How often each word of m bits occurs, the stream taken as a ring."""
    ring = np.concatenate([bits, bits[: max(m - 1, 0)]]).astype(np.uint32)
    words = np.zeros(len(bits), np.uint32)
    for k in range(m):
        words = words << np.uint32(1) | ring[k : k + len(bits)]
    return np.bincount(words, minlength=2**m).astype(np.float64)
