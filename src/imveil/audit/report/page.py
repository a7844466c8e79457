"""The audit as one HTML file that loads nothing from anywhere, works under a strict CSP, and prints well."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imveil.audit.finding import Finding
from imveil.audit.outcome import Outcome
from imveil.audit.report.plot import curve
from imveil.audit.report.sheet import data_url, picture
from imveil.audit.verdicts import held, ladder, line, meaning, percent, sentence
from imveil.errors import MissingExtra
from imveil.record import commit, machine, versions

_GRADES = {
    "open": ("open", "Not protected"),
    "partly open": ("partly", "Partly open"),
    "recognisable": ("seen", "Can be told apart"),
    "nothing found": ("none", "No break found"),
    "not enough was tried": ("unknown", "Not enough was tried"),
    "no verdict": ("unknown", "No verdict"),
}
_CELL = 256  # pixels; larger pictures are made smaller
_NOWHERE = 0.01
_GOOD = 0.5  # of the statistics must lie where those of random images do, to be called good


def audit_html(found: Outcome, command: str = "", examiner: str = "", case: str = "") -> str:
    """The whole page. Raises MissingExtra without jinja2.

    Parameters
    ----------
    command
        How to repeat it, as the user would type it.
    examiner, case
        Who examined, and what for, in the user's words.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtra(
            "a report in HTML needs jinja2 and matplotlib", hint="pip install 'imveil[audit]', or ask for --json"
        ) from error
    here = files("imveil.audit.report")
    text, css = ((here / name).read_text(encoding="utf-8") for name in ("audit.html.j2", "audit.css"))
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True).from_string(text)
    kind, grade = _GRADES[found.level]
    metrics = [_critical(metric) for metric in found.metrics]
    furthest = _furthest(found)
    gallery = max((record.facts["found"].get("gallery", 0) for record in found.records), default=0)
    box = machine()
    return template.render(
        audit=found,
        css=css,
        policy=policy(css),
        kind=kind,
        grade=grade,
        verdict=sentence(found),
        meaning=meaning(found),
        ladder=[step | {"kind": _GRADES[step["level"]][0]} for step in ladder(found)],
        examiner=examiner,
        case=case,
        statistics=statistics(found, metrics),
        told=[_pictures(one) for one in furthest if one.recovery > _NOWHERE],
        untold=[_pictures(one, 3) for one in furthest if one.recovery <= _NOWHERE],
        curve=curve(found),
        lines=_lines(found),
        steps=any(one.trial.steps for one in found.findings),
        gallery=f"{gallery:,}",
        chance=f"{100 / gallery:.1f} %" if gallery else "none",
        skipped=_reasons(found),
        metrics=metrics,
        command=command,
        versions=versions(),
        machine=f"{box['processor']}, {box['cores']} cores",
        commit=commit(),
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        records=[json.dumps(record.model_dump(), separators=(",", ":")) for record in found.records],
    )


def write_audit(path: Path, found: Outcome, command: str = "", examiner: str = "", case: str = "") -> None:
    """Write the page, whole or not at all."""
    from imveil.store.files import write_file

    write_file(path, audit_html(found, command, examiner, case).encode())


def policy(css: str) -> str:
    """The page's content security policy: nothing but pictures inside it, and this one style sheet, by its digest."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def statistics(found: Outcome, metrics: list[dict[str, Any]]) -> str:
    """What the statistics say, and what they do not; empty where there are none."""
    told = [metric for metric in metrics if metric["inside"] is not None]
    if not told:
        return ""
    good = sum(metric["inside"] for metric in told)
    lie = f"{good} of {len(told)} statistics of these cipher images lie where those of random images do"
    entropy = next((m for m in told if m["name"] == "entropy"), None)
    if entropy is not None:
        lie += f" (entropy {entropy['mean']:.3f} bits, random images {entropy['expected']:.3f})"
    best = found.headline
    if best is not None and best.low >= 0.05:
        if good < _GOOD * len(told):
            return f"{lie}."
        return (
            f"Good statistics did not prevent the recovery: {lie}, and {percent(best.recovery)} of the way to the "
            "pictures was recovered all the same."
        )
    return f"{lie}. That decides nothing: ciphers that fall to a hundred cipher images have statistics as good."


def _critical(metric: dict[str, Any]) -> dict[str, Any]:
    """A metric's line with its range in words, and whether the mean lies inside; None where there is no range."""
    if not metric["range"]:
        return metric | {"critical": "", "inside": None}
    low, high = metric["range"]
    if not isfinite(low):
        words = f"at most {high:.4g}"
    elif not isfinite(high):
        words = f"at least {low:.4g}"
    else:
        words = f"{low:.4g} to {high:.4g}"
    return metric | {"critical": words, "inside": bool(low <= metric["mean"] <= high)}


