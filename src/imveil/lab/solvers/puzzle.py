"""Puzzle: pieces to a picture. A tree over the surest borders, then the gaps of the frame filled.

Gallagher (CVPR 2012): borders are taken surest first, each cost divided by the second best of the same side; a border
joins two groups unless they would overlap or leave the frame. What the largest group leaves empty is filled cell by
cell, where most neighbours lie, with the piece that fits them best (as Paikin and Tal, CVPR 2015, grow theirs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from imveil.lab.solvers.borders import Borders, borders
from imveil.lab.solvers.poses import (
    MATRICES,
    STEPS,
    TURN_INVERSE,
    TURN_TABLE,
    Values,
    meetings,
    turned,
    values,
)

BEST = 6  # borders kept for each side of each piece
LEAST = 0.2  # of all pieces, that the tree must have joined: a smaller group is no ground to build on
ROWS = 1024  # borders compared at once


@dataclass(frozen=True)
class Solved:
    """order, turn, value: (rows, columns) which piece lies where, and its pose.   joined: share of the pieces that the
    tree put into its largest group."""

    order: Any
    turn: Any
    value: Any
    joined: float
    values: Values

    def picture(self, cut: Any) -> Any:
        """Pieces (n, side, side, c) -> (rows * side, columns * side, c)."""
        cells = zip(self.order.ravel(), self.turn.ravel(), self.value.ravel())
        shown = np.stack([self.values.shown(turned(cut[p], int(d)), int(v)) for p, d, v in cells])
        rows, columns = self.order.shape
        side, c = cut.shape[1], cut.shape[3]
        return (
            shown.reshape(rows, columns, side, side, c).transpose(0, 2, 1, 3, 4).reshape(rows * side, columns * side, c)
        )


def solve(cut: Any, rows: int, columns: int, *, turns: bool, negatives: bool, colours: bool) -> Solved:
    """Assemble pieces (rows * columns, side, side, c) uint8; what may have been done to them is said."""
    seen, shown, meet = borders(cut), values(cut.shape[3], negatives, colours), meetings(turns)
    n = rows * columns
    place, turn, value, group = _grow(*_links(seen, shown, meet), n, rows, columns, turns, shown.table, shown.inverse)
    most = int(np.bincount(group, minlength=n).argmax())
    inside = np.flatnonzero(group == most)
    where, d = place[inside] - place[inside].min(axis=0), turn[inside]
    if (where.max(axis=0) >= (rows, columns)).any():
        where = where @ MATRICES[1].T
        where, d = where - where.min(axis=0), TURN_TABLE[1, d]
    order, pose, show = (np.full((rows, columns), -1) for _ in range(3))
    at = tuple(where.T)
    order[at], pose[at], show[at] = inside, d, value[inside]
    if len(inside) >= LEAST * n:
        _fill(order, pose, show, seen, shown, meet)
    else:
        empty = order < 0
        order[empty] = np.setdiff1d(np.arange(n), inside)
        pose[empty] = show[empty] = 0
    return Solved(order, pose, show, len(inside) / n, shown)


def _links(seen: Borders, shown: Values, meet: Any) -> tuple[Any, Any]:
    """The best partners of each border, surest first: (m,) border; (m, 3) its partner, turn and value."""
    total = len(seen.lines)
    cost = np.full((total, BEST), np.inf, np.float32)
    what = np.zeros((total, BEST, 3), np.int64)
    for start in range(0, total, ROWS):
        rows = np.arange(start, min(start + ROWS, total))
        for reverse in range(2):
            if (meet[..., reverse] >= 0).any():
                for v in range(len(shown.signs)):
                    found = seen.costs(rows, bool(reverse), shown, v)
                    _keep(found, start, meet[..., reverse], v, cost, what)
    # Divided by the second best: a border is sure when no other comes near it.
    sure = np.maximum(cost, 0) / np.maximum(cost[:, 1:2], 1e-6)
    sure[~np.isfinite(cost)] = np.inf
    ranked = np.argsort(sure.ravel(), kind="stable")
    ranked = ranked[np.isfinite(sure.ravel()[ranked])]
    return ranked // BEST, what.reshape(-1, 3)[ranked]


@numba.njit(nogil=True, cache=True)
def _keep(found: Any, start: int, meet: Any, v: int, cost: Any, what: Any) -> None:
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
                    what[a, k] = what[a, k - 1]
                    k -= 1
                cost[a, k] = x
                what[a, k, 0], what[a, k, 1], what[a, k, 2] = b, d, v


def _grow(
    a: Any, what: Any, n: int, rows: int, columns: int, turns: bool, table: Any, inverse: Any
) -> tuple[Any, Any, Any, Any]:
    return _tree(  # type: ignore[no-any-return]
        a, what, n, rows, columns, turns, table, inverse, MATRICES, STEPS, TURN_TABLE, TURN_INVERSE
    )


@numba.njit(nogil=True, cache=True)
def _tree(
    sides: Any, what: Any, n: int, rows: int, columns: int, turns: bool, table: Any, inverse: Any,
    matrices: Any, steps: Any, turn_table: Any, turn_inverse: Any,
) -> Any:  # fmt: skip
    place, turn, value = np.zeros((n, 2), np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    group, following, last, size = np.arange(n), np.full(n, -1), np.arange(n), np.ones(n, np.int64)
    reach = max(rows, columns)
    taken = np.full((4 * reach + 1, 4 * reach + 1), -1)
    moved = np.zeros((n, 2), np.int64)
    for m in range(len(sides)):
        a, s = sides[m] // 4, sides[m] % 4
        b, d, v = what[m, 0] // 4, what[m, 1], what[m, 2]
        if group[a] == group[b]:
            continue
        q = turn_table[turn_table[turn[a], d], turn_inverse[turn[b]]]
        h = table[table[value[a], v], inverse[value[b]]]
        to0 = place[a, 0] + matrices[turn[a], 0, 0] * steps[s, 0] + matrices[turn[a], 0, 1] * steps[s, 1]
        to1 = place[a, 1] + matrices[turn[a], 1, 0] * steps[s, 0] + matrices[turn[a], 1, 1] * steps[s, 1]
        low0, low1, high0, high1 = place[a, 0], place[a, 1], place[a, 0], place[a, 1]
        x = group[a]
        while x >= 0:
            low0, high0 = min(low0, place[x, 0]), max(high0, place[x, 0])
            low1, high1 = min(low1, place[x, 1]), max(high1, place[x, 1])
            taken[place[x, 0] - place[a, 0] + 2 * reach, place[x, 1] - place[a, 1] + 2 * reach] = m
            x = following[x]
        fits = True
        x = group[b]
        while x >= 0 and fits:
            r, c = place[x, 0] - place[b, 0], place[x, 1] - place[b, 1]
            y0 = to0 + matrices[q, 0, 0] * r + matrices[q, 0, 1] * c
            y1 = to1 + matrices[q, 1, 0] * r + matrices[q, 1, 1] * c
            moved[x, 0], moved[x, 1] = y0, y1
            low0, high0, low1, high1 = min(low0, y0), max(high0, y0), min(low1, y1), max(high1, y1)
            tall, wide = high0 - low0 + 1, high1 - low1 + 1
            fits = (tall <= rows and wide <= columns) or (turns and tall <= columns and wide <= rows)
            if fits:
                fits = taken[y0 - place[a, 0] + 2 * reach, y1 - place[a, 1] + 2 * reach] != m
            x = following[x]
        if not fits:
            continue
        one, other = group[a], group[b]
        following[last[one]] = other
        last[one] = last[other]
        size[one] += size[other]
        x = other
        while x >= 0:
            place[x] = moved[x]
            turn[x] = turn_table[q, turn[x]]
            value[x] = table[h, value[x]]
            group[x] = one
            x = following[x]
    return place, turn, value, group


def _fill(order: Any, pose: Any, show: Any, seen: Borders, shown: Values, meet: Any) -> None:
    """Fill what is empty, in place."""
    rows, columns = order.shape
    free = np.ones(order.size, bool)
    free[order[order >= 0]] = False
    while free.any():
        near = np.zeros((rows, columns), np.int64)
        there = order >= 0
        near[1:] += there[:-1]
        near[:-1] += there[1:]
        near[:, 1:] += there[:, :-1]
        near[:, :-1] += there[:, 1:]
        near[there] = -1
        r, c = divmod(int(near.argmax()), columns)
        left = np.flatnonzero(free)
        total = np.zeros((len(left), 8, len(shown.signs)))
        allowed = np.unique(meet[meet >= 0])
        for step in STEPS:
            y, x = r + step[0], c + step[1]
            if 0 <= y < rows and 0 <= x < columns and order[y, x] >= 0:
                total += _fits(order[y, x], pose[y, x], show[y, x], -step, left, seen, shown, meet)
        part = total[:, allowed]
        one, d, v = np.unravel_index(int(part.argmin()), part.shape)
        order[r, c], pose[r, c], show[r, c] = left[one], allowed[d], v
        free[left[one]] = False


def _fits(a: int, d: int, v: int, step: Any, left: Any, seen: Borders, shown: Values, meet: Any) -> Any:
    """Costs of laying each piece of `left` in each pose beside piece a in its pose, to the side `step` of it."""
    found = np.zeros((len(left), 8, len(shown.signs)))
    own = MATRICES[TURN_INVERSE[d]] @ step
    s = int(np.flatnonzero((own == STEPS).all(axis=1))[0])
    some = Borders(*(part.reshape(-1, 4, *part.shape[1:])[[a, *left]].reshape(-1, *part.shape[1:])
                     for part in (seen.lines, seen.told)))  # fmt: skip
    for reverse in range(2):
        if (meet[s, :, reverse] < 0).all():
            continue
        for w in range(len(shown.signs)):
            costs = some.costs(np.array([s]), bool(reverse), shown, w)[0, 4:].reshape(-1, 4)
            for t in range(4):
                relative = meet[s, t, reverse]
                if relative >= 0:
                    found[:, TURN_TABLE[d, relative], shown.table[v, w]] = costs[:, t]
    return found
