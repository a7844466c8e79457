"""With and without: recipes that differ only in what helps a net to learn, at equal budget, from records alone.

What may differ is the adapter and its options, what is moved, the copies that the owner encrypts, the net to begin
with, and whether answers are means over a picture and its mirror image. The steps are the same. Choices are made by the
accuracy on held-out training pictures, never on the test set.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any

import imveil
from imveil.lab import record
from imveil.lab.experiment import Recipe
from imveil.lab.record import Record

HELP = (
    "adapter",
    "adapter_options",
    "augment",
    "copies",
    "start",
    "settings",
)  # what one of a pair has and the other has not


@dataclass(frozen=True)
class Arm:
    """One recipe of a group. held_out, accuracy: means in percent over the runs that have them, held_out None where
    none has; sd: of the accuracy, None for one run.   usual: what `imveil train` takes for this scheme."""

    recipe: str
    scheme: str
    fields: dict[str, Any]
    data: str
    epochs: int
    adapter: str
    augment: str
    copies: int
    start: str | None
    mirror: bool
    held_out: float | None
    accuracy: float
    sd: float | None
    n: int
    usual: bool


def pairs(records: Iterable[Record] | None = None) -> list[list[Arm]]:
    """Groups of two arms or more, the best first by held-out accuracy."""
    groups: dict[str, dict[str, list[Record]]] = {}
    for one in record.latest(record.read("accuracy") if records is None else records):
        facts = one.facts
        if facts.get("query", "same") == "same":
            groups.setdefault(_rest(facts), {}).setdefault(one.digest, []).append(one)
    found = [[_arm(runs) for runs in arms.values()] for arms in groups.values() if len(arms) > 1]
    for arms in found:
        arms.sort(key=lambda arm: (-(arm.held_out or 0.0), -arm.accuracy))
    return sorted(found, key=lambda arms: (arms[0].data, arms[0].scheme, json.dumps(arms[0].fields), arms[0].epochs))


def _rest(facts: dict[str, Any]) -> str:
    """All that both of a pair have in common, defaults left out, which older records do not have. An epoch of copies
    counts as often as pictures are seen."""
    usual = asdict(Recipe())
    same = {k: v for k, v in facts.items() if k not in (*HELP, "output", "valid") and v != usual[k]}
    same["epochs"] = facts["epochs"] * facts.get("copies", 1)
    return json.dumps(same, sort_keys=True)


def _arm(runs: list[Record]) -> Arm:
    last, values = runs[-1], [one.value for one in runs]
    facts = last.facts
    known = [100 * one.facts["valid"] for one in runs if one.facts.get("valid") is not None]
    copies, start = facts.get("copies", 1), facts.get("start")
    plain = imveil.find(facts["scheme"]).config()
    return Arm(
        recipe=last.name,
        scheme=facts["scheme"],
        fields={name: value for name, value in facts["fields"].items() if value != plain[name]},
        data=facts["data"],
        epochs=facts["epochs"] * copies,
        adapter=facts["adapter"],
        augment=facts.get("augment", "none"),
        copies=copies,
        start=start,
        mirror=bool(facts.get("settings", {}).get("mirror")),
        held_out=round(fmean(known), 2) if known else None,
        accuracy=round(fmean(values), 2),
        sd=round(stdev(values), 2) if len(values) > 1 else None,
        n=len(values),
        usual=copies == 1 and start is None and facts["adapter"] == usual(facts),
    )


def usual(facts: dict[str, Any]) -> str:
    """The adapter that `imveil train` takes for cipher pictures of this scheme."""
    from imveil.cloud.defaults import suggest

    scheme = imveil.find(facts["scheme"], **facts["fields"])
    return suggest(scheme.id, scheme.config(), vars(scheme.traits)).adapter
