"""The leaderboard's rows of kind sums: heads from sums under masks and encrypted queries, from records alone.

Beside the accuracy stand what is proven, what it costs, and the best that any attack on messages reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from imveil import record
from imveil.record import Record, latest, runs, summary
from imveil.store.messages.privacy import analytic, most_auc

HEADER = ["data", "encoder", "how", "accuracy, %", "sd", "draws", "what is proven", "what it costs", "best attack"]
_CLASSES = {"cifar100": 100, "pneumoniamnist": 2}
_MASKS = "the cloud sees the total and no single sum (assumes X25519, AES)"


class SumsRow(NamedTuple):
    """One way to a head. data, encoder, how: what was done.   accuracy, sd, draws: in percent, over draws; sd None for
    one.   proven, costs, attacked: a sentence each; attacked "not measured" where no attack is on record."""

    data: str
    encoder: str
    how: str
    accuracy: float
    sd: float | None
    draws: int
    proven: str
    costs: str
    attacked: str


def rows(records: Iterable[Record] | None = None) -> list[SumsRow]:
    """All ways on record, by data, then what is promised, then accuracy. records: of kind "private"; all by default."""
    known = list(record.read("private") if records is None else records)
    found = []
    for group in runs(one for one in known if "pictures" in one.facts and one.unit == "%" and one.seed is not None):
        facts = group[0].facts
        mean, spread, n = summary(group)
        row = SumsRow(
            facts["data"], facts["encoder"], _how(facts), round(mean, 2), round(spread, 2) if n > 1 else None, n,
            _proven(facts), _costs(facts, known), _attacked(facts, known),
        )  # fmt: skip
        found.append((row.data, facts.get("epsilon", float("inf")), -mean, row))
    return [row for *_, row in sorted(found, key=lambda one: one[:3])]


def table(of: Sequence[SumsRow]) -> tuple[list[str], list[list[str]]]:
    """Header and a line each row."""
    return HEADER, [
        [row.data, row.encoder, row.how, f"{row.accuracy:.2f}", "" if row.sd is None else f"{row.sd:.2f}",
         str(row.draws), row.proven, row.costs, row.attacked]
        for row in of
    ]  # fmt: skip


def _how(facts: dict[str, Any]) -> str:
    balanced = ", balanced" if facts.get("method") == "balanced" else ""
    dim = f"{facts['dim']} numbers a picture{balanced}"
    owners, pictures = facts["owners"], facts["pictures"]
    who = f"{owners} owners" if owners > 1 else f"one owner with {pictures:,} pictures"
    if facts.get("steps", 1) > 1:
        return f"{facts['steps']} steps of gradients, {who}, {dim}"
    if "epsilon" not in facts and not facts.get("masked"):
        return f"in the clear, {who}, {dim}" if owners > 1 else f"alone: {who}, {dim}"
    return f"one message, {who}, {dim}"


def _proven(facts: dict[str, Any]) -> str:
    if "epsilon" in facts:
        epsilon, delta = facts["epsilon"], facts["delta"]
        trust = "whoever colludes" if facts.get("trust") == "nobody" else f"{facts['colluding']} may collude; {_MASKS}"
        cap = most_auc(1 / analytic(epsilon, delta))
        return f"epsilon {epsilon:g}, delta {delta:g} for a picture: no test of membership above {cap:.3f}; {trust}"
    if facts.get("masked"):
        exact = "the clear head bit for bit; " if facts.get("exact") else ""
        return f"{exact}{_MASKS}; the total tells who is in it"
    return "nothing leaves" if facts["owners"] == 1 else "nothing"


def _costs(facts: dict[str, Any], known: list[Record]) -> str:
    if facts["owners"] == 1 or not (facts.get("masked") or "epsilon" in facts):
        return "the encoder"
    steps, rows, classes = facts.get("steps", 1), facts["dim"] + 1, _CLASSES.get(facts["data"], 10)
    words = rows * classes if steps > 1 else rows * (rows + 1) // 2 + rows * classes
    said = f"the encoder, and {steps * words * 8 / 1e6:.2g} MB an owner"
    masks = [one for one in latest(known) if one.facts.get("job") == "masks" and one.facts["dim"] == facts["dim"]
             and one.unit == "ms"]  # fmt: skip
    return f"{said}, {masks[-1].value:.0f} ms of masks" if masks and steps == 1 else said


def _attacked(facts: dict[str, Any], known: list[Record]) -> str:
    """The largest area on the same data under the same epsilon; what was played on fewer numbers says so."""
    if facts["owners"] == 1:
        return ""
    played = [one for one in latest(known) if one.facts.get("job") == "attack" and one.unit == "auc"
              and (one.facts["data"], one.facts["epsilon"]) == (facts["data"], facts.get("epsilon"))]  # fmt: skip
    best = max(played, key=lambda one: one.value, default=None)
    if best is None:
        return "not measured"
    return (f"{best.facts['attack']} {best.value:.3f} ({best.low:.3f} to {best.high:.3f}), {best.facts['members']:,} "
            f"pictures, {best.facts['dim']} numbers, n = {best.n:,}")  # fmt: skip
