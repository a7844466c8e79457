"""Discrete Gaussian numbers from a key stream, exactly distributed: noise whose privacy can be proven.

C. Canonne, G. Kamath, T. Steinke, "The discrete Gaussian for differential privacy", NeurIPS 2020, algorithms 1 to 3.
A draw with probability p compares a uniform number with p: its first 62 bits and the nearest float decide, and only
where these are too near to tell, about once in 2^42 draws, the bits go on against p as a fraction.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput
from imveil.keys.stream import Keystream

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Exactly = Callable[[int], Fraction]
_BITS = 62
_NEAR = 2.0**-44  # more than the float of a probability can be off


def gaussian(stream: Keystream, scale: int, n: int) -> I64:
    """n independent whole numbers, each x with probability proportional to exp(-x^2 / (2 scale^2)): (n,) int64.

    Parameters
    ----------
    scale
        1 .. 2^50.

    Raises
    ------
    BadInput
    """
    if not 1 <= scale <= 1 << 50 or n < 0:
        raise BadInput(f"discrete Gaussian noise has a scale of 1 to 2^50, {scale} was asked for")
    found: I64 = np.empty(n, np.int64)
    width, square = scale + 1, scale * scale
    at = 0
    while at < n:
        # About half of what is drawn stays: one round is nearly always enough, and each costs hundreds of small calls.
        y = _laplace(stream, width, min(1 << 17, max(64, int(2.2 * (n - at)))))
        # Accept with exp(-(|y| - scale^2 / width)^2 / (2 scale^2)).
        gap = np.abs(y).astype(np.float64) - square / width

        def exactly(i: int, y: I64 = y) -> Fraction:
            return (abs(int(y[i])) - Fraction(square, width)) ** 2 / (2 * square)

        kept = y[_accepted(stream, gap * gap / (2.0 * square), exactly)][: n - at]
        found[at : at + len(kept)] = kept
        at += len(kept)
    return found


def _laplace(stream: Keystream, width: int, n: int) -> I64:
    """Up to n numbers x with probability proportional to exp(-|x| / width)."""
    rest = stream.below(width, n)
    rest = rest[_accepted(stream, rest / width, lambda i: Fraction(int(rest[i]), width))]
    x = rest + width * _geometric(stream, len(rest))
    minus = stream.below(2, len(x)) == 1
    signed: I64 = np.where(minus, -x, x)[~(minus & (x == 0))]
    return signed


def _geometric(stream: Keystream, n: int) -> I64:
    """How often a draw of probability exp(-1) succeeds before it fails: (n,) int64."""
    count = np.zeros(n, np.int64)
    going = np.arange(n)
    while len(going):
        going = going[_below_one(stream, np.ones(len(going)), lambda _: Fraction(1))]
        count[going] += 1
    return count


def _accepted(stream: Keystream, gamma: F64, exactly: Exactly) -> Bools:
    """Draws that succeed with probability exp(-gamma), gamma >= 0, each as ceil(gamma) draws of exp(-gamma / ceil)."""
    pieces = np.maximum(1, np.ceil(gamma)).astype(np.int64)
    result: Bools = np.ones(len(gamma), bool)
    done = 0
    while len(going := np.flatnonzero(result & (pieces > done))):
        won = _below_one(stream, gamma[going] / pieces[going], _among(exactly, going, pieces[going]))
        result[going[~won]] = False
        done += 1
    return result


def _below_one(stream: Keystream, gamma: F64, exactly: Exactly) -> Bools:
    """Draws that succeed with probability exp(-gamma), 0 <= gamma <= 1: algorithm 1, by von Neumann.

    Draw k = 1, 2, ... with probability gamma / k until one fails; the first that fails being odd is success.
    """
    result: Bools = np.zeros(len(gamma), bool)
    going, k = np.arange(len(gamma)), 1
    while len(going):
        won = _won(stream, gamma[going] / k, _among(exactly, going, np.full(len(going), k)))
        result[going[~won]] = k % 2 == 1
        going, k = going[won], k + 1
    return result


def _among(exactly: Exactly, which: I64, parts: I64) -> Exactly:
    """What `exactly` says of some draws, in this many equal parts each."""
    return lambda i: exactly(int(which[i])) / int(parts[i])


def _won(stream: Keystream, p: F64, exactly: Exactly) -> Bools:
    """Draws of probability p, whose exact value `exactly` gives for those that the first bits leave open."""
    drawn = np.frombuffer(stream.bytes(8 * len(p)), "<u8") >> np.uint64(64 - _BITS)
    uniform = drawn.astype(np.float64) * 2.0**-_BITS
    won: Bools = uniform < p
    for i in np.flatnonzero(np.abs(uniform - p) < _NEAR):
        low, bits, wanted = int(drawn[i]), _BITS, exactly(int(i))
        while low < wanted * 2**bits < low + 1:
            low, bits = low << 64 | int.from_bytes(stream.bytes(8), "little"), bits + 64
        won[i] = low + 1 <= wanted * 2**bits
    return won
