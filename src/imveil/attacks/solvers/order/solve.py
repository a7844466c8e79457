"""The order solver: where on a grid each unit of a fixed permutation belongs, from the statistics of cipher images.

Neighbours in pictures have a large partial correlation, all others next to none, and a permutation moves these numbers
without changing them. Alone (after Le Roux, Bengio, Lamblin, Joliveau, Kegl, "Learning the 2-D topology of images",
NIPS 2007, who embed correlations):

1. The graph of units and their strongest partners, without edges that close no square: on a grid every edge does.
2. Steps between units along the graph. On a grid two opposite corners are the farthest pair, and the steps from four
   corners are the coordinates.
3. Each unit goes to the place where its partners are, by linear assignment, under ever narrower kernels; then pairs
   are swapped while that helps.

Tried at several strengths of smoothing; the smoothest pictures are kept. With public pictures: the correlations of the
cipher images are matched with theirs, one linear assignment after another (a quadratic assignment problem, as in
Vogelstein et al., PLoS ONE 10(4), 2015), which also tells which way up pictures are.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from imveil.errors import MissingExtra

try:
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components, shortest_path
except ImportError as error:
    raise MissingExtra("attacks on fixed permutations need scipy", hint="pip install 'imveil[audit]'") from error

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

TRIES = ((0.003, 0.6), (0.03, 0.6), (0.003, 0.45), (0.03, 0.45), (0.1, 0.45), (0.03, 0.3))
"""Ridge of the inverse, and how strong an edge is at least, beside the usual one."""

SPREADS = (3.0, 2.0, 1.5, 1.2, 1.0, 0.8)
ROUNDS = 12


def correlations(values: Any) -> F64:
    """(units, units) of (units, observations); 0 for units that never change."""
    centred = values.astype(np.float64)
    centred -= centred.mean(axis=1, keepdims=True)
    centred /= np.maximum(np.sqrt((centred**2).sum(axis=1, keepdims=True)), 1e-9)
    return np.asarray(centred @ centred.T)


def partners(correlation: F64, ridge: float) -> F64:
    """Partial correlations: what two units have in common beyond what all others explain. 0 on the diagonal."""
    inverse = np.linalg.inv(correlation + ridge * np.eye(len(correlation)))
    size = np.sqrt(np.diag(inverse))
    found = -inverse / size / size[:, None]
    np.fill_diagonal(found, 0)
    return np.asarray(found)


def arranged(values: Any, grid: tuple[int, int]) -> I64:
    """(h * w,): which unit belongs to each place of a grid (h, w), up to turns and reflections.

    Parameters
    ----------
    values
        (h * w, observations), the units' samples in all cipher images.
    """
    h, w = grid
    correlation, apart = correlations(values), _apart(values)
    best, least = np.arange(h * w), np.inf
    if min(h, w) < 2 or values.shape[1] < 2:
        return best
    for ridge, strength in TRIES:
        strong = partners(correlation, ridge)
        near = joined(squares(strong, strength), strong)
        found = placed(corners(shortest_path(csr_matrix(near), unweighted=True), grid), grid)
        found = pulled(np.where(near, strong, 0), found, grid)
        swap(strong, found, h, w, ROUNDS)
        rough = _rough(apart, found, grid)
        if rough < least:
            best, least = found, rough
        place = np.empty(h * w, np.int64)
        place[found] = np.arange(h * w)
        a, b = np.nonzero(near)
        steps = np.abs(place[a] // w - place[b] // w) + np.abs(place[a] % w - place[b] % w)
        if (steps == 1).mean() > 0.995:
            break
    return best


def _apart(values: Any, most: int = 900) -> F64:
    """Mean absolute difference of every two units, over `most` observations at most."""
    some = values[:, np.linspace(0, values.shape[1] - 1, min(most, values.shape[1])).astype(int)].astype(np.float32)
    found = np.empty((len(some), len(some)), np.float32)
    for unit in range(len(some)):
        found[unit] = np.abs(some - some[unit]).mean(axis=1)
    return found.astype(np.float64)


def _rough(apart: F64, order: I64, grid: tuple[int, int]) -> float:
    at = order.reshape(grid)
    return float(apart[at[:, 1:], at[:, :-1]].sum() + apart[at[1:], at[:-1]].sum())


def squares(strong: F64, strength: float) -> npt.NDArray[np.bool_]:
    """The graph of units among each other's four strongest, of edges that close a square."""
    n = len(strong)
    first = np.argpartition(-strong, min(4, n - 1), axis=1)[:, :4]
    one = np.zeros((n, n), bool)
    one[np.arange(n)[:, None], first] = True
    one &= ~np.eye(n, dtype=bool)
    both = one & one.T
    edges = (one | one.T) & (strong > strength * (np.median(strong[both]) if both.any() else 0))
    while True:
        number = edges.astype(np.float32)
        degree = number.sum(axis=1)
        threes = number @ number @ number - degree[:, None] - degree + 1  # other ways in three steps
        kept = edges & (threes > 0.5)
        if (kept == edges).all():
            return edges
        edges = kept


