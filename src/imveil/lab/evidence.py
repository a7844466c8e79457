"""Status: what the records say of a scheme, in a few words. Computed, never written by hand.

An attack counts as having broken a scheme when its recovery is at least 0.9 under the worst of five keys or more, or by
the lower end of its interval over two to four; a scheme is recognisable from 0.3 on, and leaks outlines where one
cipher image gives 0.1. One key proves nothing of others: then the status says that there was one. Records whose control
scored above the best blind guess, or that no control stands beside, count for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from imveil import attacks
from imveil.interval import student
from imveil.record import Record, latest, runs
from imveil.schemes.base import Scheme

BROKEN, RECOGNISABLE, OUTLINES, LINKED = 0.9, 0.3, 0.1, 0.5
KEYS = 5  # from so many on the worst one counts
SAME = 2.0  # points of accuracy: a key that makes less of a difference makes none
View = Literal["one", "many", "pairs", "chosen", "gallery"]


@dataclass(frozen=True)
class Result:
    """One attack under one set of terms on one kind of pictures, over its seeds.

    Attributes
    ----------
    view
        What it was given beside the cipher images themselves: "one" nothing, "many" further cipher images, known
        "pairs", "chosen" pictures, a "gallery" that holds the answer.
    amount
        How many of them.
    recovery, identified
        Means over keys.
    low, high
        The 95 % interval of the recovery: the wider one of that over keys and that over targets.
    """

    attack: str
    view: View
    amount: int
    data: str
    recovery: float
    low: float
    high: float
    identified: float
    records: list[Record]

    @property
    def keys(self) -> int:
        """Under how many keys it was played."""
        return len(self.records)

    def reaches(self, recovery: float) -> bool:
        """Whether it surely recovers so much, whatever the key: under the worst of five or more, by the interval over
        fewer; never by one alone."""
        if self.keys >= KEYS:
            return min(one.value for one in self.records) >= recovery
        return self.keys > 1 and min(self.low, self.recovery) >= recovery

    @property
    def words(self) -> str:
        """What was given, in words.

        >>> Result("x", "pairs", 1, "", 1, 1, 1, 1, []).words, Result("x", "many", 30, "", 1, 1, 1, 1, []).words
        ('one known pair', '30 cipher images')
        """
        what = {"many": "cipher image", "pairs": "known pair", "chosen": "chosen picture"}.get(self.view)
        if what is None:
            return "one cipher image"
        return f"one {what}" if self.amount == 1 else f"{self.amount} {what}s"


def given(needs: Iterable[str]) -> View:
    """What an attack with these needs is given, beside the cipher images.

    >>> given({"pairs"}), given([])
    ('pairs', 'one')
    """
    for need, view in _VIEWS.items():
        if need in needs:
            return view
    return "one"


_VIEWS: dict[str, View] = {
    "gallery": "gallery",
    "oracle": "chosen",
    "pairs": "pairs",
    "other_pairs": "pairs",
    "ciphers": "many",
}


def results(scheme: Scheme, records: Iterable[Record], data: str = "") -> list[Result]:
    """What was tried on `scheme` with exactly these fields, on pictures called `data` (any when empty)."""
    config = scheme.config()

    def counts(one: Record) -> bool:
        facts = one.facts
        if one.kind != "recovery" or facts.get("scheme") != scheme.id or {**config, **facts["fields"]} != config:
            return False
        return bool(facts["data"]) and data in ("", facts["data"]) and _sound(one)

    return [_result(group) for group in runs(one for one in latest(records) if counts(one))]


def _sound(one: Record) -> bool:
    control = one.facts["found"].get("control")
    return control is not None and control["low"] <= 0


def _result(played: list[Record]) -> Result:
    facts = played[0].facts
    view, terms = given(facts["needs"]), facts["terms"]
    asked = max(one.facts["found"]["queries"] for one in played)
    low, high = interval(played)
    amount = {
        "chosen": asked,
        "pairs": terms.get("pairs", terms.get("other_pairs", 0)),
        "many": terms.get("ciphers", 0),
    }.get(view, 0)
    return Result(
        attack=facts["attack"],
        view=view,
        amount=amount,
        data=facts["data"],
        recovery=fmean(one.value for one in played),
        low=low,
        high=high,
        identified=fmean(one.facts["found"]["identified"] for one in played),
        records=played,
    )


def interval(played: Sequence[Record]) -> tuple[float, float]:
    """The 95 % interval of a mean recovery: over targets, and over keys where there are several; the wider one.

    Every page takes it from here, so that one number has one interval.
    """
    low, high = (fmean(getattr(one, end) for one in played) for end in ("low", "high"))
    if len(played) > 1:
        least, most = student([one.value for one in played])
        low, high = min(low, least), max(high, most)
    return max(0.0, low), min(1.0, high)


def least(found: Iterable[Result], view: View, reached: float, *, once: bool = False) -> Result | None:
    """Of what was given in `view`, the least that surely recovered `reached`; None where nothing did.

    once: under one key will do: it refutes whoever says that nothing ever does.
    """

    def good_enough(one: Result) -> bool:
        return one.reaches(reached) or (once and one.keys == 1 and min(one.low, one.recovery) >= reached)

    good = [one for one in found if one.view == view and good_enough(one)]
    return min(good, key=lambda one: (one.amount, -one.recovery), default=None)


def status(scheme: Scheme, records: Iterable[Record]) -> str:
    """The worst that was measured, in words, with keys and pictures: "broken by 30 cipher images (5 keys, cifar10
    test); by one known pair (3 keys, cifar10 test)"."""
    if scheme.id == "plain/1":
        return "not encrypted"
    found = results(scheme, records)
    if not found:
        return "not measured"
    parts = []
    views: tuple[View, ...] = ("one", "many", "pairs", "chosen")
    for reached, word in ((BROKEN, "broken by"), (RECOGNISABLE, "recognisable from")):
        won = [_told(one) for view in views if (one := least(found, view, reached))]
        if won:  # who breaks it is not asked who recognises it
            parts.append(f"{word} {'; by '.join(won)}" if reached == BROKEN else f"{word} {'; from '.join(won)}")
            break
    if least(found, "one", OUTLINES) and not least(found, "one", RECOGNISABLE):
        parts.append("outlines leak")
    if any(one.view == "gallery" and one.identified >= LINKED for one in found):
        parts.append("one cipher image is enough to pick its picture out of 1,000")
    for reached, word in ((BROKEN, "broken by"), (RECOGNISABLE, "recognisable from")):
        once = [one for one in found if one.keys == 1 and one.view in views and min(one.low, one.recovery) >= reached]
        if parts and parts[0].startswith(word):
            break
        if once:
            quick = min(once, key=lambda one: (views.index(one.view), one.amount))
            parts.insert(0, f"{word} {_told(quick)}, other keys were not tried")
            break
    if parts:
        return "; ".join(parts)
    fits = {one.attack for one in found if one.attack in attacks.names() and attacks.find(one.attack).suits(scheme)}
    if not fits:
        return "no attack that fits it was played"
    return f"no break found: tried {', '.join(sorted(fits))}"


