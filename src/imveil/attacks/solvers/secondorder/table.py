"""Recipe for samples that went through a secret table, the same ones in every block (ffx), from cipher images alone.

Which samples did is seen: only they exceed 255. The others are plain, and tell how a value goes together with what
stands around it; the table is the assignment under which the replaced ones do the same. No other prior is needed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.match import assigned
from imveil.attacks.solvers.secondorder.prior import Prior
from imveil.attacks.solvers.secondorder.units import F64, I64, from_units, to_units
from imveil.plans.transforms.lookup import Table

VALUES = 256
BINS = 128  # of what is expected
ROUNDS = 4
BLUR = (1.0, 2.0, 3.0, 2.0, 1.0)
LIMIT = 1 << 16


def looked_up(ciphers: Any, block: int, prior: Prior) -> Table:
    """Places of the table, then its entries by the likelihood of what surrounds each value, in rounds."""
    del prior
    units = to_units(ciphers, block)
    replaced = (units > 255).any(axis=(0, 1, 2))
    where = from_units(np.broadcast_to(replaced, (1, *units.shape[1:])).copy(), block)[0]
    numbers, index = np.unique(ciphers[:, where], return_inverse=True)
    numbers, plain = numbers[:VALUES], np.zeros(0, np.int64)
    if where.any() and not where.all():
        index = np.minimum(index.ravel(), VALUES - 1)
        plain = _entries(ciphers.astype(np.int64), where, index, len(numbers))
    values = np.full(VALUES, -1)
    values[plain] = numbers[: len(plain)]
    unused = np.setdiff1d(np.arange(LIMIT), numbers)
    missing = np.flatnonzero(values < 0)
    values[missing] = unused[: len(missing)]
    h, w, c = ciphers.shape[1:]
    return Table((h, w, c), where, values.astype(np.uint16), LIMIT, undo=True)


def _entries(images: Any, where: Any, index: I64, numbers: int) -> I64:
    """(numbers,): the plain value of each number. index: which number each replaced sample is."""
    own, plain = images[:, ~where].ravel(), np.zeros(0, np.int64)
    known = ~where
    for _ in range(ROUNDS):
        wanted = _around(np.where(known, images, 0), known)
        usual = _counts(wanted[:, ~where].ravel(), own, VALUES)
        likely = _blurred(usual) + 0.02
        chance = np.log(likely / likely.sum(axis=1, keepdims=True))
        often = np.log((usual.sum(axis=1) + 1) / usual.sum())
        seen = _counts(wanted[:, where].ravel(), index, numbers)
        profit = np.zeros((VALUES, VALUES))
        profit[:numbers] = seen @ chance.T + seen.sum(axis=1, keepdims=True) * often
        after = np.argsort(assigned(profit))[:numbers]
        if np.array_equal(after, plain):
            break
        plain, known = after, np.ones_like(where)
        images = images.copy()
        images[:, where] = plain[index].reshape(len(images), -1)
    return np.asarray(plain)


def _around(images: Any, known: Any) -> Any:
    """Weighted mean of the known samples around each one: neighbours 4, diagonals 2, the other colours 2 each."""

    def total(values: Any) -> Any:
        h, w = values.shape[1:3]
        wide = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)))
        found = 2 * (values.sum(axis=3, keepdims=True) - values)
        for down in range(3):
            for across in range(3):
                weight = 0 if down == across == 1 else 4 if (down + across) % 2 else 2
                found += weight * wide[:, down : down + h, across : across + w]
        return found

    return total(images.astype(np.float32)) / np.maximum(total(known[None].astype(np.float32)), 1e-6)


def _counts(wanted: Any, value: Any, values: int) -> F64:
    level = np.clip(wanted * BINS / 256, 0, BINS - 1).astype(np.int64)
    return np.bincount(value * BINS + level, minlength=values * BINS).reshape(values, BINS).astype(np.float64)


def _blurred(counts: F64) -> F64:
    weights = np.array(BLUR) / sum(BLUR)
    for axis in (0, 1):
        counts = np.apply_along_axis(np.convolve, axis, counts, weights, "same")
    return counts
