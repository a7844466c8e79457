"""Compressed pictures on paper: records of benchmarks/compression.py as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable

from scripts.tables._markdown import markdown

from imveil import record
from imveil.record import Record, latest


def compression_table(records: Iterable[Record]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: each way to keep a picture, its share of the plain samples, and the coder's part of it."""
    found = {one.name: one for one in latest(records)}
    header = ["way", "share of the samples", "sd", "smallest", "largest", "of that, the coder", "pictures"]
    rows = []
    for name, one in found.items():
        merged = found.get(f"{name.split()[0]} merged")
        coder = "" if merged is None or merged is one else f"{one.value / merged.value:.4f} of the merged"
        sizes = [f"{x:.4f}" for x in (one.value, one.facts["sd"], one.low, one.high)]
        rows.append([name, *sizes, coder, str(one.n)])
    return header, rows


def compression() -> str:
    """One line a way to keep a picture."""
    return markdown(*compression_table(record.read("compression")))


TABLES = {
    "compression": compression,
}
