"""With and without: recipes that differ only in what helps a net to learn, at equal budget, from records alone.

What may differ is the adapter and its options, what is moved, the copies that the owner encrypts, the net to begin
with, and whether answers are means over a picture and its mirror image. The steps are the same. Choices are made by the
accuracy on held-out training pictures, never on the test set.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

import imveil
from imveil import record
from imveil.lab.recipe import Recipe
from imveil.lab.standings import Row, row_of
from imveil.record import Record

FOUND = "plan_start"
HELP = ("adapter", "adapter_options", "augment", "copies", "start")  # what one of a pair has and the other has not


@dataclass(frozen=True)
class Arm:
    """One recipe of a group.

    row: as the leaderboard has it, attacks apart.   copies, start: as the recipe has them.   held_out: the mean
    accuracy in percent on held-out pictures, None where no record has it.   usual: `imveil train` takes this adapter.
    """

    row: Row
    copies: int
    start: str | None
    held_out: float | None
    usual: bool


def pairs(records: Iterable[Record] | None = None) -> list[list[Arm]]:
    """Groups of two arms or more, the best first by held-out accuracy."""
    groups: dict[str, list[list[Record]]] = {}
    for runs in record.runs(record.read("accuracy") if records is None else records):
        if runs[0].facts.get("query", "same") == "same":
            groups.setdefault(_rest(runs[0].facts), []).append(runs)
    found = [[_arm(runs) for runs in arms] for arms in groups.values() if len(arms) > 1]
    for arms in found:
        # train takes it wherever the cipher pictures give a plan away, and the default where they do not
        if any(arm.row.adapter == FOUND and arm.row.shown != 0 for arm in arms):
            arms[:] = [replace(arm, usual=arm.row.adapter == FOUND) for arm in arms]
        arms.sort(key=lambda arm: (-(arm.held_out or 0.0), -(arm.row.accuracy or 0.0)))
    rows = [(arms[0].row, arms) for arms in found]
    rows.sort(key=lambda pair: (pair[0].data, pair[0].scheme, json.dumps(pair[0].fields), pair[0].epochs))
    return [arms for _, arms in rows]


def _rest(facts: Mapping[str, Any]) -> str:
    """All that both of a pair have in common, defaults left out, which older records do not have. An epoch of copies
    counts as often as pictures are seen."""
    usual = asdict(Recipe())
    same = {k: v for k, v in facts.items() if k not in (*HELP, "output", "valid") and v != usual[k]}
    same["epochs"] = facts["epochs"] * facts.get("copies", 1)
    same["settings"] = {k: v for k, v in facts.get("settings", {}).items() if k != "mirror"}
    return json.dumps(same, sort_keys=True)


def _arm(runs: list[Record]) -> Arm:
    facts = runs[-1].facts
    known = [100 * one.facts["valid"] for one in runs if one.facts.get("valid") is not None]
    copies, start = facts.get("copies", 1), facts.get("start")
    return Arm(
        row=row_of(runs),
        copies=copies,
        start=start,
        held_out=fmean(known) if known else None,
        usual=copies == 1 and start is None and facts["adapter"] == _usual(facts),
    )


def _usual(facts: Mapping[str, Any]) -> str:
    """The adapter that `imveil train` takes for cipher pictures of this scheme."""
    from imveil.cloud.training.defaults import suggest

    scheme = imveil.find(facts["scheme"], **facts["fields"])
    return suggest(scheme.id, scheme.config(), vars(scheme.traits)).adapter
