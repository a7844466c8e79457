"""Breed: assemblies of a puzzle grown piece by piece, and bred: what two parents agree on, their children keep.

After Sholomon, David, Netanyahu, CVPR 2013 (and AAAI 2014 for turned pieces): a child grows from one piece; a border
that has the same partner in both parents gets it; then partners of one parent that are each other's best; then the
best that is free. A part that was put together rightly in the wrong place so finds its place.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from imveil.attacks.solvers.puzzle.links import Links
from imveil.attacks.solvers.puzzle.poses import AHEAD, FACING, STEPS, TURN_INVERSE, TURN_TABLE, framed

CROWD = 48  # assemblies at a time
NOISE = 0.05  # in the logarithm of what a link is worth, so that not all children are alike
PATIENCE = 10


class Assembly(NamedTuple):
    """order, pose, show: (rows, columns) which piece lies where, its turn and value; -1 where none does."""

    order: Any
    pose: Any
    show: Any


def bred(
    first: Assembly, found: Links, either: bool, rng: np.random.Generator, generations: int
) -> tuple[Assembly, float]:
    """The best assembly that descends from `first` and from others grown without parents; what its borders are worth.

    Parameters
    ----------
    either
        Whether the frame may also lie on its side.
    """
    rows, columns = first.order.shape
    n = len(found.codes) // 4
    own, _ = _borders(first, found)

    likely = np.argsort(found.unfit, kind="stable")[: rows * columns]

    def child(start: Any, one: Any, other: Any, noise: float) -> tuple[float, Any, Assembly]:
        worth = found.worth * np.exp(noise * rng.standard_normal(found.worth.shape, np.float32))
        laid = _grown(int(start), one, other, found.codes, worth, rows, columns, either, *_tables(found))
        whole = _laid(rows, columns, *laid)
        partners, total = _borders(whole, found)
        return total, partners, whole

    inner = first.order[first.order >= 0]
    crowd = [child(inner[len(inner) // 2], own, own, 0.0)]
    if generations:
        none = np.full(4 * n, -1)
        crowd += [child(rng.choice(likely), none, none, NOISE) for _ in range(CROWD - 1)]
    since = 0
    for _ in range(generations):
        crowd.sort(key=lambda one: one[0])
        fresh = []
        for _ in range(CROWD - 2):
            a, b = (int(rng.integers(0, len(crowd), 2).min()) for _ in range(2))
            fresh.append(child(rng.choice(crowd[a][2].order.ravel()), crowd[a][1], crowd[b][1], NOISE))
        since = 0 if min(one[0] for one in fresh) < crowd[0][0] - 1e-6 else since + 1
        crowd = crowd[:2] + fresh
        if since == PATIENCE:
            break
    total, _, whole = min(crowd, key=lambda one: one[0])
    return whole, total


def _tables(found: Links) -> tuple[Any, ...]:
    return found.values.table, found.values.inverse, STEPS, FACING, AHEAD, TURN_TABLE, TURN_INVERSE


def _borders(whole: Assembly, found: Links) -> tuple[Any, float]:
    partners, total = _partners(*whole, found.codes, found.worth, *_tables(found))
    return partners, float(total + found.unfit[whole.order[whole.order >= 0]].sum())


def _laid(rows: int, columns: int, place: Any, turn: Any, value: Any, there: Any) -> Assembly:
    """Pieces in the frame, what found no place in what is left of it."""
    order, pose, show = framed(rows, columns, np.flatnonzero(there), place, turn, value)
    empty = order < 0
    order[empty] = np.flatnonzero(~there)[: empty.sum()]
    pose[empty] = show[empty] = 0
    return Assembly(order, pose, show)


@numba.njit(nogil=True, cache=True)
def _worth(a: int, code: int, codes: Any, worth: Any, inverse: Any, turn_inverse: Any) -> Any:
    """How badly what `code` says goes on beside border a; at least as badly as the last that is listed."""
    v = len(inverse)
    b, d = code // v // 8, code // v % 8
    back = (a * 8 + turn_inverse[d]) * v + inverse[code % v]
    last = codes.shape[1] - 1
    for k in range(last + 1):
        if codes[a, k] == code:
            return worth[a, k]
        if codes[b, k] == back:
            return worth[b, k]
    return max(worth[a, last], worth[b, last])


@numba.njit(nogil=True, cache=True)
def _push(keys: Any, what: Any, size: int, key: float, a: int, code: int) -> int:
    """Onto a heap, least key first: keys (m,), what (m, 2), of which the first `size` are in use; the new size."""
    at = size
    while at and keys[(at - 1) // 2] > key:
        keys[at], what[at, 0], what[at, 1] = keys[(at - 1) // 2], what[(at - 1) // 2, 0], what[(at - 1) // 2, 1]
        at = (at - 1) // 2
    keys[at], what[at, 0], what[at, 1] = key, a, code
    return size + 1


@numba.njit(nogil=True, cache=True)
def _pop(keys: Any, what: Any, size: int) -> int:
    """The least off the heap; the new size."""
    size -= 1
    key, a, code, at = keys[size], what[size, 0], what[size, 1], 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[at], what[at, 0], what[at, 1] = keys[below], what[below, 0], what[below, 1]
        at = below
    keys[at], what[at, 0], what[at, 1] = key, a, code
    return size


@numba.njit(nogil=True, cache=True)
def _grown(
    start: int, first: Any, second: Any, codes: Any, worth: Any, rows: int, columns: int, either: bool,
    table: Any, inverse: Any, steps: Any, facing: Any, ahead: Any, turn_table: Any, turn_inverse: Any,
) -> Any:  # fmt: skip
    """Where each piece lies, (n, 2); its turn, its value, and whether it found a place, each (n,).

    first, second: (4n,) codes of the parents' partners, -1 for none.
    """
    n, v = len(codes) // 4, len(inverse)
    reach = max(rows, columns)
    cell = np.full((2 * reach + 3, 2 * reach + 3), -1)
    place, turn, value = np.zeros((n, 2), np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    there = np.zeros(n, np.bool_)
    low0 = high0 = low1 = high1 = reach + 1
    room = 4 * n * (codes.shape[1] + 2) + 1
    keys, what = np.empty(room), np.empty((room, 2), np.int64)
    size = _push(keys, what, 0, 0.0, -1, start * 32 * v)
    while size:
        key, a, code = keys[0], what[0, 0], what[0, 1]
        size = _pop(keys, what, size)
        b = code // v // 32
        if there[b]:
            continue
        if a >= 0:
            p, s = a // 4, a % 4
            k = ahead[turn[p], s]
            y, x = place[p, 0] + steps[k, 0], place[p, 1] + steps[k, 1]
            if cell[y, x] >= 0:
                continue
            tall, wide = max(high0, y) - min(low0, y) + 1, max(high1, x) - min(low1, x) + 1
            if not ((tall <= rows and wide <= columns) or (either and tall <= columns and wide <= rows)):
                continue
            d, w = turn_table[turn[p], code // v % 8], table[value[p], code % v]
            total, beside = 0.0, 0
            for k in range(4):
                q = cell[y + steps[k, 0], x + steps[k, 1]]
                if q >= 0:
                    far = q * 4 + facing[turn[q], (k + 2) % 4]
                    near = b * 4 + facing[d, k]
                    met = (near * 8 + turn_table[turn_inverse[turn[q]], d]) * v + table[inverse[value[q]], w]
                    total += _worth(far, met, codes, worth, inverse, turn_inverse)
                    beside += 1
            now = total / beside
            if key > 0 and now > key + 1e-6:
                size = _push(keys, what, size, now, a, code)
                continue
        else:
            y, x, d, w = reach + 1, reach + 1, 0, 0
        there[b] = True
        place[b, 0], place[b, 1], turn[b], value[b] = y, x, d, w
        cell[y, x] = b
        low0, high0, low1, high1 = min(low0, y), max(high0, y), min(low1, x), max(high1, x)
        for s in range(4):
            e = 4 * b + s
            k = ahead[d, s]
            if cell[y + steps[k, 0], x + steps[k, 1]] >= 0:
                continue
            one, other = first[e], second[e]
            if one >= 0 and one == other:
                size = _push(keys, what, size, -2.0, e, one)
                continue
            for parent in (one, other):
                if parent >= 0 and parent == codes[e, 0]:
                    f = parent // v // 8
                    if codes[f, 0] // v // 8 == e:
                        size = _push(keys, what, size, -1.0, e, parent)
            for k in range(codes.shape[1]):
                size = _push(keys, what, size, max(worth[e, k], 1e-3), e, codes[e, k])
    return place, turn, value, there


@numba.njit(nogil=True, cache=True)
def _partners(
    order: Any, pose: Any, show: Any, codes: Any, worth: Any,
    table: Any, inverse: Any, steps: Any, facing: Any, _: Any, turn_table: Any, turn_inverse: Any,
) -> Any:  # fmt: skip
    """Of an assembly, each (rows, columns): (4n,) codes of the partners, -1 at the frame; and what all borders are
    worth together."""
    (rows, columns), v = order.shape, len(inverse)
    found, total = np.full(len(codes), -1), 0.0
    for r in range(rows):
        for c in range(columns):
            p, d, w = order[r, c], pose[r, c], show[r, c]
            for k in range(4):
                y, x = r + steps[k, 0], c + steps[k, 1]
                if p >= 0 and 0 <= y < rows and 0 <= x < columns and order[y, x] >= 0:
                    a, b = 4 * p + facing[d, k], 4 * order[y, x] + facing[pose[y, x], (k + 2) % 4]
                    code = (b * 8 + turn_table[turn_inverse[d], pose[y, x]]) * v + table[inverse[w], show[y, x]]
                    found[a] = code
                    if k < 2:
                        total += _worth(a, code, codes, worth, inverse, turn_inverse)
    return found, total
