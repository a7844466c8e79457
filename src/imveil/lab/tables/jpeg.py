"""JPEG on paper: records as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable

from imveil.lab.bench.jpeg import QUALITIES
from imveil.record import Record, latest

Table = tuple[list[str], list[list[str]]]


def jpeg_table(records: Iterable[Record], *, short: bool = False) -> Table:
    """Header and rows, one a scheme, chroma and decoder: "after, alone (difference, sd)" in dB for each quality; short:
    the difference alone.

    The last but one column is the size of the file beside that of the picture's own JPEG, at the middle quality.
    """
    groups: dict[tuple[str, ...], dict[int, Record]] = {}
    for one in latest(records):
        scheme = " ".join([one.facts["scheme"], *(f"{name}={value}" for name, value in one.facts["fields"].items())])
        decoder = "ordinary" if one.facts["smooth"] else "no smoothing"
        kind = scheme, one.facts["sampling"], decoder, one.facts["data"]
        groups.setdefault(kind, {})[one.facts["quality"]] = one
    middle = QUALITIES[len(QUALITIES) // 2]
    header = [
        "scheme",
        "chroma",
        "decoder",
        *(f"q {quality}" for quality in QUALITIES),
        f"size, q {middle}",
        "pictures",
    ]
    rows = []
    for (*named, data), found in groups.items():
        if not set(QUALITIES) <= set(found):
            continue
        cells = [f"{found[q].value:+.2f}" if short else _cell(found[q]) for q in QUALITIES]
        size = f"{found[middle].facts['size']:.2f}"
        rows.append([*named, *cells, size, f"{found[middle].n} of {data}"])
    return header, rows


def _cell(one: Record) -> str:
    return f"{one.facts['after']:.1f}, {one.facts['alone']:.1f} ({one.value:+.2f}, {one.facts['sd']:.2f})"
