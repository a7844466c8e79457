"""The leaderboard as a table and as a plot: accuracy against the best recovery."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from imveil.lab.board.published_accuracies import published
from imveil.lab.standings import Row, front

HEADER = ["recipe", "scheme", "key", "model, adapter", "epochs", "accuracy, %", "loss to plain", "spread", "runs"]
HEADER += ["best recovery", "by", "picked of 1,000", "adapter shows", "published: loss, %", "dominated", "equal to"]
WORDS = {
    "one": "one cipher image",
    "many": "cipher images alone",
    "pairs": "known pictures",
    "chosen": "chosen pictures",
    "gallery": "a list of candidates",
}
W, H, LEFT, TOP, RIGHT, BOTTOM = 760, 480, 60, 24, 24, 48


def table(measured: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Header and a row each recipe."""
    return HEADER, [_cells(row, measured) for row in measured]


def name(row: Row) -> str:
    """The scheme, and the fields that are not at their default."""
    return " ".join([f"`{row.scheme}`", *(f"{k}={v}" for k, v in row.fields.items())])


def _cells(row: Row, measured: Sequence[Row]) -> list[str]:
    key = "an image" if row.key_scope == "image" else "the set"
    lost = loss(row, measured)
    called = row.recipe if row.data == "cifar10" else f"{row.recipe} ({row.data})"
    return [
        f"{called}, by {row.by}" if row.by else called,
        name(row),
        f"{key}, asked with another" if row.wrong_key else key,
        f"{row.model}, {front(row.adapter)}" + (", mirrored" if row.mirror else ""),
        str(row.epochs),
        f"{row.accuracy or 0.0:.2f}",
        "" if lost is None else f"{lost:.2f}",
        spread(row),
        str(row.n),
        "not measured" if row.recovery is None else f"{row.recovery:.3f}",
        "" if row.view is None else WORDS[row.view],
        "not measured" if row.identified is None else f"{100 * row.identified:.3g} %",
        "" if row.shown is None else f"{row.shown:.3f}",
        _published(row),
        "yes" if row.dominated else "",
        row.equal,
    ]


def spread(row: Row) -> str:
    """How far runs lie apart: from the lowest to the highest of two, the standard deviation of more."""
    if row.n < 2:
        return ""
    return f"{min(row.values):.2f} to {max(row.values):.2f}" if row.n == 2 else f"sd {row.sd:.2f}"


def loss(row: Row, measured: Iterable[Row]) -> float | None:
    """Points of accuracy that are lost to plain pictures; None for a wrong key, and where these were not run so."""
    plain = _plain(row, measured)
    return None if plain is None or row.accuracy is None or row.wrong_key else plain - row.accuracy


def _plain(row: Row, measured: Iterable[Row]) -> float | None:
    """The best accuracy on plain pictures with the same data, model, epochs, device and way of answering, moved in
    training or not as this row's are."""
    same = [
        one.accuracy
        for one in measured
        if one.scheme == "plain/1" and one.accuracy is not None and one.adapter == "none"
        and (one.data, one.model, one.epochs, one.device, one.mirror, one.augment != "none")
        == (row.data, row.model, row.epochs, row.device, row.mirror, row.augment != "none")
    ]  # fmt: skip
    return max(same, default=None)


def _published(row: Row) -> str:
    import imveil

    if row.wrong_key:
        return ""
    if row.scheme not in imveil.schemes.names():
        return ""
    one = published(row.data, row.scheme, imveil.find(row.scheme, **row.fields).config())
    if one is None:
        return ""
    note = f", {one.note}" if one.note else ""
    return f"{one.plain - one.accuracy:.2f} ({one.accuracy:.2f} of {one.plain:.2f}, {one.backbone}{note})"


def plot(measured: Iterable[Row], data: str = "cifar10") -> str:
    """An SVG: accuracy upwards, best recovery to the right; up and left is good. Dominated rows are hollow.

    Plain pictures are a line across: they hide nothing.
    """
    shown = [row for row in measured if row.data == data and not row.wrong_key and row.accuracy is not None]
    points = [row for row in shown if row.recovery is not None and row.scheme != "plain/1"]
    plain = max((row.accuracy or 0.0 for row in shown if row.scheme == "plain/1"), default=None)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" font-family="sans-serif" font-size="12">',
        f'<rect width="{W}" height="{H}" fill="white"/>',
        *_axes(),
    ]
    if plain is not None:
        y = _y(plain)
        lines.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{W - RIGHT}" y2="{y:.1f}" stroke="#888" stroke-dasharray="4"/>'
        )
        lines.append(f'<text x="{LEFT + 6}" y="{y - 5:.1f}" fill="#555">plain pictures {plain:.1f} %</text>')
    taken: list[tuple[float, float]] = []
    for row in sorted(points, key=lambda r: (-(r.accuracy or 0), r.recipe)):
        x, y = _x(row.recovery or 0.0), _y(row.accuracy or 0.0)
        fill = "white" if row.dominated else "#1f5fa8"
        lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="#1f5fa8"/>')
        at = y
        while any(abs(at - b) < 12 and abs(x - a) < 180 for a, b in taken):
            at += 12
        taken.append((x, at))
        side = ("end", -9) if x > W / 2 else ("start", 9)
        lines.append(
            f'<text x="{x + side[1]:.1f}" y="{at + 4:.1f}" text-anchor="{side[0]}" fill="#222">'
            f"{escape(row.recipe)}</text>"
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


def _x(recovery: float) -> float:
    return LEFT + (W - LEFT - RIGHT) * min(max(recovery, 0.0), 1.0)


def _y(accuracy: float) -> float:
    return H - BOTTOM - (H - TOP - BOTTOM) * accuracy / 100


def _axes() -> list[str]:
    lines = [f'<path d="M{LEFT} {TOP}V{H - BOTTOM}H{W - RIGHT}" fill="none" stroke="#333"/>']
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        lines.append(f'<text x="{_x(share):.1f}" y="{H - BOTTOM + 18}" text-anchor="middle">{share:g}</text>')
        lines.append(f'<text x="{LEFT - 8}" y="{_y(100 * share) + 4:.1f}" text-anchor="end">{100 * share:g}</text>')
    lines.append(
        f'<text x="{(W + LEFT) / 2:.0f}" y="{H - 10}" text-anchor="middle">best recovery by an attack on record</text>'
    )
    lines.append(
        f'<text x="16" y="{H / 2:.0f}" text-anchor="middle" transform="rotate(-90 16 {H / 2:.0f})">accuracy, %</text>'
    )
    return lines
