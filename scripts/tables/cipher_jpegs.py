"""Cipher JPEGs on paper: bytes and PSNR beside plain JPEGs, and what a net learned from them."""

from __future__ import annotations

from statistics import fmean

from scripts.tables._markdown import markdown

from imveil import record
from imveil.record import Record, latest

QUALITIES, MIDDLE = (50, 75, 90, 95), 90


def sizes() -> str:
    """One line a scheme, data and chroma: the ratio of bytes and the difference in PSNR at each quality."""
    groups: dict[tuple[str, str, str], dict[int, Record]] = {}
    for one in latest(record.read("cipher-jpeg")):
        scheme = f"{one.facts['scheme']} block={one.facts['fields']['block']}"
        chroma = f"{str(one.facts['chroma'])[0]}:{str(one.facts['chroma'])[1]}:{str(one.facts['chroma'])[2]}"
        groups.setdefault((scheme, one.facts["data"], chroma), {})[one.facts["quality"]] = one
    header = ["scheme", "pictures", "chroma", *(f"q {q}" for q in QUALITIES), f"bytes, q {MIDDLE}", "n"]
    rows = []
    for (scheme, data, chroma), found in groups.items():
        middle = found[MIDDLE].facts
        size = f"{middle['bytes']:,} for {middle['plain bytes']:,}"
        rows.append([scheme, data, chroma, *map(_cell, (found[q] for q in QUALITIES)), size, str(found[MIDDLE].n)])
    return markdown(header, rows)


def _cell(one: Record) -> str:
    return f"{one.value:.2f}, {one.facts['after'] - one.facts['alone']:+.2f} dB"


def accuracies() -> str:
    """One line a scheme and way to store: test accuracy of as many runs as there are."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for one in latest(record.read("jpeg-accuracy")):
        groups.setdefault((one.facts["scheme"], one.facts["as"]), []).append(one)
    rows = []
    for (scheme, way), found in groups.items():
        values = [one.value for one in found]
        spread = f"{min(values):.1f} to {max(values):.1f}"
        rows.append([scheme, way, f"{fmean(values):.1f} %", spread if len(values) > 1 else "", str(len(values))])
    return markdown(["scheme", "stored as", "test accuracy", "range", "runs"], rows)


TABLES = {"cipher-jpegs": sizes, "jpeg-accuracy": accuracies}
