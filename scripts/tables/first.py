"""The table of README: what a net learns beside what an attacker recovers and whom he finds again, in six rows."""

from __future__ import annotations

from scripts.tables._markdown import markdown

import imveil
from imveil import record
from imveil.lab.evidence import results
from imveil.lab.standings import Row, front, rows
from imveil.lab.tables.leaderboard import WORDS, name, spread

# From plain pictures to noise: the baseline, three that are broken, the best that is not, the control.
SHOWN = ("fresh_plain", "seed_start", "le_blocks", "etc", "mirrored_negpos_images", "control")
HEADER = ["scheme", "key for", "accuracy, %", "best recovery", "from", "picked out of 1,000"]


def first_table() -> tuple[list[str], list[list[str]]]:
    """Header and rows, in the order of SHOWN."""
    found = {row.recipe: row for row in rows()}
    return HEADER, [_cells(found[one]) for one in SHOWN]


def _cells(row: Row) -> list[str]:
    scheme = imveil.find(row.scheme, **row.fields)
    picked = max(one.identified for one in results(scheme, record.read("recovery")))
    apart = spread(row)
    runs = f"{row.accuracy:.1f} ({apart}{', ' if apart else ''}n={row.n})"
    net = "" if row.adapter == "none" else f", {front(row.adapter)}"
    return [
        f"{name(row)}{net}",
        "an image" if row.key_scope == "image" else "the set",
        runs,
        "" if row.recovery is None else f"{row.recovery:.2f}",
        "" if not row.recovery or row.view is None else WORDS[row.view],
        f"{picked:.1%}",
    ]


def first() -> str:
    """The six rows of README."""
    return markdown(*first_table())


TABLES = {"first": first}
