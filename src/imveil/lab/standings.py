"""The leaderboard: what a net learns from cipher images beside what an attacker recovers from them, from records alone.

A row is one recipe over its seeds. The recovery is the best that any attack on record reached against the same scheme
with the same fields, hence the same key scope; where several reached it, by the least help. Re-identification is the
best share of right picks by any of them. Rows of others, one file each, stand among ours (`entries.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from imveil import record, schemes
from imveil.lab.board.entries import Entry, entries
from imveil.lab.evidence import Result, results
from imveil.record import Record

ATTACKS = ("bits_start", "bits_smooth", "plan_start")  # adapters that find the mask or plan: see docs/learning.md
OUTPUT = ("data", "scheme", "fields", "adapter")  # what the output of an adapter follows from that learns nothing
VIEWS = ("one", "many", "pairs", "chosen")  # from the least help to the most


@dataclass(frozen=True)
class Row:
    """One recipe.

    Attributes
    ----------
    fields
        Those that are not at their default.
    epochs
        How often each picture is seen, in one version or several.
    accuracy, sd, values
        In percent, the mean over `n` runs, sd None for one; and of each run.
    recovery, view
        Of the best attack, None where none was measured.
    shown
        The recovery of the adapter's output, None where it is no picture.
    identified, identified_view
        The best share of right picks among a thousand candidates by any attack, and the view of that attack; None where
        none was measured.
    mirror
        Answers are means over a picture and its mirror image.
    dominated
        Another row of the same data is at least as accurate, gives pictures back and tells them apart no better, and is
        better in one of the three.
    equal
        The recipe that this one is equal to by construction: all that the net sees is the same; "" for none.
    kind
        What the cloud trains on: "ciphers", or "sums" of a private round.
    by
        Who measured it, where it was not this project.
    """

    recipe: str
    data: str
    scheme: str
    fields: Mapping[str, Any]
    key_scope: str
    wrong_key: bool
    model: str
    adapter: str
    device: str
    epochs: int
    augment: str
    accuracy: float | None
    n: int
    sd: float | None
    recovery: float | None
    view: str | None
    shown: float | None
    identified: float | None = None
    identified_view: str | None = None
    mirror: bool = False
    dominated: bool = False
    equal: str = ""
    kind: str = "ciphers"
    by: str = ""
    values: tuple[float, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What `imveil leaderboard --json` prints of a row."""
        names = ["recipe", "data", "scheme", "fields", "key_scope", "wrong_key", "model", "adapter", "device"]
        names += ["accuracy", "n", "sd", "recovery", "view", "identified", "identified_view", "dominated", "equal"]
        names += ["kind", "by"]
        return {name: getattr(self, name) for name in names}


def rows(accuracy: Iterable[Record] | None = None, recovery: Sequence[Record] | None = None) -> list[Row]:
    """The measured rows, by data and then from the highest accuracy to the lowest; all records by default."""
    attacks = record.read("recovery") if recovery is None else list(recovery)
    groups = runs_of(accuracy)
    found = [row_of(runs, attacks) for runs in groups]
    twins = _equal(groups)
    found = [replace(one, equal=twins.get(one.recipe, "")) for one in found]
    found += [_entered(one, attacks) for one in (entries() if accuracy is None else [])]
    found = [replace(one, dominated=any(_beats(other, one) for other in found)) for one in found]
    return sorted(found, key=lambda row: (row.data, -(row.accuracy or 0.0), row.recipe))


def runs_of(accuracy: Iterable[Record] | None = None) -> list[list[Record]]:
    """The records of each row: one recipe, one kind of device; all records by default."""
    groups = record.runs(record.read("accuracy") if accuracy is None else accuracy)
    return [
        [one for one in group if _device(one) == device]
        for group in groups
        for device in dict.fromkeys(map(_device, group))
    ]


def best(found: Iterable[Result]) -> Result | None:
    """The attack that recovered most; among equals, to three digits, the one with the least help."""
    tried = [one for one in found if one.view in VIEWS]
    order = lambda one: (-round(one.recovery, 3), VIEWS.index(one.view), one.amount, one.attack)  # noqa: E731
    return min(tried, key=order, default=None)


def front(adapter: str) -> str:
    """What stands before the net, called an attack where it is one.

    >>> front("fold"), front("bits_start")
    ('fold', 'bits_start, the attack')
    """
    return f"{adapter}, the attack" if adapter in ATTACKS else adapter


