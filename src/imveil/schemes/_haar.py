"""Random orthogonal matrices from a key stream, the same to the last bit on every machine.

Stewart's method (SIAM J. Numer. Anal. 17:403-409, 1980): a product of Householder reflections of random vectors of
dimension 1, 2, ..., d is distributed as Haar measure where the vectors are normal. Here a coordinate is the sum of four
uniform 16-bit numbers, an integer and close to normal. What follows is + - * / and square root of binary64 numbers,
which IEEE 754 fixes, in one order; no linear algebra library takes part. docs/spec/orthogonal.md says it in words.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.keys.stream import Keystream
from imveil.schemes.chaos.loops import compiled

F64 = npt.NDArray[np.float64]

BITS = 30  # of the fraction of an entry
_COLUMNS = 256
_COMPILE_FROM = 128  # dimensions: below this, numpy is done before numba has been imported


def orthogonal(stream: Keystream, d: int) -> F64:
    """A random orthogonal matrix, its entries rounded to multiples of 2^-30, half to even. (d, d) float64.

    M^T M differs from the identity by less than d 2^-29 in any entry.

    >>> from imveil.keys.stream import Keystream
    >>> m = orthogonal(Keystream(bytes(32)), 3)
    >>> bool(abs(m.T @ m - np.eye(3)).max() < 2e-9)
    True
    """
    words = np.frombuffer(stream.bytes(4 * d * (d + 1)), "<u2").reshape(-1, 4)
    numbers = words.sum(axis=1, dtype=np.int64) - 131070
    loop = compiled(reflect) if d >= _COMPILE_FROM or "numba" in sys.modules else _reflect_by_rows
    matrix = np.eye(d)
    # No column depends on another: a few at a time stay in the cache.
    for left in range(0, d, _COLUMNS):
        strip = matrix[:, left : left + _COLUMNS]
        at = len(numbers)
        for m in range(1, d + 1):  # the stream holds the longest vector first, the shortest is used first
            at -= m
            inside = max(0, d - m - left)
            if inside < strip.shape[1]:
                x = numbers[at : at + m].astype(np.float64)
                # Whole numbers below 2^53: this sum is exact in any order.
                loop(strip[d - m :, inside:], x, np.sqrt(x @ x))
    return np.rint(matrix * 2.0**BITS) * 2.0**-BITS


def reflect(a: Any, x: Any, length: Any) -> None:
    """a <- -s (I - b v v^T) a in place; s the sign of x[0], 1 for 0; v = x + s |x| e_0; b = 1 / (|x| (|x| + |x[0]|)).

    Row after row, so that every column has its own sum, in the order of the rows. A vector of zeros changes nothing.
    """
    if length == 0.0:
        return
    sign = -1.0 if x[0] < 0.0 else 1.0
    scale = 1.0 / (length * (length + abs(x[0])))
    x[0] = x[0] + sign * length
    w = np.zeros(a.shape[1])
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            w[j] = w[j] + x[i] * a[i, j]
    for j in range(a.shape[1]):
        w[j] = scale * w[j]
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            a[i, j] = -sign * (a[i, j] - x[i] * w[j])


def _reflect_by_rows(a: Any, x: Any, length: Any) -> None:
    """`reflect` in numpy alone: the same operations on the same numbers, a row at a time."""
    if length == 0.0:
        return
    sign = -1.0 if x[0] < 0.0 else 1.0
    scale = 1.0 / (length * (length + abs(x[0])))
    x[0] = x[0] + sign * length
    w = np.zeros(a.shape[1])
    for value, row in zip(x, a, strict=True):
        w = w + value * row
    w = scale * w
    for value, row in zip(x, a, strict=True):
        row[:] = -sign * (row - value * w)
