"""Puzzle: pieces to a picture. Links between borders, a tree over the surest, and what is bred from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from imveil.attacks.solvers.puzzle.breed import Assembly, bred
from imveil.attacks.solvers.puzzle.links import links
from imveil.attacks.solvers.puzzle.poses import Values, turned, values
from imveil.attacks.solvers.puzzle.tree import tree

MOST_LINKS = 10
GENERATIONS = 60


@dataclass(frozen=True)
class Solved:
    """order, turn, value: (rows, columns) which piece lies where, and its pose.   joined: share of the places that the
    tree filled. worth: of a border in the mean, 0 where all stand out, 1 where others would do as well."""

    order: Any
    turn: Any
    value: Any
    joined: float
    worth: float
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


def solve(
    cut: Any,
    rows: int,
    columns: int,
    rng: np.random.Generator,
    *,
    turns: int,
    negatives: bool,
    colours: bool,
    either: bool = False,
    unfit: Any = None,
    generations: int = GENERATIONS,
) -> Solved:
    """Assemble pieces (n, side, side, c) uint8, n >= rows * columns: those that are too many are left out.

    What may have been done to pieces is said: turns 1 (none), 4 or 8, negatives, other orders of colours.

    Parameters
    ----------
    either
        Whether the frame may lie on its side though no piece is turned.
    unfit
        (n,) what it costs to use a piece at all.
    """
    found = links(cut, values(cut.shape[3], negatives, colours), turns, MOST_LINKS, unfit)
    either = either or turns > 1
    first = Assembly(*tree(found, rows, columns, either))
    whole, worth = bred(first, found, either, rng, generations)
    count = max(1, (rows - 1) * columns + rows * (columns - 1))
    return Solved(*whole, float((first.order >= 0).mean()), worth / count, found.values)
