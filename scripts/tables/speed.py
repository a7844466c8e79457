"""Speed on paper: records of benchmarks as rows of four tables. Values are those of the best round."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from scripts.tables._markdown import markdown

from imveil import record
from imveil.record import Record, latest

Table = tuple[list[str], list[list[str]]]


def ratio_table(records: Iterable[Record]) -> Table:
    """Plans, peers and folder runs: one line for each thing and what it is compared with, one column a size."""
    return _by_size(
        (one for one in latest(records) if one.unit == "ratio" and "scheme" not in one.facts and "side" in one.facts),
        ["what", "as a multiple of"],
        lambda one: (one.name, one.facts["to"]),
        lambda one: f"{_short(one.value)} ({_short(one.low)} to {_short(one.high)})",
    )


def scheme_table(records: Iterable[Record]) -> Table:
    """Every scheme, encrypt and decrypt, one column a size."""
    return _by_size(
        (one for one in latest(records) if "way" in one.facts),
        ["scheme", "way"],
        lambda one: (one.facts["scheme"], one.facts["way"]),
        lambda one: f"{one.value:.2g}",
    )


def plan_table(records: Iterable[Record]) -> Table:
    """Every scheme, milliseconds from a key to its plan, one column a size; and from the cache, at most."""
    found = [one for one in latest(records) if "cache" in one.facts]
    header, rows = _by_size(
        (one for one in found if one.facts["cache"] == "cold"),
        ["scheme"],
        lambda one: (one.facts["plan"],),
        lambda one: f"{one.value:.2g}",
    )
    cached: dict[str, float] = {}
    for one in found:
        if one.facts["cache"] == "cached":
            cached[one.facts["plan"]] = max(one.value, cached.get(one.facts["plan"], 0.0))
    return [*header, "cached"], [[*row, f"{cached.get(row[0], float('nan')):.1g}"] for row in rows]


def folder_table(records: Iterable[Record]) -> Table:
    """Whole folders, encrypted and decrypted: those of JPEGs of the largest number that was tried, then others."""
    found = [one for one in latest(records) if one.unit == "ratio"]
    most = max((one.facts["pictures"] for one in found if "jpeg_bytes" in one.facts), default=0)
    jpegs = [one for one in found if "jpeg_bytes" in one.facts and one.facts["pictures"] == most]
    others = [one for one in found if one.facts["to"] == "writing the same files plainly"]
    rows = [
        [one.name, one.facts["to"], f"{_short(one.value)} ({_short(one.low)} to {_short(one.high)})", str(one.n)]
        for one in (*jpegs, *others)
    ]
    return ["what", "as a multiple of", "ratio", "rounds"], rows


def machines(records: Iterable[Record]) -> str:
    """A sentence that names where, with what and from which commits all this was measured."""
    found = list(latest(records))
    where = sorted({f"{one.machine['processor']}, {one.machine['cores']} cores" for one in found})
    parts = ("python", "numpy", "numba")
    with_what = sorted({", ".join(f"{name} {one.versions.get(name, '?')}" for name in parts) for one in found})
    commits = ", ".join(sorted({one.commit for one in found}))
    return f"Measured on {'; '.join(where)}; {'; '.join(with_what)}; commit {commits}.\n" if found else ""


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _by_size(
    records: Iterable[Record],
    header: list[str],
    label: Callable[[Record], tuple[str, ...]],
    cell: Callable[[Record], str],
) -> Table:
    lines: dict[tuple[str, ...], dict[int, Any]] = {}
    for one in records:
        lines.setdefault(label(one), {})[one.facts["side"]] = cell(one)
    sides = sorted({side for line in lines.values() for side in line})
    rows = [[*name, *(line.get(side, "") for side in sides)] for name, line in sorted(lines.items())]
    return [*header, *(f"{side}x{side}" for side in sides)], rows


def speed() -> str:
    """Plans, peers and folder runs, and where all of docs/speed.md was measured."""
    return markdown(*ratio_table(record.read("speed"))) + "\n" + machines(record.read("speed"))


def speed_folders() -> str:
    """Whole folders of pictures."""
    return markdown(*folder_table(record.read("speed")))


def speed_schemes() -> str:
    """Every scheme, both ways."""
    return markdown(*scheme_table(record.read("speed")))


def speed_plans() -> str:
    """From a key to a plan."""
    return markdown(*plan_table(record.read("speed")))


TABLES = {
    "speed": speed,
    "speed-folders": speed_folders,
    "speed-schemes": speed_schemes,
    "speed-plans": speed_plans,
}
