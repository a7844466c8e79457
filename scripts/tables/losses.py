"""What learning on cipher images costs: without the attack, begun with it, and what others published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from scripts.tables._markdown import markdown

import imveil
from imveil.lab.board.published_accuracies import published
from imveil.lab.standings import ATTACKS, Row, row_of, runs_of

END = "_start"  # of recipes that begin with what the solver finds


def losses() -> str:
    """A row a recipe that begins with the attack and has a record: points behind plain pictures at the same budget."""
    known = [row for row in map(row_of, runs_of()) if not row.wrong_key and row.accuracy is not None]
    rows = []
    for row in sorted(known, key=lambda row: row.recipe):
        others = [one for one in known if _budget(one) == _budget(row)]
        plain = _most(one for one in others if one.scheme == "plain/1")
        if not row.adapter.endswith(END) or plain is None:
            continue
        without = _most(one for one in others if _scheme(one) == _scheme(row) and one.adapter not in ATTACKS)
        theirs = published(row.data, row.scheme, imveil.find(row.scheme, **row.fields).config())
        rows.append(
            [
                f"`{row.recipe}`",
                _percent(row.values),
                f"{plain - (row.accuracy or 0):.1f}",
                "" if without is None else f"{plain - without:.1f}",
                "" if theirs is None else f"{theirs.plain - theirs.accuracy:.1f}",
                "" if theirs is None else ", ".join(filter(None, (theirs.source, theirs.backbone, theirs.note))),
            ]
        )
    header = ["recipe", "accuracy, % (runs)", "points behind plain", "without the attack", "published loss", "by"]
    return markdown(header, rows)


def _budget(row: Row) -> tuple[object, ...]:
    return row.data, row.epochs, row.mirror, row.device


def _scheme(row: Row) -> tuple[str, str]:
    return row.scheme, str(row.fields)


def _most(rows: Iterable[Row]) -> float | None:
    return max((row.accuracy for row in rows if row.accuracy is not None), default=None)


def _percent(values: Sequence[float]) -> str:
    ends = f", {min(values):.2f} to {max(values):.2f}" if len(values) > 1 else ""
    return f"{fmean(values):.2f} ({len(values)}{ends})"


TABLES = {"losses": losses}
