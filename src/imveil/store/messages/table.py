"""The table of a sum: second moments and class sums of pictures, or a gradient, in whole numbers that add exactly.

A picture is a row z of dim + 1 numbers, whole multiples of 2^-bits, of length at most 1 (owner/features). A word is a
whole multiple of 2^-36, so that noise may be finer than what it covers. int64, and the same modulo 2^64 under masks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput
from imveil.store.messages.round import Round

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
UNIT = 36
_HEAD_BITS = 20  # weights of a head count as multiples of 2^-20 where a gradient is taken: then any order is exact
_ROWS = 8192


class Moments(NamedTuple):
    """Attributes
    ----------
    second
        (rows, rows), the sum of z z'.
    classes
        (rows, classes), the sum of z for each class.
    """

    second: F64
    classes: F64


def length(round_: Round) -> int:
    """Words of a table."""
    rows, classes = round_.dim + 1, len(round_.classes)
    return rows * classes if round_.gradient else rows * (rows + 1) // 2 + rows * classes


def moments(z: I64, labels: I64, round_: Round) -> I64:
    """The table of pictures: (length,) int64, exact.

    Parameters
    ----------
    z
        (n, dim + 1) in units of 2^-bits.
    labels
        (n,).
    """
    rows, classes = z.shape[1], len(round_.classes)
    second, sums = np.zeros((rows, rows)), np.zeros((rows, classes))
    for at in range(0, len(z), _ROWS):
        part = z[at : at + _ROWS].astype(np.float64)  # products below 2^24, sums below 2^53: exact in any order
        second += part.T @ part
        sums += part.T @ np.eye(classes)[labels[at : at + _ROWS]]
    upper = second[np.triu_indices(rows)].astype(np.int64) << (UNIT - 2 * round_.bits)
    return np.concatenate([upper, sums.ravel().astype(np.int64) << (UNIT - round_.bits)])


def gradient(z: I64, labels: I64, weights: F64, round_: Round) -> I64:
    """The gradient of the softmax loss at a head, each picture's at most 1 long: (length,) int64, exact.

    What a picture adds depends on that picture alone, to the bit.

    Parameters
    ----------
    weights
        (dim + 1, classes).
    """
    rows, classes = z.shape[1], len(round_.classes)
    whole = np.rint(weights * 2.0**_HEAD_BITS)
    if np.abs(whole).max(initial=0) >= 2.0**35:  # beyond, a sum of products could leave 53 bits
        raise BadInput("the head's weights are too large for a gradient in whole numbers")
    total = np.zeros((rows, classes))
    for at in range(0, len(z), _ROWS):
        part = z[at : at + _ROWS].astype(np.float64)
        logits = (part @ whole) * 2.0 ** -(_HEAD_BITS + round_.bits)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        missed = odds / _rowsum(odds) - np.eye(classes)[labels[at : at + _ROWS]]
        missed *= np.minimum(1, 1 / np.maximum(np.sqrt(_rowsum(missed * missed)), 1e-12))
        total += part.T @ np.trunc(missed * 2.0**round_.bits)
    return total.ravel().astype(np.int64) << (UNIT - 2 * round_.bits)


def moments_of(words: I64, round_: Round) -> Moments:
    """The moments in a table's words, as real numbers."""
    rows, classes = round_.dim + 1, len(round_.classes)
    upper = rows * (rows + 1) // 2
    second: F64 = np.zeros((rows, rows))
    second[np.triu_indices(rows)] = words[:upper] * 2.0**-UNIT
    second = second + np.triu(second, 1).T
    sums = np.asarray(words[upper:] * 2.0**-UNIT, np.float64).reshape(rows, classes)
    return Moments(second, sums)


def gradient_of(words: I64, round_: Round) -> F64:
    """The gradient in a table's words: (dim + 1, classes)."""
    return np.asarray(words * 2.0**-UNIT, np.float64).reshape(round_.dim + 1, len(round_.classes))


def scales(round_: Round, scale: float) -> F64:
    """The noise of each word, in words, for a release whose noise is `scale` times the most that one picture adds.

    The pair (weight * second, sqrt(1 - weight^2) * classes) moves by at most 1 with a picture. What stands twice in
    the symmetric matrix takes less noise by sqrt 2, as both count.
    """
    unit = 2.0**UNIT * scale
    if round_.gradient:
        return np.full(length(round_), unit)
    rows = round_.dim + 1
    weight = round_.privacy.weight if round_.privacy else 0.5
    where = np.triu_indices(rows)
    second = np.where(where[0] == where[1], unit / weight, unit / weight / np.sqrt(2))
    classes = np.full(rows * len(round_.classes), unit / np.sqrt(1 - weight**2))
    return np.concatenate([second, classes])


def _rowsum(x: F64) -> F64:
    """Sums along rows, one column after another: the same bits for a row wherever it stands."""
    total = np.zeros((len(x), 1))
    for column in range(x.shape[1]):
        total[:, 0] += x[:, column]
    return total
