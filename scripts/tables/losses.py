"""What learning on cipher images costs: without the attack, begun with it, and what others published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import NamedTuple

from scripts.tables._markdown import markdown

from imveil.lab.standings import ATTACKS, Row, row_of, runs_of


class Published(NamedTuple):
    """CIFAR-10 in percent: cipher images, plain pictures, by whom."""

    cipher: float
    plain: float
    source: str


MADONO = "Madono et al., arXiv 2001.07761"
KIYA = "AprilPyone, Kiya, arXiv 2010.00801, blocks of 4"
PUBLISHED = {
    "le": Published(94.94, 96.70, MADONO),
    "ele": Published(83.06, 96.70, MADONO),
    "etc": Published(89.09, 96.70, MADONO),
    "shf": Published(92.56, 95.43, KIYA),
    "np_block": Published(93.41, 95.43, KIYA),
    "ffx": Published(92.27, 95.43, KIYA),
}
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
        theirs = PUBLISHED.get(row.recipe.removesuffix(END))
        rows.append(
            [
                f"`{row.recipe}`",
                _percent(row.values),
                f"{plain - (row.accuracy or 0):.1f}",
                "" if without is None else f"{plain - without:.1f}",
                "" if theirs is None else f"{theirs.plain - theirs.cipher:.1f}",
                "" if theirs is None else theirs.source,
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
