"""The picture by which two sums differ: the leading axis of the difference of their second moments."""

from __future__ import annotations

import numpy as np

from imveil.attacks.messages.base import F64, Claim


def named(second: F64, candidates: F64) -> Claim:
    """Which candidate is the one whose z z' is `second`, and its row as recovered.

    Parameters
    ----------
    second
        (rows, rows).
    """
    values, axes = np.linalg.eigh(second)
    row = axes[:, -1] * np.sqrt(max(values[-1], 0.0))
    row = -row if row[-1] < 0 else row  # the last number is a positive constant
    return Claim(-np.linalg.norm(candidates - row, axis=1)[None], row)
