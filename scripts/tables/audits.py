"""Audits on paper: one line each, from their records."""

from __future__ import annotations

from collections.abc import Iterable

from scripts.tables._markdown import markdown
from scripts.tables.speed import machines

from imveil import record
from imveil.audit.verdicts import held
from imveil.record import Record, latest

Table = tuple[list[str], list[list[str]]]

HEADER = [
    "scheme", "fields", "pictures", "views", "verdict", "attack told of", "it had", "recovery (95 %)", "on noise",
    "SSIM, blind guess", "picked, on noise", "picked at best", "attacks tried", "seconds of",
]  # fmt: skip


def audits_table(records: Iterable[Record]) -> Table:
    """Header and rows, one an audit."""
    return HEADER, [_row(one) for one in latest(records)]


def _row(one: Record) -> list[str]:
    facts, found = one.facts, one.facts["found"]
    best = found["told"]
    row = [
        f"`{facts['scheme']}`",
        ", ".join(f"{name}={value}" for name, value in facts["fields"].items()) or "none",
        f"{found['pictures']:,} of {facts['data']}",
        " ".join(facts["views"]),
        found["level"],
    ]
    if best is None:
        return [*row, *[""] * 7, "0", f"{one.seconds:.0f} of {facts['budget']:.0f}"]
    picks = max(found["findings"], key=lambda line: line["identified"] or 0.0)
    tried = {line["attack"] for line in found["findings"]}
    return [
        *row,
        best["attack"],
        held(best),
        f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f}), sd {best['sd']:.3f} over {best['seeds']}, n={one.n}",
        f"{best['control'] or 0.0:.3f}",
        f"{best['ssim']:.3f}, {best['blind']:.3f} ({best['blind_guess']})",
        f"{best['identified']:.0%} of {best['gallery']:,}, {best['control_identified'] or 0.0:.0%}",
        f"{picks['identified'] or 0.0:.0%} ({picks['attack']})",
        str(len(tried)),
        f"{one.seconds:.0f} of {facts['budget']:.0f}",
    ]


def audits() -> str:
    """One line an audit, and where they were run."""
    records = record.read("audit")
    return markdown(*audits_table(records)) + "\n" + machines(records)


TABLES = {
    "audits": audits,
}
