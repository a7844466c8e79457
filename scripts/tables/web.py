"""The browser's half on paper: records of benchmarks/web.py as rows of tables."""

from __future__ import annotations

from collections.abc import Iterable

from scripts.tables._markdown import markdown
from scripts.tables.speed import machines

from imveil import record
from imveil.record import Record, latest


def web_table(records: Iterable[Record]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: milliseconds of each scheme in each engine, plan cached and fresh key, fastest (median)."""
    found = [one for one in latest(records) if one.facts["what"] == "encrypt"]
    engines = list(dict.fromkeys(one.facts["engine"] for one in found))
    values = {(one.facts["scheme"], one.facts["engine"], one.facts["plan"]): one for one in found}
    header = ["scheme", *(f"{engine}, {plan}" for engine in engines for plan in ("cached", "fresh"))]
    rows = []
    for scheme in sorted({one.facts["scheme"] for one in found}):
        cells = [values.get((scheme, engine, plan)) for engine in engines for plan in ("cached", "fresh")]
        rows.append([f"`{scheme}`", *("" if one is None else f"{one.low:.1f} ({one.value:.1f})" for one in cells)])
    return header, rows


def web_sizes(records: Iterable[Record]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: what is loaded, and how long a wrapped key takes to open."""
    found = [one for one in latest(records) if one.facts["what"] != "encrypt"]
    found = list({(one.name, one.facts.get("engine")): one for one in found}.values())  # the last clock that was taken
    rows = []
    for one in found:
        if one.facts["what"] == "size":
            rows.append([f"`{one.name}`", f"{one.value / 1000:.1f} kB, gzip"])
        else:
            what = f"a key under `{one.name}` opened, {one.facts['engine']}"
            rows.append([what, f"{one.low:.0f} ms ({one.value:.0f})"])
    return ["what", "size or time"], rows


def web() -> str:
    """What a browser takes to encrypt a picture, and where that was measured."""
    records = record.read("web")
    return markdown(*web_table(records)) + "\n" + machines(records)


def web_size() -> str:
    """What a browser loads, and how long a wrapped key takes."""
    return markdown(*web_sizes(record.read("web")))


TABLES = {
    "web": web,
    "web-size": web_size,
}
