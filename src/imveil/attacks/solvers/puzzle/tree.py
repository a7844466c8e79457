"""Tree: pieces joined by their surest links, as long as nothing overlaps and all fits into the frame.

Gallagher (CVPR 2012): Kruskal's algorithm on the graph of pieces; a link joins two groups of pieces unless two of them
would lie on one place, or the whole would be larger than the picture.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from imveil.attacks.solvers.puzzle.links import Links
from imveil.attacks.solvers.puzzle.poses import AHEAD, MATRICES, STEPS, TURN_INVERSE, TURN_TABLE, framed


def tree(found: Links, rows: int, columns: int, either: bool) -> tuple[Any, Any, Any]:
    """The largest group in the frame, or the one of the fittest pieces: (rows, columns) piece, turn, value; -1 where
    nothing lies.

    Parameters
    ----------
    either
        Whether the frame may also lie on its side.
    """
    ranked = np.argsort(found.worth, axis=None, kind="stable")
    border, code = ranked // found.codes.shape[1], found.codes.ravel()[ranked]
    v = found.values
    place, turn, value, group = _joined(
        border, code, rows, columns, either, v.table, v.inverse, MATRICES, STEPS, AHEAD, TURN_TABLE, TURN_INVERSE
    )
    fitness = 1 - 1e-3 - found.unfit if found.unfit.any() else np.ones(len(group))
    mine = np.flatnonzero(group == np.bincount(group, fitness).argmax())
    return framed(rows, columns, mine, place, turn, value)


@numba.njit(nogil=True, cache=True)
def _joined(
    border: Any, code: Any, rows: int, columns: int, either: bool, table: Any, inverse: Any,
    matrices: Any, steps: Any, ahead: Any, turn_table: Any, turn_inverse: Any,
) -> Any:  # fmt: skip
    n, v = border.max() // 4 + 1, len(inverse)
    place, turn, value = np.zeros((n, 2), np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    group, following, last = np.arange(n), np.full(n, -1), np.arange(n)
    reach = max(rows, columns)
    taken = np.full((4 * reach + 1, 4 * reach + 1), -1)
    moved = np.zeros((n, 2), np.int64)
    for m in range(len(border)):
        a, b = border[m] // 4, code[m] // v // 32
        if group[a] == group[b]:
            continue
        q = turn_table[turn_table[turn[a], code[m] // v % 8], turn_inverse[turn[b]]]
        h = table[table[value[a], code[m] % v], inverse[value[b]]]
        step = steps[ahead[turn[a], border[m] % 4]]
        to0, to1 = place[a, 0] + step[0], place[a, 1] + step[1]
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
            fits = (tall <= rows and wide <= columns) or (either and tall <= columns and wide <= rows)
            if fits:
                fits = taken[y0 - place[a, 0] + 2 * reach, y1 - place[a, 1] + 2 * reach] != m
            x = following[x]
        if not fits:
            continue
        one, other = group[a], group[b]
        following[last[one]] = other
        last[one] = last[other]
        x = other
        while x >= 0:
            place[x] = moved[x]
            turn[x] = turn_table[q, turn[x]]
            value[x] = table[h, value[x]]
            group[x] = one
            x = following[x]
    return place, turn, value, group
