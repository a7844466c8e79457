"""Classes match by name: a data set may have fewer of them than a model knows, others, or the same in another order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]


def matched(labels: I64, classes: Sequence[str], known: Sequence[str]) -> tuple[I64, dict[str, int]]:
    """Labels of `classes` as labels of `known`, -2 for a class that is not known, and how many pictures have each of
    these. A picture without a label, -1, stays one.

    >>> matched(np.array([0, 1, 1, 2, -1]), ["cat", "bird", "dog"], ["dog", "cat"])
    (array([ 1, -2, -2,  0, -1]), {'bird': 2})
    """
    place = {name: k for k, name in enumerate(known)}
    table = np.array([*(place.get(name, -2) for name in classes), -1], np.int64)
    found = table[labels]
    counts = np.bincount(labels[found == -2], minlength=len(classes))
    return found, {name: int(n) for name, n in zip(classes, counts, strict=True) if n}
