"""What learning on cipher images costs: without the attack, begun with it, and what others published."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import NamedTuple

from scripts.tables._markdown import markdown

from imveil import record


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
WITHOUT = ("", "_blocks", "_own", "_lookup", "_bits", "_fold_sort", "_mixer")
END = "_start"


def losses() -> str:
    """A row a recipe that begins with the attack and has a record: points behind plain pictures at the same budget."""
    runs: dict[str, list[float]] = defaultdict(list)
    for one in record.latest(record.read("accuracy")):
        if one.facts["query"] == "same":
            runs[one.name].append(one.value)
    rows = []
    for name in sorted(name for name in runs if name.endswith(END)):
        base = name.removesuffix(END)
        set_, _, bare = base.rpartition("_") if base.startswith(("hundred_", "mirrored_", "hour_")) else ("", "", base)
        prefix = f"{set_}_" if set_ else ""
        plain = runs.get(f"{prefix}plain")
        if not plain:
            continue
        best = max((fmean(runs[key]) for end in WITHOUT if (key := f"{base}{end}") in runs), default=None)
        known = PUBLISHED.get(bare) if not set_ else None
        rows.append(
            [
                f"`{name}`",
                _percent(runs[name]),
                _points(fmean(plain), fmean(runs[name])),
                "" if best is None else _points(fmean(plain), best),
                "" if known is None else f"{known.plain - known.cipher:.1f}",
                "" if known is None else known.source,
            ]
        )
    header = ["recipe", "accuracy, % (runs)", "points behind plain", "without the attack", "published loss", "by"]
    return markdown(header, rows)


def _percent(values: list[float]) -> str:
    ends = f", {min(values):.2f} to {max(values):.2f}" if len(values) > 1 else ""
    return f"{fmean(values):.2f} ({len(values)}{ends})"


def _points(plain: float, cipher: float) -> str:
    return f"{plain - cipher:.1f}"


TABLES = {"losses": losses}
