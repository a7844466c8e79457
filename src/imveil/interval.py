"""The interval of a share: how sure "so many of n" is."""

from __future__ import annotations

import math

from imveil.errors import BadShape


def wilson(right: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """The score interval of a share: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209. z = 1.96 is 95 %.

    >>> [round(x, 4) for x in wilson(0, 10)]
    [0.0, 0.2775]
    """
    if n < 1 or not 0 <= right <= n:
        raise BadShape(f"a share needs 0 <= right <= n and n >= 1, got {right} of {n}")
    share, spread = right / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    # Where none or all are right the formula gives 0 or 1 but for rounding.
    return max(0.0, middle - half) if right else 0.0, min(1.0, middle + half) if right < n else 1.0
