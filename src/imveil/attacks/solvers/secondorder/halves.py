"""Halves: which nibbles of a block are high halves, and where the low ones belong."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.match import assigned
from imveil.attacks.solvers.secondorder.units import F64, I64


def high_halves(correlation: Any) -> I64:
    """Of 2 m nibbles of a block, the m that go together: high halves do, low ones hardly. In ascending order."""
    together = np.abs(correlation)
    np.fill_diagonal(together, 0)
    strength = np.abs(np.linalg.eigh(together)[1][:, -1])
    return np.asarray(np.sort(np.argsort(-strength)[: len(strength) // 2]))


def low_halves(ours: Any, theirs: Any) -> tuple[I64, F64]:
    """The low half at each place and its sign, (m,) and (m,).

    Parameters
    ----------
    ours
        (m, m) correlations of low nibbles with what is expected at each place beyond the high half.
    theirs
        (m, m) the same of pictures, place by place.
    """
    upright = ((ours[:, None] - theirs) ** 2).sum(axis=2)
    inverted = ((ours[:, None] + theirs) ** 2).sum(axis=2)
    low = assigned(-np.minimum(upright, inverted))
    places = np.arange(len(low))
    return low, np.where(upright[low, places] <= inverted[low, places], 1.0, -1.0)
