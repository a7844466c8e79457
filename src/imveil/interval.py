"""Intervals: of a share, how sure "9 of 10" is; of time, as people write and say it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import fmean, stdev

from imveil.errors import BadField, BadShape


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


# Of Student's distribution, two-sided 95 %, by degrees of freedom.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045,
)  # fmt: skip


def student(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean over a few draws, such as keys, by Student's t.

    >>> [round(x, 3) for x in student([0.9, 1.0, 0.95])]
    [0.826, 1.074]
    """
    n = len(values)
    if n < 2:
        raise BadShape(f"an interval over draws needs two or more, got {n}")
    half = (_T[n - 2] if n - 2 < len(_T) else 2.0) * stdev(values) / math.sqrt(n)
    return fmean(values) - half, fmean(values) + half


def seconds(time: str | float) -> float:
    """A time such as 120, "120s", "10m" or "1h" in seconds. BadField for anything else, and for none at all.

    >>> seconds("10m"), seconds("1.5h"), seconds(1e-6)
    (600.0, 5400.0, 1e-06)
    """
    if isinstance(time, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", time.strip())
        value = float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2] or "s"] if match else 0.0
    else:
        value = float(time)
    if not 0 < value < math.inf:
        raise BadField(f"a time such as 90s, 10m or 1h was needed, got {time!r}")
    return value


def duration(value: float) -> str:
    """Seconds as people say them.

    >>> duration(2.34), duration(59.4), duration(125), duration(7300)
    ('2.3 s', '59 s', '2 min 5 s', '2 h 1 min')
    """
    whole = round(value)
    if whole < 60:
        return f"{value:.1f} s" if value < 9.95 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
