"""Trials: which attacks an audit plays, how strong, in which order, with how many steps. Decided beforehand.

A view is what the attacker holds: `coa` cipher images alone (and pictures of the kind, and the scheme's name); `kpa`
known pictures with their cipher images too; `cpa` an oracle that encrypts what he chooses.

Half of the budget is shared by the attacks that take long. One that takes steps gets as many steps as fit into its
share, and as many known pictures as there are; one that searches for each picture anew gets fewer targets.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imveil import attacks
from imveil.attacks.base import Attack, ViewName
from imveil.audit.game.split import Terms
from imveil.audit.ladder import RUNGS, Rung, rung_of
from imveil.audit.leaks import Leak

VIEWS: tuple[ViewName, ...] = ("coa", "kpa", "cpa")
CIPHERS = (10, 30, 100, 300, 1000)
PAIRS = (1, 2, 5, 10, 30)
MOST_PAIRS = 1000  # for attacks that take steps
LEAST_TARGETS = 3
CROP = 64  # pixels: the middle of that size tells as much about attacks that are local
_HINTS = {"reused stream": "many-time-pad", "one key for all": "second-order"}  # what shows, and what to play then
_SHARE = 0.5  # of the budget goes to attacks that take long
_WORDS, _PAGE = 0.3, 3.0  # seconds that an audit takes after its attacks, there
_REFERENCE = 0.10  # seconds that `_work` took on the machine that attacks were timed on, alone on a core


@dataclass(frozen=True)
class Trial:
    """One attack at one strength. strength: how many cipher images, pairs, or nothing that varies (0).
    seconds: what it will take with its control, as far as that is known beforehand; 0 where it is not."""

    attack: Attack
    terms: Terms
    strength: int
    steps: int
    seconds: float = 0.0

    @property
    def view(self) -> ViewName:
        """What the attacker holds."""
        return self.attack.view

    @property
    def rung(self) -> Rung:
        """The weakest attacker who can play it."""
        return rung_of(self.attack)

    @property
    def label(self) -> str:
        """In a few words, for progress and reports."""
        what = "cipher images" if "ciphers" in self.attack.needs else "known pictures"
        if not self.strength:
            return self.attack.id
        return f"{self.attack.id}, {self.strength:,} {what if self.strength > 1 else what[:-1]}"


@dataclass(frozen=True)
class Skipped:
    """An attack that was not played, and why. fits: whether it could have been; what cannot is no gap."""

    attack: str
    reason: str
    fits: bool = True


def targets_of(pictures: int, budget: float = float("inf"), pace: float = 0.0) -> int:
    """How many of this many pictures become targets.

    Parameters
    ----------
    pace
        Seconds that one picture takes to encrypt; then there are fewer, so that encrypting the targets of one trial
        takes no more than a fortieth of the budget.

    >>> targets_of(1000), targets_of(30), targets_of(4), targets_of(1000, budget=120, pace=0.5)
    (40, 10, 2, 6)
    """
    most = 40 if pace * 40 <= budget / 40 else max(LEAST_TARGETS, int(budget / 40 / pace))
    return max(1, min(most, max(pictures // 3, min(2, pictures - 2))))


def plan(
    pictures: int,
    shape: tuple[int, ...],
    views: tuple[ViewName, ...],
    budget: float,
    scheme: Any = None,
    fresh: bool = True,
    pace: float = 0.0,
    slowness: int = 1,
) -> tuple[list[Trial], list[Skipped]]:
    """The trials, quick ones and weak ones first, and what is left out.

    Parameters
    ----------
    pictures
        How many there are, of `shape`.
    budget
        seconds.
    scheme
        A Scheme, None where nobody said what it is.
    fresh
        Whether an attacker can encrypt under keys of his own.
    pace
        Seconds that one picture takes to encrypt.
    slowness
        Of this machine, as `measured_slowness` says.
    """
    known = [attacks.find(name) for name in attacks.names()]
    skipped: list[Skipped] = []
    chosen: list[Attack] = []
    for attack in known:
        if attack.view not in views:
            skipped.append(Skipped(attack.id, f"needs the view {attack.view}, which was not asked for"))
        elif scheme is not None and (why := attack.unfit(scheme, shape)):
            skipped.append(Skipped(attack.id, f"cannot work here: {why}", fits=False))
        elif "simulate" in attack.needs and not fresh:
            skipped.append(
                Skipped(attack.id, "needs to encrypt under keys of its own, which this encryptor does not offer")
            )
        else:
            chosen.append(attack)
    long = [attack for attack in chosen if attack.steps or attack.slow]
    share = budget * _SHARE / max(1, len(long))
    trials: list[Trial] = []
    for attack in chosen:
        base = Terms(
            targets=targets_of(pictures, budget, pace), crop=CROP if attack.local and min(shape[:2]) > CROP else 0
        )
        steps, seconds = attack.steps, 0.0
        each = attack.seconds_a_picture(shape) * slowness
        if attack.steps and attack.seconds_a_step:
            # The control takes the other half.
            a_step = attack.seconds_a_step * _size(shape) * slowness
            steps = max(1, min(attack.steps, int(share / 2 / a_step)))
            seconds = 2 * steps * a_step
        if each:
            fit = int(share / 2 / each)
            if fit < LEAST_TARGETS:
                least = 2 * LEAST_TARGETS * each * len(long) / _SHARE
                reason = f"takes about {each:.0f} s for each picture of this size: a budget of {least:.0f} s has room"
                skipped.append(Skipped(attack.id, reason))
                continue
            base = replace(base, targets=min(base.targets, fit))
            seconds += 2 * base.targets * each
        seconds += attack.seconds_before(shape) * slowness  # noise is told at once
        for strength in _strengths(attack, pictures - base.targets):
            terms = replace(base, ciphers=strength) if "ciphers" in attack.needs else base
            terms = replace(terms, pairs=strength) if "pairs" in attack.needs else terms
            dealt = 2 * pace * (base.targets + strength)
            trials.append(Trial(attack, terms, strength, steps, seconds + dealt))
    return _in_order(trials), skipped


def _in_order(trials: list[Trial]) -> list[Trial]:
    """The core of every group first, weak attackers before strong ones, each attack of it once, at a strength that
    decides; then the rest: quick before slow, little before much."""
    first: dict[str, Trial] = {}
    for trial in trials:
        if trial.attack.id in rung_of(trial.attack).core:
            known = first.get(trial.attack.id)
            if known is None or known.strength < trial.strength <= trial.attack.decides:
                first[trial.attack.id] = trial
    core = sorted(first.values(), key=lambda t: (RUNGS.index(rung_of(t.attack)), t.attack.id != "look", t.attack.id))
    rest = [trial for trial in trials if trial not in core]
    rest.sort(
        key=lambda t: (bool(t.attack.steps), t.attack.slow, RUNGS.index(rung_of(t.attack)), t.strength, t.attack.id)
    )
    return core + rest


def _size(shape: tuple[int, ...]) -> float:
    """Samples of a picture, in those of one of CIFAR."""
    h, w, c = shape
    return h * w * c / 3072


def _strengths(attack: Attack, left: int) -> list[int]:
    """How much of what it needs is dealt, from little to much; always something, however few pictures there are."""
    scale = CIPHERS if "ciphers" in attack.needs else PAIRS if "pairs" in attack.needs else ()
    # A few pictures stay public, for the blind guesses that every score is counted from.
    room = max(1, left - max(1, left // 10))
    if attack.steps:  # one strength: the steps are what such an attack is fed with
        return [min(MOST_PAIRS if "pairs" in attack.needs else scale[2], room)] if scale else [0]
    fit = [n for n in scale if n <= room]
    return fit or ([room] if scale else [0])


def measured_slowness() -> int:
    """1, 2, 4, 8, ...: the power of two next to how many times longer a fixed piece of work takes here, now,
    than on the machine that attacks were timed on.

    Powers of two, so that a machine gives the same answer from one time to the next. Takes a tenth of a second, or as
    much longer as the machine is slower or busier.
    """
    start = time.monotonic()
    _work()
    times = (time.monotonic() - start) / _REFERENCE
    return 1 << round(math.log2(max(times, 1.0)))


def hinted(trials: list[Trial], leaks: list[Leak]) -> list[Trial]:
    """The same, what the cipher images themselves speak for first: little time shall go to it before anything else."""
    named = {_HINTS[leak.name] for leak in leaks if leak.name in _HINTS}
    core = [trial.attack.id in named and trial.attack.id in trial.rung.core for trial in trials]
    first = {trial.attack.id: at for at, (trial, hint) in reversed(list(enumerate(zip(trials, core)))) if hint}
    ahead = sorted(first.values())
    return [trials[at] for at in ahead] + [trial for at, trial in enumerate(trials) if at not in ahead]


def cut_down(trials: list[Trial]) -> list[str]:
    """A note for a report, where pictures are so large that some attacks are played on a part of each."""
    if not any(trial.terms.crop for trial in trials):
        return []
    return [f"Attacks that work on any part of a picture were played on the middle {CROP}x{CROP} pixels of each."]


def reserved(budget: float, page: bool) -> float:
    """Seconds of a budget to keep for what comes after the attacks: words and JSON, or a page with pictures and a plot,
    on this machine as busy as it is now. A fifth of the budget at most."""
    return min(budget / 5, (_PAGE if page else _WORDS) * measured_slowness())


def slowness_notes(times: int) -> list[str]:
    """A note for a report, where there is something to say."""
    if times == 1:
        return []
    return [
        f"This machine was about {times} times slower, or busier, than the one that attacks were timed on: those that "
        "take long got fewer steps and targets."
    ]


def _work() -> None:
    numbers = np.random.default_rng(0).random((400, 400), np.float32)
    for _ in range(100):
        np.sort(np.exp(numbers), axis=1)
