"""The audit as one HTML file that loads nothing from anywhere, works under a strict CSP, and prints well."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from imveil.errors import MissingExtra
from imveil.lab.audit import Audit, Finding
from imveil.lab.record import commit, machine, versions
from imveil.lab.report.sheet import Row, data_url, sheet
from imveil.lab.verdict import as_json, level, sentence

_CSS = {"open": "open", "partly open": "partly", "recognisable": "seen", "nothing found": "none", "no verdict": "none"}
_CELL = {64: 96, 256: 160, 1 << 30: 224}


def audit_html(found: Audit, command: str = "") -> str:
    """The whole page. command: how to repeat it, as the user would type it. Raises MissingExtra without jinja2."""
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtra(
            "a report in HTML needs jinja2 and matplotlib", hint="pip install 'imveil[audit]', or ask for --json"
        ) from error
    text = files("imveil.lab.report").joinpath("audit.html.j2").read_text(encoding="utf-8")
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True).from_string(text)
    told = as_json(found)
    lines = [line | {"held": _held(line)} for line in sorted(told["findings"], key=lambda f: -f["mean"])]
    galleries = [record.facts["found"].get("gallery", 0) for record in found.records]
    gallery = max(galleries, default=0)
    box = machine()
    return template.render(
        audit=found,
        verdict=sentence(found),
        css=_CSS[level(found)],
        groups=[_pictures(one) for one in _strongest(found)],
        curve=_curve(found),
        unit=_unit(found),
        lines=lines,
        gallery=f"{gallery:,}",
        chance=f"{100 / gallery:.1f} %" if gallery else "none",
        metrics=found.metrics,
        command=command,
        versions=versions(),
        machine=f"{box['processor']}, {box['cores']} cores",
        commit=commit(),
        date=time.strftime("%Y-%m-%d", time.gmtime()),
    )


def write_audit(path: Path, found: Audit, command: str = "") -> None:
    """Write the page, whole or not at all."""
    from imveil.store.files import write_file

    write_file(path, audit_html(found, command).encode())


def _held(line: dict[str, Any]) -> str:
    if line["view"] == "cpa":
        return f"{line['queries']:,} chosen pictures"
    if line["pairs"]:
        return "1 known picture" if line["pairs"] == 1 else f"{line['pairs']:,} known pictures"
    return f"{line['ciphers']:,} cipher images" if line["ciphers"] else "one cipher image"


def _strongest(found: Audit) -> list[Finding]:
    """Of each attack the finding that got furthest, with the least if several did; the best attack first."""
    best: dict[str, Finding] = {}
    for one in found.findings:
        was = best.get(one.trial.attack.id)
        if was is None or round(one.recovery, 3) > round(was.recovery, 3):
            best[one.trial.attack.id] = one
    found_any = sorted(best.values(), key=lambda f: -f.recovery)
    return [one for one in found_any if one.recovery > 0.01] or found_any[:1]


def _pictures(one: Finding) -> dict[str, str]:
    rows = [Row("original", one.truth)] if one.truth is not None else []
    cipher = one.cipher if one.cipher.dtype.name == "uint8" else _levels(one.cipher)
    if cipher.ndim == 4:
        rows.append(Row("cipher", cipher))
    rows.append(Row("recovered", one.guess))
    side = max(one.guess.shape[1:3])
    cell = next(size for limit, size in _CELL.items() if side <= limit)
    title = f"{one.trial.label} ({one.trial.view})"
    caption = f"{title}: recovery {one.recovery:.3f} [{one.low:.3f}, {one.high:.3f}]. {one.trial.attack.paper}."
    drawn = sheet(rows, cell=cell, label=120)
    return {"alt": f"original, cipher and recovered pictures: {title}", "image": data_url(drawn), "caption": caption}


def _levels(cipher: Any) -> Any:
    """Numbers that are no bytes, spread over 0..255 for the eye."""
    low, high = float(cipher.min()), float(cipher.max())
    return ((cipher - low) * (255 / max(high - low, 1e-9))).astype("uint8")


def _unit(found: Audit) -> str:
    return (found.records[0].unit if found.records else "").capitalize()


def _curve(found: Audit) -> str:
    """Recovery against how much an attack was given, as a data: address; empty where nothing varies."""
    lines: dict[str, list[Finding]] = {}
    for one in found.findings:
        if one.trial.strength:
            lines.setdefault(one.trial.attack.id, []).append(one)
    lines = {name: points for name, points in lines.items() if len(points) > 1}
    return _plot(lines) if lines else ""


def _plot(lines: dict[str, Sequence[Finding]] | dict[str, list[Finding]]) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    for name, points in lines.items():
        x = [one.trial.strength for one in points]
        y = [one.spread[0] for one in points]
        error = [
            [max(0.0, v - one.low) for v, one in zip(y, points)],
            [max(0.0, one.high - v) for v, one in zip(y, points)],
        ]
        axes.errorbar(x, y, error, marker="o", capsize=3, label=name)
    axes.set(xscale="log", ylim=(-0.05, 1.05), xlabel="cipher images, or known pictures", ylabel="recovery")
    axes.grid(alpha=0.3)
    axes.legend()
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()
