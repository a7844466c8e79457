"""Sequences on paper: records as rows of two tables, and the pictures of docs/sequences.md.

Pictures need matplotlib (the extra `audit`); they are drawn from the laboratory's first key and are the same each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imveil.audit.game.challenger import key_of
from imveil.errors import MissingExtra
from imveil.lab.bench.sequences import CONTROL, UNITS, chaotic, draw
from imveil.record import Record, latest
from imveil.schemes.chaos import loops
from imveil.schemes.chaos.orbit import WINDOWS

Table = tuple[list[str], list[list[str]]]

NAMES = {"Logistic": "logistic", "SkewTent": "skew tent", "Henon": "Henon", "Lattice": "lattice"}


def bytes_table(records: Iterable[Record], spread: bool = True) -> Table:
    """Header and rows: what each kind of sequence is as bytes, mean over keys.

    Parameters
    ----------
    spread
        With the standard deviation.
    """
    groups: dict[tuple[str, str, bool], dict[str, Record]] = {}
    for one in latest(records):
        if "quantiser" in one.facts:
            kind = one.facts["scheme"], one.facts["quantiser"], one.facts["shuffle"]
            groups.setdefault(kind, {})[one.name] = one
    header = ["sequence", "quantiser", "shuffle", "entropy", "chi2", "lag-1", "missing", "MB/s", "keys"]
    rows = []
    for (scheme, quantiser, shuffle), found in groups.items():
        if not {*UNITS, "key to mask"} <= set(found):
            continue
        entropy, chi, lag, missing = (found[name] for name in UNITS)
        rows.append(
            [
                scheme,
                quantiser,
                "on" if shuffle else "off",
                f"{entropy.value:.4f}",
                _mean(chi, ".4g", spread),
                _mean(lag, "z.4f", spread),
                f"{missing.value:.0f}",
                f"{found['key to mask'].value:.0f}",
                str(entropy.n),
            ]
        )
    return header, rows


def maps_table(records: Iterable[Record]) -> Table:
    """Header and rows: what the orbits of each map are in binary64."""
    groups: dict[str, list[Record]] = {}
    for one in latest(records):
        if "map" in one.facts:
            groups.setdefault(one.facts["map"], []).append(one)
    header = ["map", "MB/s", "exponents", "orbits that close", "early repeats", "neighbours", "mirrored"]
    rows = []
    for name, found in groups.items():
        by_name = {one.name: one for one in found if "r" not in one.facts and one.name != "Lyapunov exponent"}
        exponents = sorted((one.facts["which"], one.value) for one in found if one.name == "Lyapunov exponent")
        speed = by_name.get("orbit to bytes")
        cells = [NAMES.get(name, name), f"{speed.value:.0f}" if speed else ""]
        cells.append(_few([f"{value:.3f}" for _, value in exponents]))
        cells.append("; ".join(_closing(one) for one in found if one.name == "orbits that close"))
        cells += [_share(by_name.get(key)) for key in ("early repeats", "x0 and its neighbour", "x0 and 1 - x0")]
        rows.append(cells)
    return header, rows


def _mean(one: Record, form: str, spread: bool) -> str:
    sd = one.facts.get("sd")
    return f"{one.value:{form}}" + (f" ± {sd:{form}}" if spread and sd is not None else "")


def _few(texts: list[str]) -> str:
    """All of up to three, else first and last."""
    return ", ".join(texts) if len(texts) <= 3 else f"{texts[0]} to {texts[-1]} ({len(texts)} of them)"


def _closing(one: Record) -> str:
    """How many, the earliest return, a cycle that several keys share, and how many orbits come to rest."""
    closed, under = one.facts["closed"], f"{one.facts['limit']:.0e}".replace("e+0", "e")
    said = f"{'r = 4: ' if 'r' in one.facts else ''}{len(closed)} of {one.n} in {under} steps"
    if not closed:
        return said
    lengths = [length for _, length in closed if length > 1]
    said += f", the first after {sum(closed[0]):,}"
    common = max(lengths, key=lambda length: (lengths.count(length), length), default=0)
    if lengths.count(common) > 1:
        said += f", {lengths.count(common)} on one cycle of {common:,}"
    rest = len(closed) - len(lengths)
    return f"{said}, {rest} at rest" if rest else said


def _share(one: Record | None) -> str:
    if one is None:
        return "none"
    return (
        f"{one.value:.2%} of {one.n:,}"
        if one.value > 1e-3
        else f"{one.facts['count']} of {one.n:,} (below {one.high:.1e})"
    )


def pictures(folder: Path) -> list[Path]:
    """Draw bifurcation.png, histograms.png and shuffle.png into `folder`. Raises MissingExtra without matplotlib."""
    try:
        import matplotlib
    except ImportError as error:
        raise MissingExtra("pictures of sequences need matplotlib", hint="pip install 'imveil[audit]'") from error
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    made = []
    for name, paint in (("bifurcation", _bifurcation), ("histograms", _histograms), ("shuffle", _shuffle)):
        figure = paint(plt)
        made.append(folder / f"{name}.png")
        figure.canvas.draw()
        # Thirty-two colours are enough, and a fifth of the bytes.
        picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[:, :, :3]).quantize(32)
        picture.save(made[-1], optimize=True)
        plt.close(figure)
    return made


def _bifurcation(plt: Any) -> Any:
    """Where the numbers of an orbit lie, by the parameter of each map; what derived keys use is marked."""
    figure, panels = plt.subplots(2, 2, figsize=(10, 6.5), dpi=90, layout="constrained")
    ring = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.85, 0.95]
    maps: list[tuple[str, str, Any, list[float], Callable[[float], list[float]], tuple[float, float]]] = [
        ("logistic", "r", loops.logistic, [0.3], lambda r: [r], (3.5, 4.0)),
        ("skew tent", "p", loops.skew_tent, [0.3], lambda p: [p], (0.02, 0.98)),
        ("Henon, b = 0.3", "a", loops.henon, [0.1, 0.1], lambda a: [a, 0.3], (1.0, 1.4)),
        ("lattice, r = 3.99995", "coupling", loops.lattice, ring, lambda e: [3.99995, 1 - e, e / 2], (0.0, 1.0)),
    ]
    for panel, (title, parameter, loop, start, fixed, (low, high)) in zip(panels.flat, maps, strict=True):
        step, columns = loops.compiled(loop), []
        for value in np.linspace(low, high, 560):
            state, out = np.array(start), np.empty(16_000)
            step(state, np.array(fixed(value)), out)
            columns.append(np.histogram(out[8_000:], bins=300, range=(0, 1))[0])
        shade = np.log1p(np.array(columns).T)
        panel.imshow(shade, origin="lower", aspect="auto", extent=(low, high, 0, 1), cmap="Greys", interpolation="none")
        panel.set(title=title, xlabel=parameter, ylabel="numbers of the orbit")
    for first, last, _ in WINDOWS:
        panels[0, 0].axvspan(first, last, color="tab:red", alpha=0.25, lw=0)
    for panel, used in zip(panels.flat, ((3.9995, 4.0), (0.25, 0.45), (1.398, 1.4), (0.048, 0.052)), strict=True):
        panel.axvspan(*used, color="tab:blue", alpha=0.25, lw=0)
    figure.suptitle("Blue: what keys use. Red: the periodic windows that are refused as material.", fontsize=10)
    return figure


def _first(scheme: str, quantiser: str, shuffle: bool) -> Any:
    return draw(scheme, quantiser, shuffle, key_of(0, "sequences"), 500)


def _columns() -> Sequence[str]:
    return [*chaotic(), CONTROL]


def _histograms(plt: Any) -> Any:
    """How often each byte comes: floor256 and mantissa. The shuffle changes none of it."""
    figure, panels = plt.subplots(
        2, len(_columns()), figsize=(11, 4), dpi=90, layout="constrained", sharex=True, sharey="row", squeeze=False
    )
    for row, quantiser in zip(panels, ("floor256", "mantissa"), strict=True):
        for panel, scheme in zip(row, _columns(), strict=True):
            counts = np.bincount(_first(scheme, quantiser, True), minlength=256)
            panel.fill_between(np.arange(256), 256 * counts / counts.sum(), step="mid", color="0.3")
            panel.set_ylim(0, 3)
            if quantiser == "floor256":
                panel.set_title(scheme, fontsize=9)
        row[0].set_ylabel(f"{quantiser}\nshare x 256")
    return figure


def _shuffle(plt: Any) -> Any:
    """Each byte against the next one, floor256: the map itself without the shuffle, nothing with it."""
    figure, panels = plt.subplots(
        2, len(_columns()), figsize=(11, 4.8), dpi=90, layout="constrained", sharex=True, sharey=True, squeeze=False
    )
    for row, shuffle in zip(panels, (False, True), strict=True):
        for panel, scheme in zip(row, _columns(), strict=True):
            data = _first(scheme, "floor256", shuffle).astype(np.int64)
            seen = np.bincount(data[1:] // 2 * 128 + data[:-1] // 2, minlength=1 << 14).reshape(128, 128)
            panel.imshow(np.log1p(seen), origin="lower", extent=(0, 256, 0, 256), cmap="Greys", interpolation="none")
            panel.set_title(scheme if not shuffle else "", fontsize=9)
        row[0].set_ylabel(f"shuffle {'on' if shuffle else 'off'}\nnext byte")
    for panel in panels[1]:
        panel.set_xlabel("byte")
    return figure
