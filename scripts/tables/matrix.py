"""The matrix as a table and as a picture: every configuration against every attack, the data sets that are complete."""

from __future__ import annotations

from html import escape
from string import ascii_lowercase

from scripts.records.matrix import DATA, SEARCHES, STEPS, TERMS, TRAINS, configurations, played
from scripts.tables._markdown import markdown

from imveil import attacks
from imveil.interval import wilson
from imveil.record import Record

Grid = list[list[Record | str]]
SIDE, LEFT, TOP, GAP, RIGHT = 17, 200, 150, 28, 50
EMPTY, LINE = "#e4e4e8", "#ffffff"


def complete() -> dict[str, tuple[list[str], Grid]]:
    """Of each data set the attacks that were played against all configurations that they fit: their names, and rows of
    records, or of reasons. Sets without any are left out."""
    found: dict[str, tuple[list[str], Grid]] = {}
    for data in DATA:
        every = list(played(data))
        whole = [at for at in range(len(attacks.names())) if all(row[at] is not None for row in every)]
        some = [at for at in whole if any(isinstance(row[at], Record) for row in every)]
        if some:
            grid = [[cell for at in some if (cell := row[at]) is not None] for row in every]
            found[data] = [attacks.names()[at] for at in some], grid
    return found


def matrix() -> str:
    """A table each data set, and what its letters mean."""
    parts = []
    known = complete()
    for data, (names, grid) in known.items():
        reasons = sorted({cell for row in grid for cell in row if isinstance(cell, str)})
        letters = dict(zip(reasons, ascii_lowercase, strict=False))
        rows = [
            [named(id, fields), *(letters[cell] if isinstance(cell, str) else told(cell) for cell in row)]
            for (id, fields), row in zip(configurations(), grid, strict=True)
        ]
        legend = "\n".join(f"* {letter}: does not apply, {reason}" for reason, letter in letters.items())
        parts.append(f"## {data}\n\n{markdown(['', *names], rows)}\n{legend}\n")
    there, every = sum(len(names) for names, _ in known.values()), len(DATA) * len(attacks.names())
    if there < every:
        parts.append(
            f"Shown are the columns that are complete, {there} of {every}: data sets and attacks that are missing "
            "were not played yet, and `python -m scripts.records matrix` goes on where it was "
            "left."
        )
    return "\n".join(parts) + "\n"


def named(id: str, fields: dict[str, object]) -> str:
    """A configuration, as short as it can be."""
    return " ".join([f"`{id}`", *(f"{name}={value}" for name, value in fields.items())])


def told(one: Record) -> str:
    """A cell: recovery with its interval, then the share of right picks with its own."""
    picked, n = float(one.facts["found"]["identified"]), one.n
    low, high = wilson(round(picked * n), n)
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f}), {picked:.0%} ({low:.0%} to {high:.0%}), n={n}"


def terms() -> str:
    """What every cell was given, in a sentence."""
    return (
        f"Every cell is one game under one key: {TERMS.targets} targets, {TERMS.ciphers} cipher images, {TERMS.pairs} "
        f"known pairs, {TERMS.public} public pictures, {TERMS.gallery:,} candidates; attacks that train have "
        f"{TRAINS.targets} targets, {TRAINS.pairs} pairs and {STEPS} steps, a tenth of what they take by default, so "
        f"that their zeros say little; those that search for each picture anew have {SEARCHES.targets} targets. Picked "
        "among fewer candidates where a data set is small.\n"
    )


def draw() -> str:
    """An SVG: a panel each data set; the redder a cell the more came back, a dot where the picture is picked."""
    grids, rows = complete(), configurations()
    high = len(rows) * SIDE
    wide = sum(len(names) * SIDE + GAP for names, _ in grids.values())
    w, h = LEFT + max(wide, 120) + RIGHT, TOP + high + 20
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" font-family="sans-serif" font-size="11">',
        f'<rect width="{w}" height="{h}" fill="white"/>',
    ]
    for y, (id, fields) in enumerate(rows):
        words = escape(named(id, fields).replace("`", ""))
        lines.append(f'<text x="{LEFT - 8}" y="{TOP + y * SIDE + 12}" text-anchor="end">{words}</text>')
    x0 = LEFT
    for data, (names, grid) in grids.items():
        lines.append(f'<text x="{x0}" y="{TOP + high + 14}" fill="#555">{escape(data)}</text>')
        for x, name in enumerate(names):
            at = x0 + x * SIDE + 12
            lines.append(f'<text transform="translate({at} {TOP - 6}) rotate(-60)">{escape(name)}</text>')
        for y, row in enumerate(grid):
            for x, cell in enumerate(row):
                lines += _cell(cell, x0 + x * SIDE, TOP + y * SIDE)
        x0 += len(names) * SIDE + GAP
    return "\n".join([*lines, "</svg>"]) + "\n"


def _cell(cell: Record | str, x: int, y: int) -> list[str]:
    square = f'<rect x="{x}" y="{y}" width="{SIDE}" height="{SIDE}" stroke="{LINE}" fill='
    if isinstance(cell, str):
        return [f'{square}"{EMPTY}"/>']
    left = round(255 * (1 - min(1.0, cell.value)))
    fill = f'"rgb({179 + left * 70 // 255},{38 + left * 208 // 255},{30 + left * 214 // 255})"'
    lines = [f"{square}{fill}/>"]
    if cell.facts["found"]["identified"] >= 0.5:
        lines.append(f'<circle cx="{x + SIDE / 2}" cy="{y + SIDE / 2}" r="2.6" fill="#111"/>')
    return lines


TABLES = {"matrix": matrix, "matrix-terms": terms}
FILES = {"docs/pictures/matrix.svg": draw}
