"""The compiled loops of the solvers. One thread; they give up the interpreter lock.

Samples are rows and images columns, (positions, n) uint8, so that the inner loops run over images.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def votes(samples: Any, pairs: Any, plane: int) -> Any:
    """For each pair of positions, in how many more images the bits of `plane` agree than differ."""
    n = samples.shape[1]
    found = np.empty(len(pairs), np.int32)
    for m in range(len(pairs)):
        a, b = pairs[m]
        differ = 0
        for i in range(n):
            differ += ((samples[a, i] ^ samples[b, i]) >> plane) & 1
        found[m] = n - 2 * differ
    return found


@numba.njit(nogil=True, cache=True)
def forest(a: Any, b: Any, relative: Any, nodes: int, table: Any, inverse: Any) -> Any:
    """Kruskal's forest over pairs in the order given: each node's root, and s with e(node) = s e(root).

    Parameters
    ----------
    relative
        Of each pair, g with e(b) = g e(a).
    table, inverse
        Of the group.
    """
    root = np.arange(nodes)
    step = np.zeros(nodes, np.int64)
    for m in range(len(a)):
        x, y = a[m], b[m]
        to_x, to_y = 0, 0
        while root[x] != x:
            to_x = table[to_x, step[x]]
            x = root[x]
        while root[y] != y:
            to_y = table[to_y, step[y]]
            y = root[y]
        if x != y:
            root[y] = x
            step[y] = table[table[inverse[to_y], relative[m]], to_x]
    for p in range(nodes):
        x, s = p, 0
        while root[x] != x:
            s = table[s, step[x]]
            x = root[x]
        root[p], step[p] = x, s
    return root, step


@numba.njit(nogil=True, cache=True, fastmath=True)
def sweep(samples: Any, mask: Any, groups: Any, around: Any, coefficients: Any, scales: Any, bytes_: Any) -> Any:
    """One pass over groups of positions that share a mask byte: each takes the byte under which its samples are
    nearest to what their neighbours predict.

    Parameters
    ----------
    groups
        (g, members).
    around
        (positions, f) neighbours.
    coefficients
        (c, f) of a linear prediction; (c, 0) for the median of the neighbours.
    scales
        (256,) the size of a typical error where neighbours differ by this much on average.
    bytes_
        Which bytes a mask may hold. mask is changed in place; returns which positions changed.
    """
    n, c, f = samples.shape[1], coefficients.shape[0], around.shape[1]
    linear = coefficients.shape[1] > 0
    guess, weight, near = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(f, np.float32)
    values = np.empty((f, n), np.float32)
    costs = np.empty(len(bytes_), np.float32)
    changed = np.zeros(len(mask), np.bool_)
    for row in range(len(groups)):
        costs[:] = 0
        for p in groups[row]:
            for j in range(f):
                q = around[p, j]
                for i in range(n):
                    values[j, i] = samples[q, i] ^ mask[q]
            if linear:
                guess[:] = 0
                for j in range(f):
                    factor = coefficients[p % c, j]
                    for i in range(n):
                        guess[i] += factor * values[j, i]
            else:
                for i in range(n):
                    near[:] = values[:, i]
                    near.sort()
                    guess[i] = (near[(f - 1) // 2] + near[f // 2]) / 2
            weight[:] = 0
            for j in range(f):
                for i in range(n):
                    weight[i] += abs(values[j, i] - guess[i])
            for i in range(n):
                weight[i] = 1 / scales[min(255, int(weight[i] / f))]
            for k in range(len(bytes_)):
                cost = np.float32(0)
                for i in range(n):
                    cost += weight[i] * abs(np.float32(samples[p, i] ^ bytes_[k]) - guess[i])
                costs[k] += cost
        best = bytes_[np.argmin(costs)]
        for p in groups[row]:
            changed[p] = best != mask[p]
            mask[p] = best
    return changed


@numba.njit(nogil=True, cache=True, fastmath=True)
def weighted_squares(near: Any, value: Any, weight: Any) -> Any:
    """Normal equations of weighted least squares, near @ x = value: (f, f) and (f,).

    On one thread on purpose: a BLAS with many small jobs on a busy machine mostly waits, and adds up in another order
    on another number of cores.

    Parameters
    ----------
    near
        (rows, f) float32.
    """
    rows, f = near.shape
    square, right = np.zeros((f, f), np.float32), np.zeros(f, np.float32)
    total, side = np.zeros((f, f)), np.zeros(f)
    for row in range(rows):
        for a in range(f):
            part = weight[row] * near[row, a]
            right[a] += part * value[row]
            for b in range(a + 1):
                square[a, b] += part * near[row, b]
        if row % 256 == 255 or row == rows - 1:  # float32 holds this many products, not more
            for a in range(f):
                side[a] += right[a]
                right[a] = 0
                for b in range(a + 1):
                    total[a, b] += square[a, b]
                    square[a, b] = 0
    for a in range(f):
        for b in range(a):
            total[b, a] = total[a, b]
    return total, side


@numba.njit(nogil=True, cache=True)
def order_costs(samples: Any, pairs: Any, orders: Any) -> Any:
    """For two neighbouring pixels and each order of three colours: how much worse than the best order it fits, each
    image weighted by how well the best one does.

    Parameters
    ----------
    samples
        (pixels, 3, n) uint8.
    pairs
        (m, 2) pixels.
    orders
        (6, 3), colour u of the first pixel beside colour orders[g, u] of the second. (m, 6) float64.
    """
    found = np.zeros((len(pairs), len(orders)))
    sums = np.empty(len(orders), np.int64)
    for m in range(len(pairs)):
        a, b = pairs[m]
        for i in range(samples.shape[2]):
            for g in range(len(orders)):
                sums[g] = 0
                for u in range(3):
                    sums[g] += abs(np.int64(samples[a, u, i]) - np.int64(samples[b, orders[g, u], i]))
            least = sums.min()
            for g in range(len(orders)):
                found[m, g] += (sums[g] - least) / (least + 4.0)
    return found
