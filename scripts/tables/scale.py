"""Scale on paper: what records say of one picture, multiplied."""

from __future__ import annotations

from collections.abc import Iterable

from scripts.tables._markdown import markdown
from scripts.tables.speed import machines

from imveil import record
from imveil.record import Record, latest

Table = tuple[list[str], list[list[str]]]
SIDE = 224
_SHARD = 1 << 26  # bytes of a large set's shard, at most
_STEPS = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def cost_table(records: Iterable[Record]) -> Table:
    """What a picture costs beside its pixels."""
    return ["of", "cost", "unit"], [[one.name, f"{one.value:.3g}", one.unit] for one in latest(records)]


def engine_table(records: Iterable[Record]) -> Table:
    """The engines, against the pool with one worker, on as many pictures as were ever tried."""
    found = _engines(records)
    rows = []
    for one in found:
        told = f"{one.value / 1000:.2f} s" if one.unit == "ms" else f"{one.value:.2f} times as fast"
        spread = "" if one.unit == "ms" else f"{one.low:.2f} to {one.high:.2f}"
        rows.append([one.facts["engine"], told, spread, str(one.n)])
    count = _pictures(found[0]) if found else 0
    return ["engine", f"{count:,} JPEGs of 224x224", "range", "rounds"], rows


def _engines(records: Iterable[Record]) -> list[Record]:
    found = {(_pictures(one), one.facts["engine"]): one for one in latest(records) if "engine" in one.facts}
    most = max((count for count, _ in found), default=0)
    return [one for (count, _), one in found.items() if count == most]


def _pictures(one: Record) -> int:
    return int(one.facts.get("pictures", 1500))


def memory_table(records: Iterable[Record]) -> Table:
    """Peak memory of a run over more and more pictures."""
    found = [one for one in latest(records) if one.unit == "MB" and "pictures" in one.facts]
    rows = [
        [f"{one.facts['pictures']:,}", f"{one.facts['side']}x{one.facts['side']}", one.facts["of"], f"{one.value:.0f}"]
        for one in found
    ]
    return ["pictures", "size", "of", "peak memory, MB"], rows


def growth_table(scale: Iterable[Record], speed: Iterable[Record]) -> Table:
    """10^6 and 10^9 pictures of 224x224x3, worked out from the two tables above."""
    cost = {one.name: one.value for one in latest(scale)}
    base = [one for one in _engines(speed) if one.facts["engine"] == "pool, 1 worker"]
    if not base or not cost:
        return ["pictures"], []
    each = base[-1].value / 1000 / _pictures(base[-1])  # seconds of one core
    pixels = SIDE * SIDE * 3
    rows = []
    for name, n in (("10^6", 10**6), ("10^9", 10**9)):
        shards = -(-n // (_SHARD // pixels))
        cells = [
            name,
            _size(n * pixels),
            f"{n * each / 3600:,.2g}" if n * each < 36_000 else f"{n * each / 3600:,.0f}",
            f"{shards:,}",
            _size(shards * cost["manifest"]),
            _size(n * cost["names"]),
            _size(n * cost["memory"]),
            f"{n * cost['time'] / 1e6 / 3600:.2g}",
        ]
        rows.append(cells)
    head = [
        "pictures",
        "cipher images",
        "core-hours",
        "shards",
        "manifest",
        "names",
        "memory to plan",
        "hours to plan, at most",
    ]
    return head, rows


def _size(n: float) -> str:
    for step, name in _STEPS:
        if n >= step:
            return f"{n / step:.3g} {name}"
    return f"{n:.0f} B"


def scale() -> str:
    """What a picture costs, the engines, and both multiplied."""
    costs, speeds = record.read("scale"), record.read("speed")
    engines = [one for one in speeds if "engine" in one.facts]
    tables = [cost_table(costs), engine_table(engines), growth_table(costs, engines)]
    if not all(rows for _, rows in tables):
        return "Not measured yet.\n"
    return "\n".join(markdown(*one) for one in tables) + "\n" + machines([*costs, *engines])


def memory() -> str:
    """Peak memory of runs."""
    return markdown(*memory_table(record.read("speed")))


TABLES = {
    "scale": scale,
    "memory": memory,
}
