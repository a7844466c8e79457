"""The claims of the founding paper (Ahmad, Shin, arXiv 2203.16780), one by one, each in the readings it can have.

Its full text was not available: the sentences are those of its abstract and of the page that lists its results. What
the paper leaves open (map, quantiser, one value a sample or a pixel) is our reading, logistic-xor/1 with its defaults,
where no other fields are named. "Existing methods" are negpos/1, the single value 255 that the paper replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log2
from statistics import fmean
from typing import Any

from imveil import attacks
from imveil.lab.claims import UNKNOWN, Claim, Evidence, Judged, Reading, told_of
from imveil.lab.evidence import BROKEN, Result, least
from imveil.lab.measurement import Measurement
from imveil.lab.preserved import Preserved
from imveil.lab.questions import Question, questions
from imveil.lab.standings import Row, rows
from imveil.lab.tables.leaderboard import spread
from imveil.record import Record

SEED, OLD = "logistic-xor/1", "negpos/1"
BY = "Ahmad, Shin, arXiv 2203.16780"
SLIGHT = 5.0  # points of accuracy that we call a slight degradation; published ones are 1.8 (LE) and 3.2 (PE)


def _asks(id: str, *attacks: str, **fields: Any) -> Callable[[], Sequence[Sequence[Measurement]]]:
    """The questions of one scheme with exactly these fields beside the defaults, by some attacks."""

    def asks() -> list[list[Question]]:
        return [q for q in questions([id]) if dict(q[0].fields) == fields and q[0].attack in attacks]

    return asks


def _of(evidence: Evidence, id: str, attack: str, **fields: Any) -> list[Result]:
    return [one for one in evidence.results(id, **fields) if one.attack == attack and one.data == "cifar10 test"]


def _procedure(what: str) -> Callable[[Evidence], Judged]:
    def judge(evidence: Evidence) -> Judged:
        found = _of(evidence, SEED, "chang-li")
        if not found:
            return UNKNOWN
        exact = max(r.facts["found"]["exact"] for r in found[0].records)
        held = exact == 0 if what == "exact" else found[0].low <= 0
        words = f"{told_of(found[0])}; {exact:.0%} of the pictures exact"
        return Judged("held" if held else "refuted", words)

    return judge


def _opened(attack: str, view: Any, most: int) -> Callable[[Evidence], Judged]:
    """Whether at most `most` of what the view gives break it."""

    def judge(evidence: Evidence) -> Judged:
        found = [one for one in _of(evidence, SEED, attack) if one.amount <= most]
        if not found:
            return UNKNOWN
        won = least(found, view, BROKEN, once=True)
        return Judged("refuted" if won else "held", told_of(won or found[0]))

    return judge


def _space(evidence: Evidence) -> Judged:
    bits = {one.name: one.facts["parameters, bits"] for one in evidence.kind("key-space")}
    if SEED not in bits or OLD not in bits:
        return UNKNOWN
    words = f"{bits[SEED]:,.0f} bits against {bits[OLD]:,.0f} of {OLD}, for 32x32x3; both drawn from a seed of 256 bits"
    return Judged("held" if bits[SEED] > bits[OLD] else "refuted", words)


def _cost(evidence: Evidence) -> Judged:
    rates = {one.name: one.value for one in evidence.kind("key-space")}
    opened = [one for one in evidence.results(SEED) if one.reaches(BROKEN) and attacks.find(one.attack).finds_key]
    quick = [record for one in opened for record in one.records]
    if SEED not in rates or not quick:
        return UNKNOWN
    best = min(quick, key=lambda record: record.seconds)
    cost = max(0.0, log2(max(1.0, best.seconds * rates[SEED])))
    words = (
        f"{best.name} takes {best.seconds:.3g} s, the quickest of {len(quick)} games, in which one core tries "
        f"{best.seconds * rates[SEED]:,.0f} keys: {cost:.1f} bits, and no key is looked for"
    )
    return Judged("refuted", words)


def _accuracy(other: str) -> Callable[[Evidence], Judged]:
    """Of the seed against `other`, rows of the leaderboard, both trained in the same way."""

    def judge(evidence: Evidence) -> Judged:
        measured = [row for row in rows(evidence.kind("accuracy"), []) if not row.fields and not row.wrong_key]
        said, worst = [], None
        for ours in (row for row in measured if row.scheme == SEED):
            theirs = next((row for row in measured if row.scheme == other and _way(row) == _way(ours)), None)
            if theirs is None or theirs.accuracy is None or ours.accuracy is None:
                continue
            worst = max(worst or 0.0, theirs.accuracy - ours.accuracy)
            said.append(
                f"{ours.data}, {ours.model}, adapter {ours.adapter}, {ours.epochs} epochs: {_mean(ours)} % against "
                f"{_mean(theirs)} % of {other}"
            )
        if worst is None:
            return UNKNOWN
        return Judged("held" if worst <= SLIGHT else "not reproduced at this budget", "; ".join(said))

    return judge


def _way(row: Row) -> tuple[Any, ...]:
    """How a net was trained."""
    return row.data, row.model, row.adapter, row.epochs, row.augment, row.device


def _mean(row: Row) -> str:
    return f"{row.accuracy:.2f} ({row.n} run{'s' if row.n > 1 else ''}{f', {spread(row)}' if row.n > 1 else ''})"


def _property(name: str, holds: Callable[[float], bool]) -> Reading:
    means = {
        "size": "cipher images have the size of the pictures",
        "png": "cipher images take no more room as PNG files, within 5 %",
        "place": "a sample changes the cipher image in its own pixel and nowhere else: who is whose neighbour stays",
        "fold": "|v - 127.5| of every sample stays, in some order of the colours",
        "smooth": "samples side by side are as alike as in the picture, within 10 %",
        "values": "the values stay, somewhere: histogram and mean colour",
    }[name]

    def judge(evidence: Evidence) -> Judged:
        values = {
            id: [r.value for r in evidence.kind("kept") if r.name == name and r.facts["scheme"] == id]
            for id in (SEED, OLD)
        }
        if not values[SEED]:
            return UNKNOWN
        mean = fmean(values[SEED])
        old = f"; {OLD} {fmean(values[OLD]):.3f}" if values[OLD] else ""
        return Judged("held" if holds(mean) else "refuted", f"{mean:.3f} (n={len(values[SEED])} keys of 100){old}")

    return Reading(means, judge, lambda: [[Preserved(name, SEED)], [Preserved(name, OLD)]])


def _rate(evidence: Evidence) -> Judged:
    found = {r.facts.get("scheme"): r for r in evidence.kind("sequence") if r.name == "key to mask" and _usual(r)}
    if SEED not in found or "aes-xor/1" not in found:
        return UNKNOWN
    ours, aes = found[SEED], found["aes-xor/1"]
    words = f"{ours.value:,.0f} {ours.unit} against {aes.value:,.0f} of AES-256-CTR (best of {ours.n} rounds, one core)"
    return Judged("held" if ours.value >= aes.value else "refuted", words)


def _usual(one: Record) -> bool:
    return one.facts.get("quantiser") in ("mantissa", "none") and one.facts.get("shuffle") is False


def _shuffle(attack: str, view: Any, word: str) -> Callable[[Evidence], Judged]:
    """Whether the second key makes an attack need more."""

    def judge(evidence: Evidence) -> Judged:
        on = least(_of(evidence, SEED, attack), view, BROKEN, once=True)
        off = least(_of(evidence, SEED, attack, shuffle=False), view, BROKEN, once=True)
        if not on or not off:
            return UNKNOWN
        return Judged(
            "held" if on.amount > off.amount else "refuted", f"with it {_under(on)}, without it {_under(off)} {word}"
        )

    return judge


def _statistics(evidence: Evidence) -> Judged:
    """Of the weakest quantiser: its neighbours' correlation and its missing values, with and without the shuffle."""
    found = {
        (r.name, r.facts["shuffle"]): r
        for r in evidence.kind("sequence")
        if r.facts.get("scheme") == SEED and r.facts.get("quantiser") == "floor256" and "shuffle" in r.facts
    }
    names = ("lag-1 correlation", "entropy")
    if any((name, on) not in found for name in names for on in (True, False)):
        return UNKNOWN
    said = [f"{n} {found[n, False].value:.3f} without, {found[n, True].value:.3f} with" for n in names]
    better = abs(found[names[0], True].value) < abs(found[names[0], False].value)
    of = found[names[0], True]
    words = f"floor256: {'; '.join(said)} (n={of.n} keys of {of.facts['bytes']:,} bytes)"
    return Judged("held" if better else "refuted", words)


