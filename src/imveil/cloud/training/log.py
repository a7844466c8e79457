"""What a run leaves behind for people: log.csv, curves.png and report.html, which needs nothing beside itself."""

from __future__ import annotations

import base64
import csv
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from imveil.errors import BadDestination

if TYPE_CHECKING:
    from imveil.cloud.prediction import Score
    from imveil.cloud.training.loop import Trained
    from imveil.cloud.training.settings import Epoch

SIZE, EDGE = (720, 360), 56
BLUE, ORANGE, GREY = "#1f5fa8", "#c75b12", "#888888"
STYLE = "body{font:15px sans-serif;margin:2em;max-width:60em}td,th{padding:2px 8px;text-align:right}"
STYLE += "th{color:#555}td.hit{background:#e3eefa}"


def write_log(place: Path, trained: Trained, classes: Sequence[str], score: Score | None, title: str) -> None:
    """The three files in a folder, which is made if need be. BadDestination where they cannot be written.

    Parameters
    ----------
    score
        On the test pictures, None where there are none.
    """
    picture = curves(trained.history)
    page = report(trained, classes, score, title, picture)
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / "log.csv").write_text(table(trained.history), encoding="utf-8", newline="")
        (place / "curves.png").write_bytes(picture)
        (place / "report.html").write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadDestination(f"{place} cannot be written to: {error.strerror or error}") from error


def table(history: Sequence[Epoch]) -> str:
    """A line an epoch: epoch, loss, validation (0..1, empty without), seconds since the start."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["epoch", "loss", "validation", "seconds"])
    for one in history:
        held = "" if one.valid is None else f"{one.valid:.6f}"
        lines.writerow([one.number, f"{one.loss:.6f}", held, f"{one.seconds:.2f}"])
    return out.getvalue()


def curves(history: Sequence[Epoch]) -> bytes:
    """A PNG: the loss (left scale) and the validation accuracy (right scale) over the epochs."""
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    (w, h), font = SIZE, ImageFont.load_default(13)
    right, bottom = w - EDGE, h - 40
    draw.rectangle((EDGE, 24, right, bottom), outline=GREY)
    top = max((one.loss for one in history), default=1.0) * 1.05 or 1.0
    last = max((one.number for one in history), default=1)

    def place(number: int, share: float) -> tuple[float, float]:
        x = EDGE + (right - EDGE) * ((number - 1) / (last - 1) if last > 1 else 0.5)
        return x, bottom - (bottom - 24) * share

    def line(points: list[tuple[float, float]], colour: str) -> None:
        draw.line(points, fill=colour, width=2)
        for x, y in points:
            draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)

    line([place(one.number, one.loss / top) for one in history], BLUE)
    line([place(one.number, one.valid) for one in history if one.valid is not None], ORANGE)
    draw.text((8, 4), "loss", fill=BLUE, font=font)
    draw.text((w - 8, 4), "validation accuracy", fill=ORANGE, font=font, anchor="ra")
    for share in (0.0, 0.5, 1.0):
        y = bottom - (bottom - 24) * share
        draw.text((EDGE - 6, y), f"{top * share:.2f}", fill=BLUE, font=font, anchor="rm")
        draw.text((right + 6, y), f"{share:.0%}", fill=ORANGE, font=font, anchor="lm")
    draw.text((EDGE, bottom + 6), "epoch 1", fill=GREY, font=font)
    draw.text((right, bottom + 6), f"epoch {last}", fill=GREY, font=font, anchor="ra")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def report(trained: Trained, classes: Sequence[str], score: Score | None, title: str, picture: bytes) -> str:
    """The page: curves, accuracy with its interval, confusion matrix, the recipe."""
    data = base64.b64encode(picture).decode()
    parts = [f'<p><img alt="loss and validation accuracy" src="data:image/png;base64,{data}"></p>']
    if score is not None:
        low, high = score.interval
        parts.append(
            f"<p>Test accuracy <b>{score.accuracy:.2%}</b> ({score.right:,} of {score.n:,}; "
            f"95 % interval {low:.2%} to {high:.2%}). Balanced accuracy {score.balanced:.2%}; always answering "
            f"{html.escape(classes[score.always[0]])} gives {score.always[1]:.2%}.</p>"
        )
        parts.append(_confusion(score, classes))
    recipe = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in vars(trained.settings).items()
    )
    parts.append(f"<h2>Recipe</h2><table>{recipe}</table>")
    head = html.escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{head}</title><style>{STYLE}</style></head>'
        f"<body><h1>{head}</h1>{''.join(parts)}</body></html>\n"
    )


def _confusion(score: Score, classes: Sequence[str]) -> str:
    names = [html.escape(name) for name in classes]
    rows = "".join(
        f"<tr><th>{name}</th>"
        + "".join(f"<td{' class=hit' if i == j else ''}>{int(n):,}</td>" for j, n in enumerate(row))
        + "</tr>"
        for i, (name, row) in enumerate(zip(names, score.confusion, strict=True))
    )
    head = "".join(f"<th>{name}</th>" for name in names)
    return f"<h2>Confusion: a row each class, a column each answer</h2><table><tr><th></th>{head}</tr>{rows}</table>"
