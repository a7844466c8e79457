"""Trials: which attacks an audit plays, how strong, in which order, with how many steps. Decided beforehand.

A view is what the attacker holds: `coa` cipher images alone (and pictures of the kind, and the scheme's name); `kpa`
known pictures with their cipher images too; `cpa` an oracle that encrypts what he chooses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any, Literal

from imveil.lab.attack import Attack, attacks, find_attack
from imveil.lab.deal import Terms

ViewName = Literal["coa", "kpa", "cpa"]
VIEWS: tuple[ViewName, ...] = ("coa", "kpa", "cpa")
CIPHERS = (10, 30, 100, 300, 1000)
PAIRS = (1, 2, 5, 10, 30)
_SHARE = 0.5  # of the budget goes to attacks that take steps


def view_of(needs: frozenset[str]) -> ViewName:
    """The weakest view in which an attack with these needs can be played."""
    return "cpa" if "oracle" in needs else "kpa" if "pairs" in needs else "coa"


@dataclass(frozen=True)
class Trial:
    """One attack at one strength. strength: how many cipher images, pairs, or nothing that varies (0)."""

    attack: Attack
    terms: Terms
    strength: int
    steps: int

    @property
    def view(self) -> ViewName:
        """What the attacker holds."""
        return view_of(self.attack.needs)

    @property
    def label(self) -> str:
        """In a few words, for progress and reports."""
        what = "cipher images" if "ciphers" in self.attack.needs else "known pictures"
        if not self.strength:
            return self.attack.id
        return f"{self.attack.id}, {self.strength} {what if self.strength > 1 else what[:-1]}"


@dataclass(frozen=True)
class Skipped:
    """An attack that was not played, and why."""

    attack: str
    reason: str


def targets_of(pictures: int) -> int:
    """How many of so many pictures become targets."""
    return max(1, min(40, pictures // 3))


def plan(
    pictures: int,
    shape: tuple[int, ...],
    views: tuple[ViewName, ...],
    budget: float,
    scheme: Any = None,
    fresh: bool = True,
) -> tuple[list[Trial], list[Skipped]]:
    """The trials, weakest first, and what is left out.

    pictures: how many there are, of `shape`.   budget: seconds.   scheme: a Scheme, None where nobody said what it is.
    fresh: whether an attacker can encrypt under keys of his own.
    """
    known = [find_attack(name) for name in attacks()]
    skipped: list[Skipped] = []
    chosen: list[Attack] = []
    for attack in known:
        if view_of(attack.needs) not in views:
            skipped.append(Skipped(attack.id, f"needs the view {view_of(attack.needs)}, which was not asked for"))
        elif scheme is not None and not attack.suits(scheme):
            skipped.append(Skipped(attack.id, f"is not made for {scheme.id} with these fields"))
        elif "simulate" in attack.needs and not fresh:
            skipped.append(
                Skipped(attack.id, "needs to encrypt under keys of its own, which this encryptor does not offer")
            )
        else:
            chosen.append(attack)
    stepped = [attack for attack in chosen if attack.steps]
    trials = []
    for attack in chosen:
        steps = _steps(attack, shape, budget * _SHARE / max(1, len(stepped)))
        base = Terms(targets=targets_of(pictures))
        for strength in _strengths(attack, pictures - base.targets):
            terms = replace(base, ciphers=strength) if "ciphers" in attack.needs else base
            terms = replace(terms, pairs=strength) if "pairs" in attack.needs else terms
            trials.append(Trial(attack, terms, strength, steps))
    trials.sort(key=lambda t: (bool(t.attack.steps), t.attack.slow, t.strength, t.attack.id))
    return trials, skipped


def _strengths(attack: Attack, left: int) -> list[int]:
    """How much of what it needs is dealt, from little to much; always something, however few pictures there are."""
    if attack.steps:  # one strength: the steps are what such an attack is fed with
        most = CIPHERS[2] if "ciphers" in attack.needs else PAIRS[-1] if "pairs" in attack.needs else 0
        return [max(1, min(most, left // 2))] if most else [0]
    scale = CIPHERS if "ciphers" in attack.needs else PAIRS if "pairs" in attack.needs else ()
    # A few pictures stay public, for the blind guesses that every score is counted from.
    room = left - max(1, left // 10)
    fit = [n for n in scale if n <= room]
    return fit or ([max(1, room)] if scale else [0])


def _steps(attack: Attack, shape: tuple[int, ...], seconds: float) -> int:
    """Steps that fit into so many seconds, half of which the control takes; no more than the attack's own number."""
    if not attack.steps or not attack.seconds_a_step:
        return attack.steps
    return max(1, min(attack.steps, int(seconds / 2 / (attack.seconds_a_step * prod(shape) / 3072))))
