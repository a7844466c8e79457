"""Tests that add bits up: frequency, block frequency, runs, DFT, cumulative sums. Each: bits (n,) uint8 -> p-value."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from imveil.metrics.sp800_22.special import chi_square_tail, normal_tail

Bits = npt.NDArray[np.uint8]


def frequency(bits: Bits) -> float:
    """Sec. 2.1: as many ones as zeros.

    >>> round(frequency(np.array([1, 0, 1, 1, 0, 1, 0, 1, 0, 1], np.uint8)), 6)  # the example of the publication
    0.527089
    """
    n = len(bits)
    return normal_tail((2 * int(bits.sum(dtype=np.int64)) - n) / math.sqrt(n))


def block_frequency(bits: Bits, block: int = 128) -> float:
    """Sec. 2.2: as many ones as zeros in every block.

    >>> round(block_frequency(np.array([0, 1, 1, 0, 0, 1, 1, 0, 1, 0], np.uint8), 3), 6)
    0.801252
    """
    count = len(bits) // block
    ones = bits[: count * block].reshape(count, block).sum(axis=1, dtype=np.int64)
    return chi_square_tail(float(4 * block * np.square(ones / block - 0.5).sum()), count)


def runs(bits: Bits) -> float:
    """Sec. 2.3: as many changes as chance makes; 0 where the frequency test is failed by far.

    >>> round(runs(np.array([1, 0, 0, 1, 1, 0, 1, 0, 1, 1], np.uint8)), 6)
    0.147232
    """
    n = len(bits)
    share = int(bits.sum(dtype=np.int64)) / n
    if abs(share - 0.5) >= 2 / math.sqrt(n):
        return 0.0
    changes = 1 + int(np.count_nonzero(bits[1:] != bits[:-1]))
    return normal_tail((changes - 2 * n * share * (1 - share)) / (2 * math.sqrt(n) * share * (1 - share)))


def dft(bits: Bits) -> float:
    """Sec. 2.6: no frequency stands out; variance n .95 .05 / 4."""
    n = len(bits)
    heights = np.abs(np.fft.rfft(2.0 * bits - 1))[: n // 2]
    below = int(np.count_nonzero(heights < math.sqrt(n * math.log(1 / 0.05))))
    return normal_tail((below - 0.95 * n / 2) / math.sqrt(n * 0.95 * 0.05 / 4))


def cumulative_sums(bits: Bits) -> tuple[float, float]:
    """Sec. 2.13: how far the walk strays, forward and backward.

    >>> round(cumulative_sums(np.array([1, 0, 1, 1, 0, 1, 0, 1, 1, 1], np.uint8))[0], 6)
    0.411659
    """
    walk = np.concatenate([[0], np.cumsum(2 * bits.astype(np.int64) - 1)])
    far = [int(np.abs(walk[1:]).max()), int(np.abs(walk[-1] - walk[:-1]).max())]
    return _strays(far[0], len(bits)), _strays(far[1], len(bits))


def _strays(far: int, n: int) -> float:
    phi, step = NormalDist().cdf, far / math.sqrt(n)
    reach = 3 / step  # terms further out are 0 to double precision: the normal is cut at 12

    def between(first: float, a: int, b: int) -> float:
        ks = range(math.ceil(max(first, -reach)), math.floor(min((n / far - 1) / 4, reach)) + 1)
        return sum(phi((4 * k + a) * step) - phi((4 * k + b) * step) for k in ks)

    p = 1 - between((-n / far + 1) / 4, 1, -1) + between((-n / far - 3) / 4, 3, 1)
    return min(max(0.0, p), 1.0)  # a sum of some thousand terms may end a few roundings outside
