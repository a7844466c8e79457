"""Signs: which units are inverted, from correlations alone: units of pictures rise and fall together."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.units import F64


def signs(correlation: Any) -> F64:
    """(m,) of 1 and -1 that make correlations positive on the whole; all of them turned about is as good.

    The leading eigenvector, then a majority for each unit until all agree.

    >>> signs(np.array([[1.0, -0.9, 0.8], [-0.9, 1.0, -0.7], [0.8, -0.7, 1.0]])).tolist() in ([1, -1, 1], [-1, 1, -1])
    True
    """
    pull = np.array(correlation, np.float64)
    found = np.where(np.linalg.eigh(pull)[1][:, -1] < 0, -1.0, 1.0)
    np.fill_diagonal(pull, 0)
    for _ in range(4 * len(found)):
        agreement = (pull @ found) * found
        worst = int(agreement.argmin())
        if agreement[worst] >= 0:
            break
        found[worst] *= -1
    return found
