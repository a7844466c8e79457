"""Accuracy and secrecy under one key: what the second-order solver gets back, from records; tables and picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from scripts.tables._markdown import markdown

import imveil
from imveil import record
from imveil.record import Record

Cell = list[Record]


def by_count(usual: bool) -> dict[tuple[str, int], dict[int, Cell]]:
    """Of each scheme and side of a block, the records by number of cipher images; the usual fields, or all others."""
    found: dict[tuple[str, int], dict[int, Cell]] = defaultdict(lambda: defaultdict(list))
    for one in record.latest(record.read("second-order")):
        scheme, fields = one.facts["scheme"], one.facts["fields"]
        if (fields == imveil.find(scheme).config()) == usual:
            found[scheme, int(fields["block"])][one.facts["ciphers"]].append(one)
    return {key: dict(sorted(cells.items())) for key, cells in sorted(found.items())}


def curve() -> str:
    """Keys under which every unseen picture came back exact; else the mean SSIM, and its deviation over keys."""
    found = by_count(usual=True)
    counts = sorted({count for cells in found.values() for count in cells})
    header = ["scheme", *(f"{count:,}" for count in counts), "seconds from 1,000"]
    rows = [
        [f"`{scheme}`", *(_cell(cells.get(count, [])) for count in counts), _seconds(cells.get(1000, []))]
        for (scheme, _), cells in found.items()
    ]
    return markdown(header, rows)


def blocks() -> str:
    """Other sides of blocks, from a thousand cipher images."""
    rows = [
        [f"`{scheme}`", str(side), f"{count:,}", _cell(cell), _seconds(cell)]
        for (scheme, side), cells in by_count(usual=False).items()
        for count, cell in cells.items()
    ]
    return markdown(["scheme", "side of a block", "cipher images", "keys exact", "seconds"], rows)


def alone() -> str:
    """One cipher image of each photograph, each under a key of its own."""
    rows = [
        [
            f"`{one.facts['scheme']}`",
            f"{one.facts['side']}",
            "grey" if one.facts["grey"] else "colour",
            f"{one.value:.3f}",
            f"{one.facts['found']['least']:.2f}",
            f"{one.facts['found']['exact']} of {one.n}",
            f"{one.seconds / one.n:.2f}",
        ]
        for one in record.latest(record.read("second-order-alone"))
    ]
    return markdown(["scheme", "side", "", "median SSIM", "least", "exact", "seconds each"], rows)


def _seconds(runs: Cell) -> str:
    return f"{fmean(one.seconds for one in runs):.1f}" if runs else ""


def _cell(runs: Iterable[Record]) -> str:
    runs = list(runs)
    if not runs:
        return ""
    exact = sum(one.value == 1 for one in runs)
    words = f"{exact} of {len(runs)}"
    if exact == len(runs):
        return words
    scores = [one.facts["found"]["ssim"] for one in runs]
    spread = f" (sd {stdev(scores):.2f})" if len(scores) > 1 else ""
    return f"{words}; SSIM {fmean(scores):.2f}{spread}"


def draw(file: Path) -> None:
    """The mean SSIM against the number of cipher images, a line for each scheme. Needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots()
    for (scheme, _), cells in by_count(usual=True).items():
        scores = [[one.facts["found"]["ssim"] for one in cell] for cell in cells.values()]
        mean = [fmean(score) for score in scores]
        low, high = [m - min(s) for m, s in zip(mean, scores)], [max(s) - m for m, s in zip(mean, scores)]
        axes.errorbar(list(cells), mean, [low, high], marker="o", ms=4, capsize=3, label=scheme)
    axes.set(xscale="log", ylim=(0, 1.02), xlabel="cipher images under one key", ylabel="SSIM of unseen pictures")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", title="CIFAR-10; bars: all keys", fontsize=8, title_fontsize=9)
    figure.savefig(file)


TABLES = {"second-order": curve, "second-order-blocks": blocks, "second-order-alone": alone}
