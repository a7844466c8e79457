"""Tables of claims, of what each attack recovers, and of the status of every scheme, all from records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean, stdev
from typing import Any

from scripts.tables._markdown import markdown

import imveil
from imveil import record
from imveil.lab.claims import Claim, Judged, judge
from imveil.lab.evidence import Result, results, status
from imveil.lab.paper import PAPER
from imveil.lab.questions import VARIANTS
from imveil.record import Record
from imveil.schemes.base import Scheme

Rows = list[list[str]]


def claims_page(judged: Sequence[tuple[Claim, Sequence[Judged]]]) -> str:
    """A section each claim: the sentence, then a line each reading."""
    parts = []
    for claim, verdicts in judged:
        lines = ["| in which reading | | measured |", "|---|---|---|"]
        for reading, one in zip(claim.readings, verdicts, strict=True):
            means = reading.means.replace("|", "\\|")  # a bar of |v - 127.5| would end the cell
            lines.append(f"| {means} | **{one.verdict}** | {one.words} |")
        parts.append(f"## {claim.says}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def variants() -> list[Scheme]:
    """The schemes that records are about: each with its defaults, some with other fields."""
    return [imveil.find(id, **fields) for id in imveil.schemes.names() for fields in ({}, *VARIANTS.get(id, []))]


def named(scheme: Scheme) -> str:
    """The id, and the fields that are not at their default.

    >>> named(imveil.find("negpos/1", per_image=True))
    '`negpos/1` per_image=True'
    """
    return " ".join([f"`{scheme.id}`", *(f"{name}={value}" for name, value in scheme.changed().items())])


def status_table(records: Iterable[Record]) -> tuple[list[str], Rows]:
    """Header and a row each scheme."""
    kept = list(records)
    rows = [[named(scheme), status(scheme, kept)] for scheme in variants()]
    return ["scheme", "status, from records"], rows


HEADER = ["scheme", "attack", "given", "recovery", "sd", "95 %", "SSIM", "blind", "right among", "on noise"]
HEADER += ["runs", "seconds"]


def recovery_table(records: Iterable[Record]) -> tuple[list[str], Rows]:
    """Header and a row each attack on each scheme and kind of pictures."""
    kept = list(records)
    rows = []
    for scheme in variants():
        for one in sorted(results(scheme, kept), key=lambda r: (r.data, r.attack, r.amount)):
            rows.append([named(scheme), *_cells(one)])
    return HEADER, rows


def _cells(one: Result) -> list[str]:
    runs = one.records
    found: list[dict[str, Any]] = [r.facts["found"] for r in runs]
    values = [r.value for r in runs]

    def mean(name: str) -> float:
        return fmean(f[name] for f in found)

    return [
        f"`{one.attack}`",
        f"{one.words}, {one.data}",
        f"{one.recovery:.3f}",
        f"{stdev(values):.3f}" if len(values) > 1 else "",
        f"{one.low:.3f} to {one.high:.3f}",
        f"{mean('ssim'):.3f}",
        f"{mean('blind'):.3f}",
        f"{one.identified:.1%} of {found[0]['gallery']:,}",
        f"{fmean(f['control']['recovery'] for f in found):.3f}, {fmean(f['control']['identified'] for f in found):.1%}",
        f"{len(runs)} x {runs[0].n}",
        f"{fmean(r.seconds for r in runs):.3g}",
    ]


def status_page() -> str:
    """One line a scheme: the worst that was measured."""
    return markdown(*status_table(record.read("recovery")))


def recovery() -> str:
    """One line an attack on a scheme."""
    return markdown(*recovery_table(record.read("recovery")))


def claims() -> str:
    """The founding paper's claims, a section each."""
    return claims_page(judge(PAPER)[0])


TABLES = {
    "status": status_page,
    "recovery": recovery,
    "claims": claims,
}
