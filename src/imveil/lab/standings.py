"""The leaderboard: what a net learns from cipher images beside what an attacker recovers from them, from records alone.

A row is one recipe over its seeds. The recovery is the best that any attack on record reached against the same scheme
with the same fields, hence the same key scope; where several reached it, by the least help.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from imveil import record, schemes
from imveil.lab.evidence import Result, results
from imveil.lab.recipes import RECIPES
from imveil.record import Record

ATTACKS = ("bits_start", "bits_smooth", "plan_start")  # adapters that find the mask or plan: see docs/learning.md
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
    accuracy, sd
        In percent over `n` runs, accuracy None and n 0 where it was not run; sd None for one.
    recovery, view
        Of the best attack, None where none was measured.
    shown
        The recovery of the adapter's output, None where it is no picture.
    mirror
        Answers are means over a picture and its mirror image.
    dominated
        Another row of the same data is at least as accurate and gives away no more, and is better in one of the two.
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
    mirror: bool = False
    dominated: bool = False

    def as_json(self) -> dict[str, Any]:
        """What `imveil leaderboard --json` prints of a row."""
        names = ["recipe", "data", "scheme", "fields", "key_scope", "wrong_key", "model", "adapter", "device"]
        names += ["accuracy", "n", "sd", "recovery", "view"]
        return {name: getattr(self, name) for name in names}


def rows(accuracy: Iterable[Record] | None = None, recovery: Sequence[Record] | None = None) -> list[Row]:
    """The measured rows, by data and then from the highest accuracy to the lowest; all records by default."""
    known = record.read("accuracy") if accuracy is None else accuracy
    attacks = record.read("recovery") if recovery is None else list(recovery)
    groups = record.runs(known)
    found = [
        row_of(runs, attacks)
        for group in groups
        for device in dict.fromkeys(map(_device, group))
        if (runs := [one for one in group if _device(one) == device])
    ]
    found = [replace(one, dominated=any(_beats(other, one) for other in found)) for one in found]
    return sorted(found, key=lambda row: (row.data, -(row.accuracy or 0.0), row.recipe))


def not_run(measured: Iterable[Row] = (), recovery: Sequence[Record] | None = None) -> list[Row]:
    """The recipes that ship and have no record, as rows without accuracy; attacks by all records by default."""
    digests = {one.digest for one in record.read("accuracy")}
    seen = {row.recipe for row in measured}
    attacks = record.read("recovery") if recovery is None else list(recovery)
    found = []
    for name, recipe in RECIPES.items():
        if recipe.digest not in digests and name not in seen:
            found.append(_described(name, recipe.facts(), "", attacks))
    return sorted(found, key=lambda row: (row.data, row.recipe))


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
    shown = [one.facts["output"]["recovery"] for one in runs if "output" in one.facts]
    return replace(
        _described(last.name, last.facts, _device(last), attacks),
        accuracy=round(fmean(values), 4),
        n=len(values),
        sd=round(stdev(values), 4) if len(values) > 1 else None,
        shown=round(fmean(shown), 4) if shown else None,
    )


def _described(name: str, facts: Mapping[str, Any], device: str, attacks: Sequence[Record]) -> Row:
    scheme = schemes.known(facts["scheme"], **facts["fields"])
    won = best(results(scheme, attacks)) if attacks else None
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
        mirror=bool(facts.get("settings", {}).get("mirror")),
    )


def _device(one: Record) -> str:
    return "cuda" if one.machine.get("accelerator") else "cpu"


def _beats(other: Row, one: Row) -> bool:
    """Whether `other` is at least as accurate and gives away no more, one of them strictly."""
    if one.wrong_key or other.wrong_key or other.data != one.data or other.device != one.device:
        return False
    if one.accuracy is None or other.accuracy is None or one.recovery is None or other.recovery is None:
        return False
    gain, less = other.accuracy - one.accuracy, round(one.recovery, 3) - round(other.recovery, 3)  # as tables show it
    return gain >= 0 and less >= 0 and (gain > 0 or less > 0)
