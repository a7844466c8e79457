"""Poses: the eight turns of a square piece, and the values (negatives, orders of colours) that it may be shown in.

A turn d = 4 * mirrored + quarters: columns reversed first, then numpy's rot90. A value is a sign and an order of the
channels; tables compose both as in a group, `table[a, b]` being first b, then a.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

# Sides are right, bottom, left, top; so are these steps (row, column).
STEPS = np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])
ALONG = np.array([(1, 0), (0, 1), (1, 0), (0, 1)])  # which way the pixels of a side are listed
_QUARTER, _MIRROR = np.array([(0, -1), (1, 0)]), np.array([(1, 0), (0, -1)])
MATRICES = np.array(
    [np.linalg.matrix_power(_QUARTER, k) @ np.linalg.matrix_power(_MIRROR, f) for f in (0, 1) for k in range(4)]
)


def _number(matrix: Any) -> int:
    return int(np.flatnonzero((matrix == MATRICES).all(axis=(1, 2)))[0])


TURN_TABLE = np.array([[_number(a @ b) for b in MATRICES] for a in MATRICES])
TURN_INVERSE = np.array([_number(a.T) for a in MATRICES])
# Which side of a piece in turn d looks to step k, and to which step its side s looks.
FACING = np.array([[int(np.flatnonzero((m @ STEPS.T == k[:, None]).all(axis=0))[0]) for k in STEPS] for m in MATRICES])
AHEAD = np.argsort(FACING, axis=1)


def turned(piece: Any, d: int) -> Any:
    """A piece (side, side, c) in turn d.

    >>> turned(np.array([[[1], [2]], [[3], [4]]]), 5)[..., 0].tolist()
    [[1, 3], [2, 4]]
    """
    return np.rot90(piece[:, ::-1] if d >= 4 else piece, d % 4)


def framed(rows: int, columns: int, mine: Any, place: Any, turn: Any, value: Any) -> tuple[Any, Any, Any]:
    """Which piece lies where in a frame, in which turn and value, each (rows, columns), -1 where none does.

    Parameters
    ----------
    mine
        (k,) the pieces that have a place, among all.
    place
        (n, 2), turn, value: (n,). The whole is turned by a quarter where it would not fit otherwise.
    """
    where, turn, value = place[mine] - place[mine].min(axis=0), turn[mine], value[mine]
    if (where.max(axis=0) >= (rows, columns)).any():
        where, turn = where @ MATRICES[1].T, TURN_TABLE[1, turn]
        where -= where.min(axis=0)
    order, pose, show = (np.full((rows, columns), -1) for _ in range(3))
    at = tuple(where.T)
    order[at], pose[at], show[at] = mine, turn, value
    return order, pose, show


def meetings(turns: int) -> Any:
    """(4, 4, 2): the turn of b relative to a when b's side t lies along a's side s, listed the same way or the other
    (0, 1); -1 where that cannot be, or needs a turn that there is not. turns: 1 none, 4 quarters, 8 mirrored too."""
    found = np.full((4, 4, 2), -1)
    for s in range(4):
        for d in range(turns):
            for t in range(4):
                if (MATRICES[d] @ STEPS[t] == -STEPS[s]).all():
                    found[s, t, int((MATRICES[d] @ ALONG[t] != ALONG[s]).any())] = d
    return found


@dataclass(frozen=True)
class Values:
    """The ways samples may be shown.

    Attributes
    ----------
    signs
        (v,) 1 or -1.
    orders
        (v, c).
    table
        (v, v).
    inverse
        (v,).
    """

    signs: Any
    orders: Any
    table: Any
    inverse: Any

    def shown(self, piece: Any, v: int) -> Any:
        """A uint8 piece (..., c) in value v."""
        there = piece[..., self.orders[v]]
        return 255 - there if self.signs[v] < 0 else there


def values(channels: int, negatives: bool, colours: bool) -> Values:
    """All values: negatives or not, all six orders of the first three channels or not.

    >>> len(values(3, negatives=True, colours=True).signs)
    12
    """
    orders = list(permutations(range(3))) if colours and channels >= 3 else [tuple(range(min(channels, 3)))]
    full = [(*order, *range(3, channels)) for order in orders]
    every = [(sign, order) for sign in ((1, -1) if negatives else (1,)) for order in full]
    number = {value: i for i, value in enumerate(every)}
    table = np.array([[number[s * z, tuple(q[i] for i in p)] for z, q in every] for s, p in every])
    return Values(
        np.array([sign for sign, _ in every]),
        np.array([order for _, order in every]),
        table,
        np.argmax(table == 0, axis=1),
    )