def joined(edges: Any, strong: F64) -> npt.NDArray[np.bool_]:
    """The graph made connected: every other part is tied to the largest by its strongest partner."""
    edges = edges.copy()
    while True:
        parts, label = connected_components(csr_matrix(edges))
        if parts == 1:
            return np.asarray(edges)
        inside = label == np.bincount(label).argmax()
        a, b = np.nonzero(inside)[0], np.nonzero(~inside)[0]
        some = strong[np.ix_(a, b)]
        i, j = np.unravel_index(int(some.argmax()), some.shape)
        edges[a[i], b[j]] = edges[b[j], a[i]] = True


def corners(steps: F64, grid: tuple[int, int]) -> F64:
    """(units, 2) rough coordinates from steps along the graph to four corners."""
    h, w = grid
    a, c = np.unravel_index(int(steps.argmax()), steps.shape)
    far = min(h, w) / 2
    aside = (steps[a] >= far) & (steps[c] >= far)
    across = np.where(aside[:, None] & aside, steps, -1)
    b, d = np.unravel_index(int(across.argmax()), across.shape)
    first, second = steps[a] - steps[b] + steps[d] - steps[c], steps[a] - steps[d] + steps[b] - steps[c]
    if (np.ptp(first) > np.ptp(second)) != (w > h):
        first, second = second, first
    return np.stack([second, first], axis=1)


def placed(coordinates: F64, grid: tuple[int, int]) -> I64:
    """The order that brings units nearest to their coordinates, stretched to the grid."""
    want = np.stack(np.unravel_index(np.arange(grid[0] * grid[1]), grid), axis=1).astype(np.float64)
    spread = np.maximum(coordinates.std(axis=0), 1e-9)
    at = (coordinates - coordinates.mean(axis=0)) / spread * want.std(axis=0) + want.mean(axis=0)
    distance = ((want[:, None] - at) ** 2).sum(axis=2)
    return np.asarray(linear_sum_assignment(distance)[1], np.int64)


def pulled(strong: F64, order: I64, grid: tuple[int, int]) -> I64:
    """The order after each unit went where its partners are, under ever narrower kernels."""
    row, column = np.unravel_index(np.arange(len(order)), grid)
    distance = (row[:, None] - row) ** 2 + (column[:, None] - column) ** 2
    for spread in SPREADS:
        kernel = np.exp(-distance / (2 * spread**2))
        np.fill_diagonal(kernel, 0)
        kernel /= np.sqrt(kernel.sum(axis=1, keepdims=True))
        order = _assigned(strong[:, order] @ kernel)
    return order


def _assigned(profit: F64) -> I64:
    """The order with the largest sum of profit[unit, place]."""
    order = np.empty(len(profit), np.int64)
    unit, place = linear_sum_assignment(-profit)
    order[place] = unit
    return order


