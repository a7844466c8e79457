"""The curve of the many-time pad: what cipher images alone give, against how many there are. Numbers and picture, from
records. The picture needs matplotlib (the extra `audit`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from PIL import Image
from scripts.records.campaigns import CURVE, SEED

import imveil
from imveil.errors import MissingExtra
from imveil.lab.evidence import Result, results
from imveil.record import Record

ATTACKS = {"many-time-pad": "cipher images alone", "many-time-pad-public": "and 1,000 public pictures"}
MOST = 90.0  # decibels; the axis ends here, and exact pictures lie on it


def points(records: Iterable[Record]) -> dict[str, list[Result]]:
    """Of each attack the results on the seed with its default fields, CIFAR-10, by number of cipher images."""
    found = results(imveil.find(SEED), records, "cifar10 test")
    return {
        name: sorted((r for r in found if r.attack == name and r.amount in CURVE), key=lambda r: r.amount)
        for name in ATTACKS
    }


def decibels(one: Result) -> list[float]:
    """Of each seed the median PSNR of the better of picture and negative, at most `MOST`."""
    return [min(MOST, r.facts["found"]["psnr"] or MOST) for r in one.records]


def curve_table(records: Iterable[Record]) -> tuple[list[str], list[list[str]]]:
    """Header and a row for each number of cipher images."""
    header = ["cipher images"]
    for words in ATTACKS.values():
        header += [f"dB, {words}", "sd", "right signs", "recovery", "seconds"]
    rows = []
    both = {name: {r.amount: r for r in found} for name, found in points(records).items()}
    for n in CURVE:
        row = [f"{n:,}"]
        for found in both.values():
            row += _cells(found[n]) if n in found else [""] * 5
        if any(row[1:]):
            rows.append(row)
    return header, rows


def _cells(one: Result) -> list[str]:
    values, runs = decibels(one), one.records
    exact, some = values.count(MOST), [v for v in values if v < MOST]
    words = f"{fmean(some):.1f}" if some else "exact"
    signs = [r.facts["found"]["sign"] for r in runs if "sign" in r.facts["found"]]
    return [
        f"{words}, exact in {exact} of {len(values)}" if some and exact else words,
        f"{stdev(some):.1f}" if len(some) > 1 else "",
        f"{fmean(signs):.0%}" if signs else "",
        f"{one.recovery:.3f}",
        f"{fmean(r.seconds for r in runs):.2f}",
    ]


def draw(records: Sequence[Record], file: Path) -> None:
    """The curve as a picture. Raises MissingExtra without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("pictures of records need matplotlib", hint="pip install 'imveil[audit]'") from error
    figure = Figure(figsize=(8, 4), dpi=110, layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    left = figure.subplots()
    for name, found in points(records).items():
        x, y = [r.amount for r in found], [decibels(r) for r in found]
        mean = [fmean(v) for v in y]
        spread = [[m - min(v) for m, v in zip(mean, y)], [max(v) - m for m, v in zip(mean, y)]]
        left.errorbar(x, mean, spread, marker="o", ms=4, capsize=3, label=ATTACKS[name])
    left.axhline(43, color="0.6", lw=0.8, ls=":")
    left.set(xscale="log", ylim=(15, MOST + 2), xlabel="cipher images under one key")
    left.set_ylabel("PSNR of unseen pictures, dB\n(median; the better of picture and negative)")
    left.set_xticks(CURVE, [str(n) for n in CURVE])
    left.minorticks_off()
    left.grid(alpha=0.3)
    left.legend(loc="lower right", title="logistic-xor/1, CIFAR-10; bars: all seeds", title_fontsize=9)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3]).quantize(32)
    picture.save(file, optimize=True)
