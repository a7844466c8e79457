"""Links: what goes on beside each side of each piece of a puzzle, the best few, by how badly their borders fit.

Costs of different borders are made comparable by dividing them by the second best there (Gallagher, CVPR 2012): where
one partner stands out it is worth little more than 0, where many would do as well, 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from imveil.attacks.solvers.puzzle.borders import borders
from imveil.attacks.solvers.puzzle.poses import Values, meetings

ROWS = 1024  # borders compared at once
TRIED = 2  # times as many links as are kept are compared a second time, robustly
LIKE = 0.02  # a sample: costs that differ by less are alike, so that flat pieces are not sure of each other


@dataclass(frozen=True)
class Links:
    """codes: (4n, k) what lies beside border 4 * piece + side, best first: (4 * piece + side) * 8 + turn of that piece,
    times the number of values, + its value; turns and values as seen from here.   worth: (4n, k) how badly it fits.
    unfit: (n,) what it costs to use a piece at all, where there are more than places."""

    codes: Any
    worth: Any
    unfit: Any
    values: Values


def links(cut: Any, values: Values, turns: int, most: int, unfit: Any = None) -> Links:
    """Which borders of pieces go together.

    Parameters
    ----------
    cut
        (n, side, side, c) uint8, n > 1.
    values, turns
        How a piece may be shown: these values, and 1, 4 or 8 turns.
    most
        Links kept for each border.
    unfit
        (n,), nothing when None.
    """
    seen, meet = borders(cut), meetings(turns)
    total, v = 4 * len(cut), len(values.signs)
    most = min(most, len(cut) - 1)
    tried = min(TRIED * most, len(cut) - 1)
    cost, codes = np.full((total, tried), np.inf, np.float32), np.zeros((total, tried), np.int64)
    for start in range(0, total, ROWS):
        rows = np.arange(start, min(start + ROWS, total))
        for reverse in range(2):
            if (meet[..., reverse] >= 0).any():
                for value in range(v):
                    found = seen.costs(rows, bool(reverse), values, value)
                    _keep(found, start, meet[..., reverse], value, v, cost, codes)
    side, other = np.arange(total)[:, None] % 4, codes // v // 8
    reverse = meet[side, other % 4, 1] == codes // v % 8
    for start in range(0, total, ROWS):
        rows = np.arange(start, min(start + ROWS, total))
        a = np.repeat(rows, tried)
        again = seen.robust(a, other[rows].ravel(), reverse[rows].ravel(), values, codes[rows].ravel() % v)
        cost[rows] = again.reshape(-1, tried)
    ranked = np.argsort(cost, axis=1, kind="stable")[:, :most]
    cost, codes = np.take_along_axis(cost, ranked, axis=1), np.take_along_axis(codes, ranked, axis=1)
    like = LIKE * cut[0, 0].size
    scale = np.maximum(cost[:, min(1, most - 1)], 0) + like
    other = scale[codes // v // 8]
    worth = (np.maximum(cost, 0) + like) / np.sqrt(scale[:, None] * other)
    return Links(codes, worth, np.zeros(len(cut)) if unfit is None else unfit, values)


@numba.njit(nogil=True, cache=True)
def _keep(found: Any, start: int, meet: Any, value: int, values: int, cost: Any, codes: Any) -> None:
    best = cost.shape[1]
    for i in range(found.shape[0]):
        a = start + i
        for b in range(found.shape[1]):
            x = found[i, b]
            d = meet[a % 4, b % 4]
            if x < cost[a, best - 1] and d >= 0 and a // 4 != b // 4:
                k = best - 1
                while k > 0 and cost[a, k - 1] > x:
                    cost[a, k] = cost[a, k - 1]
                    codes[a, k] = codes[a, k - 1]
                    k -= 1
                cost[a, k] = x
                codes[a, k] = (b * 8 + d) * values + value
