"""Contact sheets: rows of small pictures with a word before each, as one PNG or as one HTML page that needs nothing
else."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
img { image-rendering: pixelated; max-width: 100%; height: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #8886; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
"""


@dataclass(frozen=True)
class Row:
    """One row of a sheet.

    Attributes
    ----------
    label
        What the pictures are.
    images
        (n, h, w, c) uint8.
    note
        A second, smaller line.
    """

    label: str
    images: Any
    note: str = ""


def sheet(rows: Sequence[Row], *, cell: int = 96, label: int = 260) -> Image.Image:
    """All rows as one picture, every image scaled to fit into `cell` pixels without smoothing.

    >>> sheet([Row("plain", np.zeros((2, 8, 8, 3), np.uint8))], cell=10, label=20).size
    (48, 14)
    """
    across = max((len(row.images) for row in rows), default=0)
    canvas = Image.new("RGB", (label + across * (cell + 4) + (0 if label else 4), len(rows) * (cell + 4)), "white")
    draw = ImageDraw.Draw(canvas)
    for y, row in enumerate(rows):
        top = y * (cell + 4) + 2
        draw.text((8, top + cell // 2 - 18), row.label, fill="black", font=ImageFont.load_default(17))
        draw.text((8, top + cell // 2 + 4), row.note, fill="#555", font=ImageFont.load_default(13))
        for x, image in enumerate(row.images):
            seen = picture(image)
            w, h = (max(1, round(side * cell / max(seen.size))) for side in seen.size)
            small = seen.resize((w, h), Image.Resampling.NEAREST)
            canvas.paste(small, (label + x * (cell + 4) + 2 + (cell - w) // 2, top + (cell - h) // 2))
    return canvas


def picture(image: Any) -> Image.Image:
    """One array (h, w, c) uint8 as an RGB picture: grey is repeated, alpha is dropped, two channels show the first."""
    array = np.asarray(image)
    return Image.fromarray(np.repeat(array[:, :, :1], 3, axis=2) if array.shape[2] < 3 else array[:, :, :3])


def data_url(image: Image.Image) -> str:
    """A picture as a `data:` address, so that a page needs no file beside it."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """An HTML table; cells that begin with a digit are set as numbers.

    >>> table(["a"], [["1 %"], ["<b>"]])
    '<table><tr><th>a</th></tr><tr><td class="number">1 %</td></tr><tr><td>&lt;b&gt;</td></tr></table>'
    """

    def cell(text: str) -> str:
        kind = ' class="number"' if text[:1].isdigit() else ""
        return f"<td{kind}>{html.escape(text)}</td>"

    first = "".join(f"<th>{html.escape(text)}</th>" for text in head)
    rest = "".join("<tr>" + "".join(map(cell, line)) + "</tr>" for line in lines)
    return f"<table><tr>{first}</tr>{rest}</table>"


def page(title: str, body: str) -> str:
    """A whole HTML page that loads nothing from anywhere.

    Parameters
    ----------
    body
        HTML.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{html.escape(title)}</h1>{body}</body></html>\n"
    )


def write_page(path: Path, title: str, rows: Sequence[Row], text: str) -> None:
    """`path` (an .html) with the sheet in it, and the sheet alone beside it as .png.

    Parameters
    ----------
    text
        HTML that comes after it.
    """
    drawn = sheet(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn.save(path.with_suffix(".png"))
    body = f'<p><img alt="contact sheet" src="{data_url(drawn)}"></p>{text}'
    path.write_text(page(title, body), encoding="utf-8")
