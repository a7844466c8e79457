"""Intervals: of a share, how sure "9 of 10" is; of time, as people write and say it."""

from __future__ import annotations

import math
import re

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