def _told(one: Result) -> str:
    keys = "one key" if one.keys == 1 else f"{one.keys} keys"
    return f"{one.words} ({keys}, {one.data})"


def worst(scheme: Scheme, records: Iterable[Record]) -> dict[str, Any]:
    """The most that any attack recovered, by what, and the most that was re-identified: for whoever shows numbers."""
    found = results(scheme, records)
    if not found:
        return {"recovery": None, "recovery_by": "", "reidentified": None}
    views = ("chosen", "pairs", "many", "one")  # of two that recover as much, the one that was given less
    rebuilt = [one for one in found if one.view in views]  # who picks from a gallery rebuilds nothing
    most = max(rebuilt, key=lambda one: (round(one.recovery, 2), views.index(one.view), -one.amount), default=found[0])
    return {
        "recovery": round(most.recovery, 3),
        "recovery_by": f"{most.attack}, {most.words}" if most.recovery >= OUTLINES else "",
        "reidentified": round(max(one.identified for one in found), 3),
    }


def queries(scheme: Scheme, records: Iterable[Record]) -> str:
    """Whether a model answers pictures that were encrypted under another key, of accuracy records; "" for none.

    Of all recipes that were asked both ways, the one whose answers are best counts.
    """
    asked: dict[str, dict[str, list[float]]] = {}
    for one in latest(records):
        facts = one.facts
        if facts["scheme"] == scheme.id and facts["fields"] == scheme.config():
            recipe = json.dumps({name: value for name, value in facts.items() if name != "query"}, sort_keys=True)
            asked.setdefault(recipe, {}).setdefault(facts["query"], []).append(one.value)
    both = [(fmean(ways["same"]), fmean(ways["another"])) for ways in asked.values() if {"same", "another"} <= {*ways}]
    if not both:
        return ""
    own, other = max(both)
    matters = "do not matter" if own - other < SAME else "matter"
    return f"keys {matters} for queries: {other:.0f} % right under another key, {own:.0f} % under its own"