@numba.njit(nogil=True, cache=True)
def swap(strong: Any, order: Any, h: int, w: int, rounds: int) -> None:
    """Swap units, in place, while neighbours get stronger; those along a diagonal count a third."""
    n = h * w
    down = np.array([0, 0, 1, -1, 1, 1, -1, -1])
    right = np.array([1, -1, 0, 0, 1, -1, 1, -1])
    beside = np.full((n, 8), -1)
    for p in range(n):
        for k in range(8):
            y, x = p // w + down[k], p % w + right[k]
            if 0 <= y < h and 0 <= x < w:
                beside[p, k] = y * w + x
    for _ in range(rounds):
        changed = False
        for p in range(n):
            for q in range(p + 1, n):
                a, b, gain = order[p], order[q], 0.0
                for k in range(8):
                    share = 1.0 if k < 4 else 1 / 3
                    if beside[p, k] >= 0 and beside[p, k] != q:
                        gain += share * (strong[b, order[beside[p, k]]] - strong[a, order[beside[p, k]]])
                    if beside[q, k] >= 0 and beside[q, k] != p:
                        gain += share * (strong[a, order[beside[q, k]]] - strong[b, order[beside[q, k]]])
                if gain > 1e-9:
                    order[p], order[q] = b, a
                    changed = True
        if not changed:
            return


def turns(order: I64, grid: tuple[int, int]) -> list[I64]:
    """The order under the turns and reflections that keep the grid's shape: eight, or four."""
    found = []
    for quarter in range(4):
        at = np.rot90(order.reshape(grid), quarter)
        if at.shape == grid:
            found += [at.ravel().copy(), at[:, ::-1].ravel().copy()]
    return found


def upright(values: Any, order: I64, grid: tuple[int, int]) -> I64:
    """The likeliest of `turns` without knowing the pictures: left and right are alike on average, and it is brighter
    above than below. Left and right themselves stay open.

    Parameters
    ----------
    values
        (units, observations).
    """
    mean, spread = values.mean(axis=1), values.std(axis=1)

    def unlikely(some: I64) -> tuple[float, float]:
        sides = [numbers[some].reshape(grid) for numbers in (mean, spread)]
        lopsided = sum(float(np.abs(one - one[:, ::-1]).mean()) for one in sides)
        half = grid[0] // 2
        return lopsided, float(sides[0][-half:].mean() - sides[0][:half].mean())

    tried = [(unlikely(some), some) for some in turns(order, grid)]
    level = min(score[0] for score, _ in tried)
    # A turn by a half and a reflection leave the first number as it is, up to rounding.
    return min(((score, some) for score, some in tried if score[0] <= level * 1.001 + 1e-9), key=lambda t: t[0][1])[1]


def matched(values: Any, public: Any, starts: list[I64]) -> I64:
    """Which unit belongs to each place, by statistics of public pictures.

    Parameters
    ----------
    values
        (units, observations).
    public
        (places, observations).
    starts
        Orders of which one may be right, such as the turns of one; an order made of the values at single places is
        tried beside them.
    """
    own = ((_marginals(values)[:, None] - _marginals(public)) ** 2).sum(axis=2)
    places = np.arange(len(own))
    wide = correlations(values), correlations(public)
    close = partners(wide[0], 0.03), partners(wide[1], 0.03)

    def misfit(order: I64, relations: tuple[F64, F64], weight: float) -> float:
        ours, theirs = relations
        return float(((ours[np.ix_(order, order)] - theirs) ** 2).sum() + weight * own[order, places].sum())

    # Whole correlations tell which way round a picture is, partial ones which of two orders is finer.
    tried = [_followed(*wide, own, _assigned(-own))]
    if starts:
        tried.append(min(starts, key=lambda order: misfit(order, wide, 1)))
    tried += [_followed(*close, 0.02 * own, order) for order in tried]
    return min(tried, key=lambda order: misfit(order, close, 0.02))


def _followed(ours: F64, theirs: F64, own: F64, order: I64) -> I64:
    """The order after each unit went to the place whose relations to all others are most like its own."""
    for _ in range(ROUNDS):
        after = _assigned(2 * ours[:, order] @ theirs - (ours**2).sum(axis=1)[:, None] - own)
        if (after == order).all():
            break
        order = after
    return order


def _marginals(values: Any) -> F64:
    return np.asarray(np.quantile(values, (0.1, 0.25, 0.5, 0.75, 0.9), axis=1).T / 64)
