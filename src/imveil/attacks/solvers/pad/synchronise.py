"""Synchronisation: an element of a small group for every node, from what pairs of nodes say about each other.

A pair says how badly each relative element g = e(b) e(a)^-1 would fit. Clusters of nodes that agree are merged, the
surest first, and what they say to a third cluster is added up, so that many weak voices outweigh one: greedy additive
edge contraction (Keuper et al., ICCV 2015), with a group element along each edge. For bits the group is {0, 1}, for
the orders of three colours S3.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.attacks.solvers.pad.kernels import forest

I64 = npt.NDArray[np.int64]

BITS = np.array([[0, 1], [1, 0]])
"""The table of the group of two: BITS[a, b] = a XOR b."""

ORDERS = np.array(list(permutations(range(3))))
"""The six orders of three colours; the first is the identity."""

COLOURS = np.array([[int(np.flatnonzero((a[b] == ORDERS).all(axis=1))[0]) for b in ORDERS] for a in ORDERS])
"""The table of S3: ORDERS[COLOURS[a, b]] = ORDERS[a][ORDERS[b]]."""


def synchronise(pairs: Any, costs: Any, nodes: int, table: Any) -> I64:
    """(nodes,) elements of a group that fit what is said of pairs of them.

    Right up to one factor on the right for each connected part; the first node of a part has element 0.

    Parameters
    ----------
    pairs
        (m, 2) nodes a, b.
    costs
        (m, g), of each relative element.
    table
        (g, g), the product table[x, y] = x y, element 0 neutral.

    >>> synchronise(np.array([[0, 1], [1, 2]]), np.array([[0.0, 9.0], [5.0, 1.0]]), 3, BITS).tolist()
    [0, 0, 1]
    """
    table = np.asarray(table, np.int64)
    inverse = np.argmin(table, axis=1)
    a, b = (np.array(column, np.int64) for column in np.asarray(pairs).T)
    costs = np.asarray(costs, np.float64)
    cluster, element = np.arange(nodes), np.zeros(nodes, np.int64)
    while len(a):
        low = np.sort(costs, axis=1)
        sure = low[:, 1] - low[:, 0]
        most = np.zeros(nodes)
        np.maximum.at(most, a, sure)
        np.maximum.at(most, b, sure)
        # Each round merges the surer half of the pairs that are the surest of one of their ends.
        picked = np.flatnonzero((sure > 0) & ((sure == most[a]) | (sure == most[b])))
        if not len(picked):
            break
        picked = picked[sure[picked] >= np.median(sure[picked])]
        picked = picked[np.argsort(-sure[picked], kind="stable")]
        root, step = forest(a[picked], b[picked], np.argmin(costs[picked], axis=1), nodes, table, inverse)
        element, cluster = table[element, step[cluster]], root[cluster]
        # e(a) = s e(root of a), so g between a and b says inverse(s of b) g (s of a) between their roots.
        between = table[table[step[b]], inverse[step[a]][:, None]]
        costs = np.take_along_axis(costs, between, axis=1)
        a, b, costs = _merged(root[a], root[b], costs, nodes, inverse)
    first = np.full(nodes, nodes)
    np.minimum.at(first, cluster, np.arange(nodes))
    return np.asarray(table[element, inverse[element[first[cluster]]]], np.int64)


def _merged(a: I64, b: I64, costs: Any, nodes: int, inverse: I64) -> tuple[I64, I64, Any]:
    """The pairs of different clusters, a < b, those of the same two clusters added up."""
    apart, turned = a != b, a > b
    costs = np.where(turned[:, None], costs[:, inverse], costs)[apart]
    key = (np.minimum(a, b) * nodes + np.maximum(a, b))[apart]
    order = np.argsort(key, kind="stable")
    key, costs = key[order], costs[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    if not len(starts):
        return a[:0], b[:0], costs[:0]
    return key[starts] // nodes, key[starts] % nodes, np.add.reduceat(costs, starts, axis=0)