def row_of(runs: Sequence[Record], attacks: Sequence[Record] = ()) -> Row:
    """The row of one recipe's records, beside the best of these attacks."""
    last, values = runs[-1], [one.value for one in runs]
    shown = _shown(last) or [one.facts["output"]["recovery"] for one in runs if "output" in one.facts]
    return replace(
        described(last.name, last.facts, _device(last), attacks),
        accuracy=round(fmean(values), 4),
        n=len(values),
        sd=round(stdev(values), 4) if len(values) > 1 else None,
        values=tuple(values),
        shown=round(fmean(shown), 4) if shown else None,
    )


def _shown(run: Record) -> list[float]:
    """What its adapter shows, where that was measured without a training: such an adapter learns nothing."""
    facts = run.facts | {"fields": schemes.known(run.facts["scheme"], **run.facts["fields"]).config()}
    found = record.read("adapter-output")
    return [one.value for one in found if all(one.facts[name] == facts[name] for name in OUTPUT)]


def described(name: str, facts: Mapping[str, Any], device: str = "", attacks: Sequence[Record] = ()) -> Row:
    """A recipe's row without accuracy, from its facts, beside the best of these attacks."""
    scheme = schemes.known(facts["scheme"], **facts["fields"])
    tried = results(scheme, attacks) if attacks else []
    won, apart = best(tried), max(tried, key=lambda one: one.identified, default=None)
    return Row(
        recipe=name,
        data=facts["data"],
        scheme=scheme.id,
        fields=scheme.changed(),
        key_scope="image" if scheme.traits.per_image else "dataset",
        wrong_key=facts.get("query", "same") != "same",
        model=facts["model"],
        adapter=facts["adapter"],
        device=device,
        epochs=facts["epochs"] * facts.get("copies", 1),
        augment=facts.get("augment", "none"),
        accuracy=None,
        n=0,
        sd=None,
        recovery=None if won is None else round(won.recovery, 4),
        view=None if won is None else won.view,
        shown=None,
        identified=None if apart is None else round(apart.identified, 4),
        identified_view=None if apart is None else apart.view,
        mirror=bool(facts.get("settings", {}).get("mirror")),
    )


def _device(one: Record) -> str:
    return "cuda" if one.machine.get("accelerator") else "cpu"


def _entered(one: Entry, attacks: Sequence[Record]) -> Row:
    """The row of somebody else's file; of a scheme that ships, what attacks recover is what our records say."""
    facts = {**one.model_dump(), "augment": "before" if one.moved else "none"}
    if one.attacked is None:
        row = described(one.name, facts, one.device, attacks)
    else:
        row = Row(
            recipe=one.name,
            data=one.data,
            scheme=one.scheme,
            fields=one.fields,
            key_scope=one.key_scope,
            wrong_key=False,
            model=one.model,
            adapter=one.adapter,
            device=one.device,
            epochs=one.epochs,
            augment=str(facts["augment"]),
            accuracy=None,
            n=0,
            sd=None,
            recovery=one.attacked.recovery,
            view=one.attacked.view,
            shown=None,
            identified=one.attacked.identified,
            identified_view=one.attacked.view,
        )
    values = one.accuracies
    return replace(
        row,
        accuracy=round(fmean(values), 4),
        n=len(values),
        sd=round(stdev(values), 4) if len(values) > 1 else None,
        values=tuple(values),
        kind=one.kind,
        by=one.by,
    )


def _equal(groups: Iterable[Sequence[Record]]) -> dict[str, str]:
    """For each recipe whose net saw the same as that of an earlier one, the name of that one: under a seed that both
    were run with, training and test gave the same numbers, to the last digit."""
    first: dict[tuple[Any, ...], str] = {}
    found: dict[str, str] = {}
    for runs in groups:
        name, twins = runs[-1].name, []
        for one in runs:
            if one.facts.get("valid") is None:
                continue
            same = one.facts["data"], one.facts["model"], one.seed, one.value, one.facts["valid"]
            twins.append(first.setdefault(same, name))
        others = {one for one in twins if one != name}
        if len(others) == 1:
            found[name] = others.pop()
    return found


def _beats(other: Row, one: Row) -> bool:
    """Whether `other` is at least as accurate, gives back no more and tells apart no better, one of them strictly."""
    if one.wrong_key or other.wrong_key or other.data != one.data or other.device != one.device:
        return False
    ours, theirs = _merits(one), _merits(other)
    if None in ours or None in theirs:
        return False
    gains = [b - a for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    return min(gains) >= 0 and max(gains) > 0


def _merits(row: Row) -> tuple[float | None, ...]:
    """More is better, each; as precise as tables show it."""
    lost = (row.recovery, row.identified)
    return row.accuracy, *(None if value is None else -round(value, 3) for value in lost)
