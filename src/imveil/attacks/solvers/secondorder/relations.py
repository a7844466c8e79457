"""Relations: the matrices of correlations between units that a fixed plan permutes and signs, and does not change.

Inside a block, and with the block to the right, below and on both diagonals: the last four tell the eight ways of
turning a block apart, because blocks keep their places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.units import F64, standard

STEPS = ((0, 0), (0, 1), (1, 0), (1, 1), (1, -1))
"""From a block to the other one of a relation: down, across."""


def relations(units: Any, steps: Sequence[tuple[int, int]] = STEPS) -> list[F64]:
    """For each step the (m, m) correlations of a block's units with those of the block a step away.

    Parameters
    ----------
    units
        (n, down, across, m).
    steps
        Down and across; one that leaves the grid gives zeros.
    """
    values, size = standard(units), units.shape[-1]
    found = []
    for down, across in steps:
        one, other = apart(values, down, across)
        pairs = one.size // size
        found.append((one.reshape(-1, size).T @ other.reshape(-1, size)).astype(np.float64) / max(pairs, 1))
    return found


def apart(values: Any, down: int, across: int) -> tuple[Any, Any]:
    """Every block that has another one a step away, and these others; across may be negative."""
    h, w = values.shape[1:3]
    one = values[:, : h - down, max(-across, 0) : w - max(across, 0)]
    other = values[:, down:, max(across, 0) : w - max(-across, 0)]
    return one, other


def centred(matrices: Sequence[Any]) -> list[F64]:
    """Each matrix less its mean: what all units have in common says nothing about their places."""
    return [matrix - matrix.mean() for matrix in matrices]
