"""Accuracy and secrecy under one key: what the second-order solver gets back, from records; tables and picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

from scripts.tables._markdown import markdown

import imveil
from imveil import record
from imveil.record import Record

Cell = list[Record]
USUAL = "cifar10 test"


class Asked(NamedTuple):
    """A row: scheme, side of a block, pictures; statistics: those that ship, of other pictures of the kind, or made."""

    scheme: str
    block: int
    data: str
    statistics: str


def by_count(usual: bool) -> dict[Asked, dict[int, Cell]]:
    """Of each row, the records by number of cipher images; CIFAR-10 under the usual fields, or without blocks; or all
    others."""
    found: dict[Asked, dict[int, Cell]] = defaultdict(lambda: defaultdict(list))
    for one in record.latest(record.read("second-order")):
        facts = one.facts
        scheme, fields, data = facts["scheme"], facts["fields"], facts["data"]
        of = "of the kind" if facts.get("public") else "1/f, no pictures" if facts.get("made") else "shipped"
        plainly = fields == imveil.find(scheme).config() or not {"block", "sub_block"} & set(fields)
        if (data == USUAL and of == "shipped" and plainly) == usual:
            more = {k: v for k, v in imveil.find(scheme, **fields).changed().items() if not k.endswith("block")}
            name = " ".join([scheme, *(f"{k}={v}" for k, v in more.items())])
            row = Asked(name, int(fields.get("sub_block", fields.get("block", 1))), data, of)
            found[row][facts["ciphers"]].append(one)
    return {key: dict(sorted(cells.items())) for key, cells in sorted(found.items())}


def curve() -> str:
    """Keys under which every unseen picture came back exact; else the mean SSIM, and its deviation over keys."""
    found = by_count(usual=True)
    counts = sorted({count for cells in found.values() for count in cells})
    header = ["scheme", *(f"{count:,}" for count in counts), "seconds from 1,000"]
    rows = [
        [f"`{scheme}`", *(_cell(cells.get(count, [])) for count in counts), _seconds(cells.get(1000, []))]
        for (scheme, *_), cells in found.items()
    ]
    return markdown(header, rows)


def blocks() -> str:
    """Other sides of blocks, CIFAR-10."""
    rows = [
        [f"`{row.scheme}`", str(row.block), f"{count:,}", _cell(cell), _seconds(cell)]
        for row, cells in by_count(usual=False).items()
        for count, cell in cells.items()
        if row.data == USUAL and row.statistics == "shipped"
    ]
    return markdown(["scheme", "side of a block", "cipher images", "keys exact", "seconds"], rows)


def elsewhere() -> str:
    """Other pictures."""
    rows = [
        [
            row.data,
            row.statistics,
            f"`{row.scheme}`",
            f"{count:,}",
            _cell(cell),
            _seconds(cell),
        ]
        for row, cells in sorted(by_count(usual=False).items(), key=lambda pair: (pair[0].data, pair[0].statistics))
        for count, cell in cells.items()
        if row.data != USUAL or row.statistics != "shipped"
    ]
    return markdown(["pictures", "statistics", "scheme", "cipher images", "keys exact", "seconds"], rows)


def alone() -> str:
    """One cipher image of each photograph, each under a key of its own."""
    cells = lambda one: [  # noqa: E731
        f"{one.value:.3f}", f"{one.facts['found']['least']:.2f}", f"{one.facts['found']['exact']} of {one.n}",
        f"{one.seconds / one.n:.2f}",
    ]  # fmt: skip
    return _photographs("second-order-alone", ["median SSIM", "least", "exact", "seconds each"], cells)


def inside() -> str:
    """The order of samples inside moved blocks, from one cipher image of each photograph."""
    cells = lambda one: [  # noqa: E731
        f"{one.facts['found']['exact']} of {one.n}", f"{one.value:.2f}", f"{one.low:.2f} to {one.high:.2f}",
    ]  # fmt: skip
    return _photographs("second-order-inside", ["order exact", "median share of places", "quartiles"], cells)


def _photographs(kind: str, header: list[str], cells: Callable[[Record], list[str]]) -> str:
    rows = [
        [f"`{one.facts['scheme']}`", f"{one.facts['side']}", "grey" if one.facts["grey"] else "colour", *cells(one)]
        for one in record.latest(record.read(kind))
    ]
    return markdown(["scheme", "side", "", *header], rows)


def mistaken() -> str:
    """Sets that nothing should be found in."""
    rows = [
        [one.facts["what"], f"{one.facts['ciphers']}", f"{one.n}", f"{round(one.value * one.n)}", f"{one.high:.3f}"]
        for one in record.latest(record.read("second-order-mistaken"))
    ]
    return markdown(["sets of", "images each", "sets", "found something", "upper end of the interval"], rows)


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
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots()
    axes.set_prop_cycle(color=colormaps["tab20"].colors)
    curves = {row.scheme: cells for row, cells in by_count(usual=True).items() if len(cells) > 1}
    for scheme, cells in curves.items():
        scores = [[one.facts["found"]["ssim"] for one in cell] for cell in cells.values()]
        mean = [fmean(score) for score in scores]
        low, high = [m - min(s) for m, s in zip(mean, scores)], [max(s) - m for m, s in zip(mean, scores)]
        axes.errorbar(list(cells), mean, [low, high], marker="o", ms=4, capsize=3, label=scheme)
    axes.set(xscale="log", ylim=(0, 1.02), xlabel="cipher images under one key", ylabel="SSIM of unseen pictures")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", title="CIFAR-10; bars: all keys", fontsize=8, title_fontsize=9)
    figure.savefig(file)


TABLES = {
    "second-order": curve,
    "second-order-blocks": blocks,
    "second-order-elsewhere": elsewhere,
    "second-order-alone": alone,
    "second-order-inside": inside,
    "second-order-mistaken": mistaken,
}
