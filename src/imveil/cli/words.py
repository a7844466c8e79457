"""Words that several commands of the cloud share: a fact a line, a share with its interval, a time, NAME=VALUE."""

from __future__ import annotations

import json
import re
from typing import Any

import typer

from imveil.errors import BadField


def fact(name: str, text: str) -> None:
    """One line: what, and its value."""
    typer.echo(f"{name:<10}{text}")


def share(right: int, n: int) -> str:
    """So many of n, in percent, with the 95 % interval.

    >>> share(9, 10)
    '90.00% (9 of 10; 95 % interval 59.58% to 98.21%)'
    """
    from imveil.interval import wilson

    low, high = wilson(right, n)
    return f"{right / n:.2%} ({right:,} of {n:,}; 95 % interval {low:.2%} to {high:.2%})"


def few(names: list[str]) -> str:
    """Names, the first five of many."""
    return ", ".join(names[:5]) + (f", ... ({len(names)})" if len(names) > 5 else "")


def seconds(text: str) -> float:
    """A time such as 120, 120s, 10m or 1h in seconds. BadField for anything else, and for none at all.

    >>> seconds("10m"), seconds("1.5h")
    (600.0, 5400.0)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", text.strip())
    value = float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2] or "s"] if match else 0.0
    if value <= 0:
        raise BadField(f"a budget is a time such as 90s, 10m or 1h, got {text!r}")
    return value


def duration(value: float) -> str:
    """Seconds as people say them.

    >>> duration(59.4), duration(125), duration(7300)
    ('59 s', '2 min 5 s', '2 h 1 min')
    """
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def options(settings: list[str] | None) -> dict[str, Any]:
    """NAME=VALUE, again for others, with numbers, true and false as such. BadField for what is none.

    >>> options(["block=4", "order=false", "rate=0.5"])
    {'block': 4, 'order': False, 'rate': 0.5}
    """
    found: dict[str, Any] = {}
    for setting in settings or []:
        name, equals, text = setting.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise BadField(f"NAME=VALUE is needed, got {setting!r}")
        if name in found:
            raise BadField(f"{name} is set twice")
        try:
            found[name] = json.loads(text.strip().lower())
        except ValueError:
            found[name] = text.strip()
    return found
