"""Claims: sentences that are held or refuted by records, never by belief.

A claim has readings, since most sentences of papers have several; each reading is a predicate over records and answers
held, refuted or not measured, with the numbers. Every scheme has the same five claims; papers have their own
(`paper.py`). `judge` measures what is missing within a budget first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any, Literal

import imveil
from imveil import attacks, record
from imveil.lab.evidence import BROKEN, LINKED, RECOGNISABLE, Result, View, given, least, results
from imveil.lab.measurement import Measurement, answers
from imveil.lab.questions import Question, questions
from imveil.record import Record
from imveil.schemes.base import Scheme

Verdict = Literal["held", "refuted", "not reproduced at this budget", "not measured"]
"""Of a net that we trained for minutes, a lower accuracy refutes nothing: it was not reproduced."""


@dataclass(frozen=True)
class Judged:
    """What the records say. words: in a sentence, with the numbers."""

    verdict: Verdict
    words: str = ""


UNKNOWN = Judged("not measured")


class Evidence:
    """All records, read once."""

    def __init__(self, records: Iterable[Record] | None = None) -> None:
        self._given = None if records is None else list(records)
        self._kinds: dict[str, list[Record]] = {}

    def kind(self, kind: str) -> list[Record]:
        """The records of one kind, the last of each digest and seed."""
        if kind not in self._kinds:
            known = record.read(kind) if self._given is None else [r for r in self._given if r.kind == kind]
            self._kinds[kind] = list(record.latest(known))
        return self._kinds[kind]

    def results(self, id: str, **fields: Any) -> list[Result]:
        """What was tried on a scheme with these fields."""
        return results(imveil.find(id, **fields), self.kind("recovery"))


@dataclass(frozen=True)
class Reading:
    """One precise meaning of a claim. asks: what has to be measured for it, ladders as in `questions`."""

    means: str
    judge: Callable[[Evidence], Judged]
    asks: Callable[[], Sequence[Sequence[Measurement]]] = field(default=list)


@dataclass(frozen=True)
class Claim:
    """Attributes
    ----------
    says
        The sentence.
    by
        Who says it.
    """

    name: str
    says: str
    by: str
    readings: Sequence[Reading]


def claims_of(scheme: Scheme) -> list[Claim]:
    """The five that every scheme is asked, each about what one kind of attacker gets."""
    id, fields = scheme.id, scheme.config()

    def asks(view: View) -> list[list[Question]]:
        same = [ladder for ladder in questions([id]) if {**fields, **ladder[0].fields} == fields]
        return [ladder for ladder in same if given(attacks.find(ladder[0].attack).needs) == view]

    def claim(view: View, name: str, says: str, means: str) -> Claim:
        judge = _linked if view == "gallery" else _resisted
        reading = Reading(means, lambda e: judge(e.results(id, **fields), view), lambda: asks(view))
        return Claim(name, says, "asked of every scheme", [reading])

    nothing = f"no attack on record recovers {RECOGNISABLE} of the picture"
    return [
        claim("one", "one cipher image", "One cipher image shows no picture.", nothing),
        claim("many", "cipher images", "Many cipher images under one key show no pictures.", nothing),
        claim("pairs", "known pictures", "Known pictures with their cipher images do not open others.", nothing),
        claim("chosen", "chosen pictures", "Chosen pictures with their cipher images do not open others.", nothing),
        claim(
            "gallery",
            "linking",
            "A cipher image does not tell which of a thousand pictures it is.",
            f"no attack on record picks the right one in {LINKED:.0%} of cases",
        ),
    ]


def _resisted(found: list[Result], view: View) -> Judged:
    tried = [one for one in found if one.view == view]
    if not tried:
        return UNKNOWN
    won = least(tried, view, BROKEN, once=True) or least(tried, view, RECOGNISABLE, once=True)
    best = won or max(tried, key=lambda one: one.recovery)
    names = len({one.attack for one in tried})
    told = f"{told_of(best)}; the best of {names} attacks" if names > 1 else told_of(best)
    return Judged("refuted" if won else "held", told)


def _linked(found: list[Result], view: View) -> Judged:
    tried = [one for one in found if one.view == view]
    if not tried:
        return UNKNOWN
    best = max(tried, key=lambda one: one.identified)
    words = f"{best.attack} picks the right one in {best.identified:.1%} of cases ({_runs(best)})"
    return Judged("refuted" if best.identified >= LINKED else "held", words)


def told_of(one: Result) -> str:
    """A result in words, with spread, control and blind guess."""
    values = [r.value for r in one.records]
    spread = f" (sd {stdev(values):.3f})" if len(values) > 1 else ""
    found = [r.facts["found"] for r in one.records]
    blind = fmean(f["blind"] for f in found)
    noise = fmean(f["control"]["recovery"] for f in found)
    return (
        f"{one.attack} with {one.words} recovers {one.recovery:.3f}{spread}, picks the right one in "
        f"{one.identified:.1%} of cases; {_runs(one)}; on noise {noise:.3f}; blind guess SSIM {blind:.2f}"
    )


def _runs(one: Result) -> str:
    keys = "one key" if one.keys == 1 else f"{one.keys} keys"
    return f"{keys}, {one.records[0].n} targets each, {one.data}"


def judge(
    claims: Iterable[Claim],
    *,
    budget: float = 0.0,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[list[tuple[Claim, list[Judged]]], float]:
    """Every reading of every claim, and what is left of the budget.

    Parameters
    ----------
    budget
        Seconds for measuring what the records lack; nothing is measured when it is 0.
    tell
        Called with what is measured now.
    """
    begin, claims = time.monotonic(), list(claims)
    if budget > 0:
        ladders = [ladder for claim in claims for reading in claim.readings for ladder in reading.asks()]
        quick_first = sorted(ladders, key=lambda ladder: ladder[0].seconds)
        for _ in answers(quick_first, budget=budget, tell=tell):
            pass
    evidence = Evidence()
    judged = [(claim, [reading.judge(evidence) for reading in claim.readings]) for claim in claims]
    return judged, max(0.0, budget - (time.monotonic() - begin))