def _lines(found: Outcome) -> list[dict[str, Any]]:
    """The table of all trials, the furthest first."""
    lines = [line(one) | {"best": one is found.headline} for one in found.findings]
    lines.sort(key=lambda one: (-round(one["mean"], 3), one["attack"], one["ciphers"] + one["pairs"]))
    return [one | {"held": held(one)} for one in lines]


def _reasons(found: Outcome) -> list[tuple[str, list[str]]]:
    """What was not tried, by reason."""
    reasons: dict[str, list[str]] = {}
    for one in found.skipped:
        reasons.setdefault(one.reason, []).append(one.attack)
    return list(reasons.items())


def _furthest(found: Outcome) -> list[Finding]:
    """Of each attack the finding that got furthest, with the least if several did; the best attack first."""
    best: dict[str, Finding] = {}
    for one in found.findings:
        was = best.get(one.trial.attack.id)
        if was is None or one is found.headline or (was is not found.headline and one.recovery > was.recovery + 0.0005):
            best[one.trial.attack.id] = one
    return sorted(best.values(), key=lambda one: (one is not found.headline, -one.recovery))


def _pictures(one: Finding, most: int = 6) -> dict[str, Any]:
    """One attack in pictures: rows of the same targets."""
    cipher = one.cipher if one.cipher.dtype.name == "uint8" else _levels(one.cipher)
    rows = [("original", one.truth), ("cipher", cipher if cipher.ndim == 4 else None), ("recovered", one.guess)]
    shown = [(label, strip(images[:most])) for label, images in rows if images is not None]
    small = max(one.guess.shape[1:3]) < _CELL
    told = line(one)
    caption = f"Recovery {one.recovery:.3f} ({one.low:.3f} to {one.high:.3f}); on noise {told['control'] or 0.0:.3f}"
    if told["blind"] is not None:
        caption += f"; SSIM {told['ssim']:.3f}, blind guess {told['blind']:.3f}"
    if told["gallery"]:
        noise = told["control_identified"] or 0.0
        caption += (
            f"; picked among {told['gallery']:,} in {percent(one.identified)} of cases, on noise {percent(noise)}"
        )
    return {
        "title": f"Whoever {one.rung.words}: {held(told)}",
        "caption": f"{caption}.",
        "rows": [
            {"label": label, "image": data_url(image), "css": "pixels" if small else "photos"} for label, image in shown
        ],
    }


def strip(images: Any) -> Image.Image:
    """Pictures (n, h, w, c) beside each other with a little room between, in their own pixels; large ones are made
    smaller.

    >>> strip(np.zeros((2, 32, 32, 3), np.uint8)).size
    (66, 32)
    """
    seen = [picture(image) for image in images]
    w, h = seen[0].size
    scale = min(1.0, _CELL / max(w, h))
    w, h = max(1, round(w * scale)), max(1, round(h * scale))
    gap = max(1, w // 16)
    canvas = Image.new("RGB", (len(seen) * (w + gap) - gap, h), "white")
    for at, image in enumerate(seen):
        canvas.paste(image.resize((w, h), Image.Resampling.NEAREST), (at * (w + gap), 0))
    return canvas


def _levels(cipher: Any) -> Any:
    """Numbers that are no bytes, spread over 0..255 for the eye."""
    low, high = float(cipher.min()), float(cipher.max())
    return ((cipher - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