def _visible(evidence: Evidence) -> Judged:
    new, old = _of(evidence, SEED, "fold"), _of(evidence, OLD, "fold")
    if not new or not old:
        return UNKNOWN
    words = f"fold recovers {new[0].recovery:.3f} of {SEED}, {old[0].recovery:.3f} of {OLD} ({_seeds(new[0])})"
    return Judged("held" if new[0].recovery < old[0].recovery else "refuted", words)


def _seeds(one: Result) -> str:
    return f"{one.keys} keys, {one.records[0].n} targets each"


def _under(one: Result) -> str:
    """What was given, and under how many keys."""
    return f"{one.words} ({one.keys} keys)"


def _needed(attack: str, view: Any) -> Callable[[Evidence], Judged]:
    def judge(evidence: Evidence) -> Judged:
        new = least(_of(evidence, SEED, attack), view, BROKEN, once=True)
        old = least(_of(evidence, OLD, attack), view, BROKEN, once=True)
        if not new or not old:
            return UNKNOWN
        words = f"{attack} breaks {SEED} with {_under(new)}, {OLD} with {_under(old)}"
        return Judged("held" if new.amount > old.amount else "refuted", words)

    return judge


PAPER: list[Claim] = [
    Claim(
        "chosen plaintexts",
        "The method is robust against the chosen-plaintext attack.",
        BY,
        [
            Reading(
                "the published procedure (Chang, Case 2020) does not give the picture back exactly",
                _procedure("exact"),
                _asks(SEED, "chang-li"),
            ),
            Reading(
                "the published procedure gives nothing beyond the best blind guess",
                _procedure("nothing"),
                _asks(SEED, "chang-li"),
            ),
            Reading(
                "a handful of chosen pictures does not open the others",
                _opened("chosen-plan", "chosen", 5),
                _asks(SEED, "chosen-plan"),
            ),
            Reading(
                "one known picture does not open the others",
                _opened("known-plan", "pairs", 1),
                _asks(SEED, "known-plan"),
            ),
            Reading(
                "a hundred cipher images alone do not open the others",
                _opened("many-time-pad", "many", 100),
                _asks(SEED, "many-time-pad"),
            ),
        ],
    ),
    Claim(
        "key space",
        "The key space is larger than that of existing methods.",
        BY,
        [
            Reading("there are more settings of the parameters", _space),
            Reading("breaking it costs as much as trying the keys", _cost, _asks(SEED, "chosen-plan", "known-plan")),
        ],
    ),
    Claim(
        "accuracy",
        "The accuracy of existing methods is kept, with a slight degradation.",
        BY,
        [
            Reading(f"at most {SLIGHT:.0f} points are lost to plain pictures", _accuracy("plain/1")),
            Reading(f"at most {SLIGHT:.0f} points are lost to {OLD}", _accuracy(OLD)),
        ],
    ),
    Claim(
        "intrinsic properties",
        "The intrinsic properties of the picture are preserved.",
        BY,
        [
            _property("size", lambda v: v == 1),
            _property("png", lambda v: v <= 1.05),
            _property("place", lambda v: v == 1),
            _property("fold", lambda v: v == 1),
            _property("smooth", lambda v: v >= 0.9),
            _property("values", lambda v: v == 1),
        ],
    ),
    Claim(
        "cost",
        "The logistic map is chosen for its low cost.",
        BY,
        [Reading("it gives more bytes a second than AES-256-CTR, from key to mask", _rate)],
    ),
    Claim(
        "second key",
        "Shuffling the sequence by a second key makes up for the weakness of the logistic map.",
        BY,
        [
            Reading("the statistics of the sequence are better with it", _statistics),
            Reading(
                "more known pictures are needed with it",
                _shuffle("known-plan", "pairs", "open the others"),
                lambda: [*_asks(SEED, "known-plan")(), *_asks(SEED, "known-plan", shuffle=False)()],
            ),
            Reading(
                "more cipher images are needed with it",
                _shuffle("many-time-pad", "many", "open the others"),
                lambda: [*_asks(SEED, "many-time-pad")(), *_asks(SEED, "many-time-pad", shuffle=False)()],
            ),
        ],
    ),
    Claim(
        "sequence",
        "A sequence of values is better than the single value of existing methods.",
        BY,
        [
            Reading(
                "one cipher image by itself shows less",
                _visible,
                lambda: [*_asks(SEED, "fold")(), *_asks(OLD, "fold")()],
            ),
            Reading(
                "more known pictures are needed",
                _needed("known-plan", "pairs"),
                lambda: [*_asks(SEED, "known-plan")(), *_asks(OLD, "known-plan")()],
            ),
            Reading(
                "more cipher images are needed",
                _needed("many-time-pad", "many"),
                lambda: [*_asks(SEED, "many-time-pad")(), *_asks(OLD, "many-time-pad")()],
            ),
        ],
    ),
]
