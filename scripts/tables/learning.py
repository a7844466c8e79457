"""Tables of docs/learning.md: with and without what helps, models changed for a key, encryption on the fly, roads."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean, stdev

from scripts.records.pairs import Arm, pairs
from scripts.records.small_sets import BUDGETS, SCHEMES
from scripts.tables._markdown import markdown
from scripts.tables.claims import named

import imveil
from imveil import record
from imveil.lab.samples import SETS
from imveil.lab.standings import front
from imveil.lab.tables.leaderboard import name
from imveil.record import Record

Rows = list[list[str]]


def pairs_table(groups: Iterable[list[Arm]]) -> tuple[list[str], Rows]:
    """A row a recipe, those of one scheme and budget together, the best by held-out pictures first."""
    rows = []
    for arms in groups:
        for arm in arms:
            row = arm.row
            rows.append(
                [
                    f"{name(row)}, {row.data}, {row.epochs} epochs" if arm is arms[0] else "",
                    _help(arm),
                    {"none": "nothing", "before": "pictures", "after": "cipher images"}.get(row.augment, "its output"),
                    "" if arm.held_out is None else f"{arm.held_out:.2f}",
                    f"{row.accuracy:.2f}" + ("" if row.sd is None else f" ({row.sd:.2f})"),
                    str(row.n),
                    "yes" if arm.usual else "",
                ]
            )
    return ["scheme, data, budget", "with", "moved", "held out, %", "test, % (sd)", "runs", "default"], rows


def _help(arm: Arm) -> str:
    words = [front(arm.row.adapter)] if arm.row.adapter != "none" else []
    words += [f"{arm.copies} copies"] if arm.copies > 1 else []
    words += ["mirrored answers"] if arm.row.mirror else []
    words += [f"begun with {arm.start}"] if arm.start else []
    return ", ".join(words) or "nothing"


def rekeyed_table(records: Iterable[Record]) -> tuple[list[str], Rows]:
    """A row a scheme over its seeds: how many answers stay, accuracies, the largest difference of a logit."""
    rows = []
    for runs in _groups(records):
        found = [one.facts["found"] for one in runs]
        facts = runs[0].facts
        rows.append(
            [
                f"`{facts['scheme']}`",
                f"{facts['model']}, width {facts['width']}, depth {facts['depth']}, {facts['epochs']} epochs",
                f"{fmean(one.value for one in runs):.2f}",
                " and ".join(f"{one.n:,}" for one in runs),
                *(f"{fmean(f[name] for f in found):.2f}" for name in ("plain", "cipher", "wrong key")),
                f"{max(f['largest difference'] for f in found):.2g}",
                str(len(runs)),
            ]
        )
    header = ["scheme", "model", "answers the same, %", "of answers that are sure", "plain, %", "cipher, %"]
    return [*header, "wrong key, %", "logits within", "runs"], rows


def step_table(records: Iterable[Record]) -> tuple[list[str], Rows]:
    """A row a scheme: what encrypting each batch adds to a step."""
    rows = []
    for runs in _groups(records):
        values = [one.value for one in runs]
        spread = f" (sd {stdev(values):.2f})" if len(values) > 1 else ""
        last = runs[-1]
        rows.append(
            [
                f"`{last.facts['scheme']}`",
                f"{fmean(values):+.2f}{spread}",
                f"{last.low:+.2f} to {last.high:+.2f}",
                f"{last.facts['step'] * 1000:.0f}",
                f"{last.n} pairs, {last.facts['threads']} threads, {last.facts['device']}",
            ]
        )
    return ["scheme", "added to a step, %", "quartiles", "plain step, ms", "measured on"], rows


def compiled_table(records: Iterable[Record]) -> tuple[list[str], Rows]:
    """A row a model: what torch.compile adds to a step, and after how many minutes it has paid for itself."""
    rows = []
    for runs in _groups(records):
        facts, value = runs[-1].facts, fmean(one.value for one in runs)
        pays = f"{facts['first'] / -value * 100 / 60:.0f}" if value < 0 else "never"
        rows.append(
            [
                facts["model"],
                f"{value:+.1f}",
                f"{runs[-1].low:+.1f} to {runs[-1].high:+.1f}",
                f"{facts['step'] * 1000:.0f}",
                f"{facts['first']:.0f}",
                pays,
                f"{runs[-1].n} pairs, batches of {facts['batch']}, {facts['threads']} threads, {facts['device']}",
            ]
        )
    header = ["model", "added to a step, %", "quartiles", "step without, ms", "compiling, s"]
    return [*header, "pays in runs longer than, minutes", "measured on"], rows


def road_table(records: Iterable[Record]) -> tuple[list[str], Rows]:
    """A row a road: from a file through a container to a model."""
    rows = []
    for runs in _groups(records):
        facts, last = runs[-1].facts, runs[-1]
        rows.append(
            [
                last.name,
                f"`{facts['scheme']}` {', '.join(facts['fields'])}",
                facts["container"],
                str(facts["epochs"]),
                f"{fmean(one.value for one in runs):.2f}",
                f"{last.low:.2f} to {last.high:.2f}",
                f"{last.n:,}",
                f"{fmean(one.seconds for one in runs) / 60:.1f}",
            ]
        )
    return ["data", "scheme", "through", "epochs", "accuracy, %", "95 % interval", "test images", "minutes"], rows


def small_table(records: Iterable[Record]) -> tuple[list[str], Rows]:
    """A row a set and scheme: what a budget reached, and the best of the grid."""
    rows = []
    of: dict[tuple[str, str], list[Record]] = {}
    for one in records:
        of.setdefault((one.facts["data"], one.facts["scheme"]), []).append(one)
    for (data, scheme), runs in sorted(of.items(), key=lambda item: _order(item[0])):
        timed = {one.facts["budget"]: one for one in runs if "budget" in one.facts}
        tried = [one for one in runs if "batch" in one.facts]
        best = max(tried, key=lambda one: one.value, default=None)
        cells = []
        for budget in BUDGETS:
            one = timed.get(budget)
            cells.append("" if one is None else f"{one.value:.1f} ({one.facts['found']['took']:.0f} s)")
        if best is None:
            cells += ["", ""]
        else:
            cells += [f"{best.value:.1f}", f"{best.facts['batch']}, {best.facts['rate']}"]
        n = f"{runs[0].facts['found']['classes']}; {runs[0].n}"
        hidden = named(imveil.find(scheme, **SCHEMES[scheme]))
        rows.append([data.rpartition(",")[0], hidden, n, *cells])
    header = ["pictures", "scheme", "classes; asked", *(f"{b} s, %" for b in BUDGETS), "best of the grid, %"]
    return [*header, "its batch, rate"], rows


def _order(item: tuple[str, str]) -> tuple[int, int]:
    return SETS.index(item[0]), list(SCHEMES).index(item[1])


def small_sets() -> str:
    """Few pictures: a budget beside a grid."""
    return markdown(*small_table(record.read("small-set")))


def _groups(records: Iterable[Record]) -> list[list[Record]]:
    return sorted(record.runs(records), key=lambda runs: runs[0].name)


def rekeyed() -> str:
    """Models changed for a key."""
    return markdown(*rekeyed_table(record.read("rekeyed")))


def with_and_without() -> str:
    """Recipes that differ in what helps."""
    return markdown(*pairs_table(pairs()))


def fresh_step() -> str:
    """What encryption on the fly adds to a step."""
    return markdown(*step_table(record.read("fresh-step")))


def compiled_step() -> str:
    """What torch.compile saves of a step."""
    return markdown(*compiled_table(record.read("compiled-step")))


def roads() -> str:
    """From files through containers to models."""
    return markdown(*road_table(record.read("road")))


TABLES = {
    "rekeyed": rekeyed,
    "pairs": with_and_without,
    "fresh-step": fresh_step,
    "compiled-step": compiled_step,
    "roads": roads,
    "small-sets": small_sets,
}
