"""Assembly: how much of a puzzle was put together rightly, by the three ratios of the field (Cho, Avidan, Freeman,
CVPR 2010; Gallagher, CVPR 2012; Chuman and Kiya for encrypted pictures).

    direct     pieces that are where they belong
    neighbour  neighbouring pairs that are neighbours in truth too, on the same sides
    largest    the largest part put together rightly in itself, as a share of all pieces
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Ratios(NamedTuple):
    """All in 0..1."""

    direct: float
    neighbour: float
    largest: float


def ratios(truth: Any, guess: Any) -> Ratios:
    """truth, guess: (rows, columns) which piece lies where, each a different number. What is not in truth is wrong
    wherever it lies. Turns and values do not count: this is about places.

    >>> ratios(np.arange(6).reshape(2, 3), np.array([[1, 2, 0], [4, 5, 3]]))
    Ratios(direct=0.0, neighbour=0.7142857142857143, largest=0.6666666666666666)
    """
    rows, columns = truth.shape
    place = np.full(max(truth.max(), guess.max()) + 1, -1)
    place[truth.ravel()] = np.arange(truth.size)
    there = place[guess]
    row, column = np.divmod(there, columns)
    row[there < 0] = column[there < 0] = -9  # beside nothing
    across = (row[:, 1:] == row[:, :-1]) & (column[:, 1:] == column[:, :-1] + 1)
    down = (column[1:] == column[:-1]) & (row[1:] == row[:-1] + 1)
    cells = np.arange(truth.size).reshape(rows, columns)
    a = np.concatenate([cells[:, :-1][across], cells[:-1][down]])
    b = np.concatenate([cells[:, 1:][across], cells[1:][down]])
    label = np.arange(truth.size)
    for _ in range(truth.size):  # the least number spreads over each part
        before = label.copy()
        np.minimum.at(label, a, before[b])
        np.minimum.at(label, b, before[a])
        if (label == before).all():
            break
    return Ratios(
        float((there == cells).mean()),
        float((across.sum() + down.sum()) / max(across.size + down.size, 1)),
        float(np.bincount(label).max() / truth.size),
    )
