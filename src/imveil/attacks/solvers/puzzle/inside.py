"""Inside: a shuffle of the samples in a block that all blocks share, undone from the blocks of one picture.

1. Planes. Over all blocks, the samples of one colour have one distribution, whatever their place: samples with nearly
   the same quantiles are of one colour.
2. Places, in each plane. Samples are the more alike the nearer they lie. The shortest ways from one to the next, by
   steps between like ones, span a square (as in Isomap: Tenenbaum, de Silva, Langford, Science 290, 2000); then
   samples change places while neighbours become more alike, under ever narrower kernels. The best of several tries.
3. Samples of one pixel rise and fall together: that tells planes from one another's places, and lays them on each
   other.

What stays open is one turn for all blocks, and which colour is which.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from imveil.attacks.solvers.puzzle.poses import turned

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

MOST = 64
"""Samples of one colour in a block that are put in order: 8x8. Larger ones take long and seldom come out right."""

LEAST = 16
"""Blocks that there must be."""

LEVELS = np.linspace(0.02, 0.98, 33)
ANGLES = np.deg2rad(np.arange(0, 90, 15))
SPREADS = (2.0, 1.0, 0.6)  # of the kernels, in pixels
ROUNDS = 12
POWERS = (2, 3, 4, 6)  # so that a way of short steps is shorter than a leap


def inside(cut: Any) -> I64:
    """Where each sample of a block lies, (side, side, c) indices into its flattened samples: shuffled blocks
    flat[:, inside(cut)] are in order.

    cut: (n, side, side, c) uint8, n >= LEAST, side * side <= MOST.
    """
    n, side, _, c = cut.shape
    flat = cut.reshape(n, -1).T.astype(np.float32)
    groups = planes(flat, c)
    alone = [_arranged(_apart(flat[plane]), _starts(_apart(flat[plane]), side)) for plane in groups]
    found: list[I64] = []
    for k, plane in enumerate(groups):
        # A plane that came out well helps the others: samples of one pixel rise and fall together.
        told = [_beside(flat[groups[j][alone[j][0]]], flat[plane]) for j in range(c) if j != k]
        order = min([alone[k], _arranged(_apart(flat[plane]), told)] if told else [alone[k]], key=lambda one: one[1])[0]
        grid = plane[order].reshape(side, side)
        if found:
            steps = _steps(flat[found[0]])
            ways = [turned(grid, d) for d in range(8)]
            grid = max(ways, key=lambda way: float((_steps(flat[way]) * steps).sum()))
        found.append(grid)
    return np.stack(found, axis=-1)


def planes(flat: Any, c: int) -> list[I64]:
    """Which samples are of one colour: c groups of the same size.

    Parameters
    ----------
    flat
        (samples, n).
    """
    seen = np.quantile(flat, LEVELS, axis=1).T
    centres = [seen.mean(axis=0) + np.ptp(seen, axis=0)]
    for _ in range(c):  # each the farthest from those before
        apart = np.min([((seen - centre) ** 2).sum(axis=1) for centre in centres], axis=0)
        centres.append(seen[int(apart.argmax())])
    size, middle, label = len(seen) // c, np.array(centres[1:]), np.zeros(len(seen), np.int64)
    for _ in range(ROUNDS):
        distance = ((seen[:, None] - middle) ** 2).sum(axis=2)
        room, label = np.full(c, size), np.full(len(seen), -1)
        for index in np.argsort(distance, axis=None, kind="stable").tolist():  # the surest first, until a plane is full
            sample, plane = divmod(index, c)
            if label[sample] < 0 and room[plane]:
                label[sample] = plane
                room[plane] -= 1
        middle = np.array([seen[label == plane].mean(axis=0) for plane in range(c)])
    return [np.flatnonzero(label == plane) for plane in range(c)]


def _apart(values: Any) -> F64:
    """Mean absolute differences of samples (m, n): (m, m)."""
    return np.stack([np.abs(values - one).mean(axis=1, dtype=np.float64) for one in values])


def _starts(apart: F64, side: int) -> list[I64]:
    """Orders to begin with, (side * side,) which sample belongs to each place."""
    found = []
    for power in POWERS:
        far = (apart / max(float(apart.mean()), 1e-9)) ** power
        _shorten(far)
        centred = far**2 - (far**2).mean(axis=0)
        centred -= centred.mean(axis=1, keepdims=True)
        plane = np.linalg.eigh(-(centred + centred.T))[1][:, -2:]
        plane = plane / np.maximum(np.abs(plane).max(axis=0), 1e-12)
        for angle in ANGLES:
            y, x = plane @ np.array([np.cos(angle), np.sin(angle)]), plane @ np.array([-np.sin(angle), np.cos(angle)])
            order = np.argsort(y, kind="stable").reshape(side, side)
            found.append(np.take_along_axis(order, np.argsort(x[order], axis=1, kind="stable"), axis=1).ravel())
    return found


def _beside(known: Any, values: Any) -> I64:
    """An order of samples after that of another plane: each lies where it is most like what lies there.

    known: (m, n) in order.
    values: (m, n).
    """
    sharp = []
    for some in (known, values):
        fine = some - some.mean(axis=0)
        fine = fine - fine.mean(axis=1, keepdims=True)
        sharp.append(fine / np.maximum(np.sqrt((fine**2).sum(axis=1, keepdims=True)), 1e-9))
    like = sharp[0] @ sharp[1].T
    order, free = np.full(len(known), -1), np.ones(len(known), bool)
    for index in np.argsort(-like, axis=None, kind="stable").tolist():
        place, sample = divmod(index, len(known))
        if order[place] < 0 and free[sample]:
            order[place], free[sample] = sample, False
    return order


def _arranged(apart: F64, starts: list[I64]) -> tuple[I64, float]:
    """The best order that swaps make of `starts`, and how rough it is."""
    side = round(len(apart) ** 0.5)
    rows, columns = np.divmod(np.arange(side * side), side)
    distance = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    kernels = []
    for spread in SPREADS:
        kernel = np.exp(-(distance**2) / (2 * spread**2)) * (distance > 0)
        reach = int((kernel > 0.01).sum(axis=1).max())
        near = np.argsort(-kernel, axis=1, kind="stable")[:, :reach]
        kernels.append((near, np.take_along_axis(kernel, near, axis=1), kernel))
    best, least = starts[0], np.inf
    for order in starts:
        for near, weight, _ in kernels:
            _swap(apart, near, weight, order, ROUNDS)
        rough = float((apart[np.ix_(order, order)] * kernels[-1][2]).sum())
        if rough < least:
            best, least = order, rough
    return best, least


@numba.njit(nogil=True, cache=True)
def _shorten(far: Any) -> None:
    """Distances to lengths of the shortest ways, in place (Floyd, Warshall 1962)."""
    n = len(far)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if far[i, k] + far[k, j] < far[i, j]:
                    far[i, j] = far[i, k] + far[k, j]


@numba.njit(nogil=True, cache=True)
def _swap(apart: Any, near: Any, weight: Any, order: Any, rounds: int) -> None:
    """Swap samples, in place, while what lies near becomes more alike. near, weight: (places, k)."""
    n = len(order)
    for _ in range(rounds):
        changed = False
        for p in range(n):
            for q in range(p + 1, n):
                a, b, gain = order[p], order[q], 0.0
                for k in range(near.shape[1]):
                    r, s = near[p, k], near[q, k]
                    if r != q:
                        gain += weight[p, k] * (apart[a, order[r]] - apart[b, order[r]])
                    if s != p:
                        gain += weight[q, k] * (apart[b, order[s]] - apart[a, order[s]])
                if gain > 1e-9:
                    order[p], order[q] = b, a
                    changed = True
        if not changed:
            return


def _steps(grid: Any) -> F64:
    """Steps to the right and down of samples (side, side, n), one after the other."""
    return np.concatenate([np.diff(grid, axis=1).ravel(), np.diff(grid, axis=0).ravel()]).astype(np.float64)
