"""The curve of an audit: recovery against how much the attacker was given, with its spread, its control and zero."""

from __future__ import annotations

import base64
import io
from statistics import fmean
from typing import Any

from imveil.audit.finding import Finding
from imveil.audit.outcome import Outcome
from imveil.errors import MissingExtra

# Okabe and Ito's colours, which people of any colour vision tell apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_AXES = {"ciphers": "cipher images", "pairs": "known pictures"}


def curve(found: Outcome) -> str:
    """As a data: address; empty where no attack was played with more than one number of images. Raises MissingExtra
    without matplotlib."""
    panels: dict[str, dict[str, list[Finding]]] = {}
    for one in found.findings:
        given = next((name for name in _AXES if name in one.trial.attack.needs), None)
        if given and one.trial.strength and not one.trial.attack.steps:
            panels.setdefault(given, {}).setdefault(one.trial.attack.id, []).append(one)
    panels = {given: lines for given, lines in panels.items() if any(len(points) > 1 for points in lines.values())}
    return _plot(panels) if panels else ""


def _plot(panels: dict[str, dict[str, list[Finding]]]) -> str:
    try:
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(
            "a report in HTML needs jinja2 and matplotlib", hint="pip install 'imveil[audit]', or ask for --json"
        ) from error
    with matplotlib.rc_context({"svg.hashsalt": "imveil", "font.size": 9}):
        figure = Figure(figsize=(max(8.5, 4.8 * len(panels)), 3.6), layout="constrained")
        FigureCanvasSVG(figure)
        drawn = 0
        for axes, (given, lines) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
            for at, (name, points) in enumerate(lines.items(), drawn):
                # Lines that lie on each other are moved a little apart, across.
                aside = 1.06 ** (at - drawn - (len(lines) - 1) / 2)
                points.sort(key=lambda one: one.trial.strength)
                _line(axes, name, points, _COLOURS[at % len(_COLOURS)], aside)
            drawn += len(lines)
            axes.axhline(0, color="#888", linewidth=0.8)
            axes.axhline(1, color="#888", linewidth=0.8)
            axes.set(xscale="log", ylim=(-0.06, 1.06), xlabel=_AXES[given], ylabel="recovery")
            ticks = sorted({one.trial.strength for points in lines.values() for one in points})
            axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], minor=False)
            axes.set_xticks([], minor=True)
            axes.grid(alpha=0.3)
        figure.legend(loc="outside lower center", ncols=4, frameon=False)
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()


def _line(axes: Any, name: str, points: list[Finding], colour: str, aside: float) -> None:
    x = [one.trial.strength * aside for one in points]
    axes.plot(x, [one.spread[0] for one in points], marker="o", markersize=4, color=colour, label=name)
    axes.fill_between(
        x, [one.low for one in points], [one.high for one in points], color=colour, alpha=0.15, linewidth=0
    )
    for at, one in zip(x, points, strict=True):
        axes.plot([at] * len(one.records), [r.value for r in one.records], ".", color=colour, markersize=3)
    axes.plot(x, [fmean(_noise(one)) for one in points], "--", color=colour, linewidth=0.9)


def _noise(one: Finding) -> list[float]:
    """The control's recovery, of each seed."""
    return [float((r.facts["found"].get("control") or {}).get("recovery", 0.0)) for r in one.records]
