"""Audit: every attack that fits, against a scheme or somebody's encryptor, within a budget; the answer in pictures.

    found = audit(scheme, images, budget=120)
    found.verdict, found.best.recovery

The budget is turned into trials, steps and targets beforehand (trials.py), so that the same budget asks the same
questions; a trial for which no time is left is listed as not tried. Interrupted, an audit says what it has so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from imveil.attacks.base import U8, Images
from imveil.audit.game.challenger import Challenger, challenger_of
from imveil.audit.game.referee import game
from imveil.audit.statistics import measured_challenger
from imveil.audit.trials import VIEWS, Skipped, Trial, ViewName, measured_slowness, plan, slowness_told
from imveil.errors import BadInput, MissingExtra
from imveil.record import Record
from imveil.schemes.base import Scheme

SEEDS = 3
SHOWN = 6
METRIC_IMAGES = 100
TOLD_FROM, NEAR = 0.5, 0.05
NOISE = 0.05  # an attack that surely recovers this much from noise is not counted


@dataclass
class Finding:
    """What one trial gave. records: one a seed, the first is the one that counts. truth, cipher, guess: of a few
    targets, for the eye; truth is None where nobody has it."""

    trial: Trial
    records: list[Record]
    truth: U8 | None
    cipher: Images
    guess: U8

    @property
    def recovery(self) -> float:
        """Of the first seed, as `low` and `high` are."""
        return self.records[0].value

    @property
    def low(self) -> float:
        """Lower end of its 95 % interval."""
        return self.records[0].low

    @property
    def high(self) -> float:
        """Upper end of it."""
        return self.records[0].high

    @property
    def identified(self) -> float:
        """Share of targets picked rightly among the gallery."""
        return float(self.records[0].facts["found"].get("identified", 0.0))

    @property
    def control(self) -> dict[str, Any]:
        """The score of the same attack on noise; empty where it was not played."""
        return self.records[0].facts["found"].get("control") or {}

    @property
    def spread(self) -> tuple[float, float, int]:
        """Mean and standard deviation of the recovery over seeds, and how many there were."""
        values = [record.value for record in self.records]
        return fmean(values), stdev(values) if len(values) > 1 else 0.0, len(values)

    @property
    def need(self) -> tuple[int, ...]:
        """How much the attacker had to have, for comparison: view, images, kinds of things; looking needs least."""
        attack = self.trial.attack
        return VIEWS.index(self.trial.view), self.trial.strength, len(attack.needs), int(attack.id != "look")

    @property
    def pictures(self) -> bool:
        """Whether what came back are whole pictures, as far as that can be told where nobody has the true ones."""
        return bool(self.records[0].facts["found"].get("pictures", True))

    @property
    def sound(self) -> bool:
        """Whether its number counts: an attack that scores on noise proves nothing."""
        return float(self.control.get("low", 0.0)) < NOISE


@dataclass
class Audit:
    """All that an audit found. what: the scheme or encryptor in words.   data: what the pictures are.   notes: what
    the reader should know beside that, in sentences.   metrics: lines of (name, measured, expected, range, tells).
    looks: what a folder of cipher images seems to be, in words."""

    what: str
    data: str
    views: tuple[ViewName, ...]
    budget: float
    findings: list[Finding] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    truth: bool = True
    looks: str = ""

    @property
    def best(self) -> Finding | None:
        """The finding whose recovery is surely the highest: by the lower end of its interval, then by its mean; of
        equals the one that needed least."""
        return max(
            (f for f in self.findings if f.sound),
            key=lambda f: (round(f.low, 3), round(f.recovery, 3), *(-n for n in f.need)),
            default=None,
        )

    @property
    def told(self) -> Finding | None:
        """The finding to tell of: of those that redraw pictures about as well as any, the one that needed least.

        Not one that chose from a gallery: whoever has the picture already does not get it back.
        """
        redrawn = [f for f in self.findings if f.sound and "gallery" not in f.trial.attack.needs]
        most = max((f.low for f in redrawn), default=0.0)
        if most < TOLD_FROM:
            return max(redrawn, key=lambda f: (f.low, f.recovery), default=self.best)
        near = [f for f in redrawn if f.low >= most - NEAR]
        return min([f for f in near if f.pictures] or near, key=lambda f: (*f.need, -f.low))

    def condemned(self, above: float) -> bool:
        """Whether the lower end of the best recovery's interval exceeds `above`."""
        return self.best is not None and self.best.low > above

    @property
    def records(self) -> list[Record]:
        """Of all findings and seeds."""
        return [record for found in self.findings for record in found.records]


Watch = Callable[[int, int, str], object]
Play = Callable[[Trial, int], Finding | Skipped]  # a trial under a seed


def audit(
    target: Scheme | Challenger,
    images: U8,
    *,
    budget: float = 120.0,
    views: Sequence[ViewName] = VIEWS,
    data: str = "",
    what: str = "",
    seeds: int = SEEDS,
    pace: float = 0.0,
    progress: Watch | None = None,
) -> Audit:
    """Attack `target` with everything that fits the views.

    images: plain pictures (n, h, w, c) uint8 of the kind to be protected, two hundred or more for firm answers.
    budget: seconds.   seeds: how often each trial is repeated, for its spread, if time is left.
    pace: seconds that `target` takes for one picture, where that is long.
    progress: called with (trials done, trials, what is played now).
    Ctrl-C ends it early: the result is then marked `interrupted`. An encryptor that fails on what an attack asks of it
    ends that trial only, and the result says so; it raises BadInput where it fails on all of them.
    """
    began = time.monotonic()
    scheme = target if isinstance(target, Scheme) else None
    real = target if isinstance(target, Challenger) else challenger_of(target, 0)
    result = Audit(what or (scheme.id if scheme else "an encryptor"), data, tuple(views), budget)
    shape = tuple(int(d) for d in images.shape[1:])
    times = measured_slowness()
    trials, result.skipped = plan(len(images), shape, result.views, budget, scheme, real.fresh is not None, pace, times)
    result.notes += slowness_told(times) if any(trial.seconds for trial in trials) else []
    failures: list[BadInput] = []

    def play(trial: Trial, seed: int) -> Finding | Skipped:
        try:
            played = game(
                target if scheme else real, images, trial.attack,
                terms=trial.terms, seed=seed, data=data, steps=trial.steps or None,
            )  # fmt: skip
        except BadInput as error:
            if scheme:
                raise
            failures.append(error)
            return Skipped(trial.label, f"the encryptor failed: {error.message}")
        if played.view.targets.shape[1:] != shape and (played.guess.images == 128).all():
            return Skipped(trial.label, "cannot work on cipher images of another size than the pictures'")
        some = slice(SHOWN)
        truth, cipher = played.split.targets[some], played.view.targets[some]
        return Finding(trial, [played.record], truth, cipher, played.guess.images[some])

    def measure() -> list[dict[str, Any]]:
        try:
            return measured_challenger(real, images[: METRIC_IMAGES if pace < 0.01 else 10], scheme)
        except BadInput as error:
            if scheme:
                raise
            failures.append(error)
            return []

    campaign(result, trials, play, measure, seeds=seeds, end=began + budget, progress=progress)
    if failures and not result.findings:
        raise failures[0]
    if failures:
        count = "once" if len(failures) == 1 else f"{len(failures)} times, the first time"
        result.notes.append(f"The encryptor failed {count}: {failures[0].message}.")
    result.seconds = time.monotonic() - began
    return result


def campaign(
    result: Audit,
    trials: Sequence[Trial],
    play: Play,
    measure: Callable[[], list[dict[str, Any]]],
    *,
    seeds: int,
    end: float,
    progress: Watch | None,
) -> None:
    """Play the trials, under each seed in turn, until `end` (by the monotonic clock); findings, metrics and what was
    not tried go into `result`, also when Ctrl-C ends it."""
    tell = progress or (lambda *_: None)
    took: dict[str, tuple[int, float]] = {}
    found: dict[Trial, Finding] = {}
    measured = False
    try:
        for seed in range(seeds):
            for number, trial in enumerate(trials):
                if seed and trial not in found:
                    continue
                left = end - time.monotonic()
                if not seed and trial.attack.id in took:  # more of the same leaves room for what was not played at all
                    left -= sum(t.seconds for t in trials[number + 1 :] if t.attack.id not in took)
                # A first trial may overrun, of an attack whose time nobody knows; where it is known, it must fit.
                if left <= 0 or _expected(trial, took) > left:
                    if not seed:
                        result.skipped.append(Skipped(trial.label, "no time was left in the budget"))
                    continue
                if not measured and (trial.attack.slow or trial.steps):  # a partial answer shall have the metrics too
                    measured, result.metrics = True, measure()
                tell(seed * len(trials) + number, seeds * len(trials), trial.label)
                start = time.monotonic()
                try:
                    played = play(trial, seed)
                except MissingExtra as error:
                    played = Skipped(trial.label, str(error))
                took[trial.attack.id] = (max(1, trial.strength), time.monotonic() - start)
                if isinstance(played, Finding):
                    if seed:
                        found[trial].records += played.records
                    else:
                        found[trial] = played
                        result.findings.append(played)
                elif not seed:
                    result.skipped.append(played)
            if not measured and result.findings:
                measured, result.metrics = True, measure()
        tell(1, 1, "done")
    except KeyboardInterrupt:
        result.interrupted = True
        done = {f.trial.label for f in result.findings} | {s.attack for s in result.skipped}
        result.skipped += [Skipped(t.label, "the audit was interrupted") for t in trials if t.label not in done]


def _expected(trial: Trial, took: dict[str, tuple[int, float]]) -> float:
    """Seconds that a trial will take, from the same attack at its last strength; from the plan for one that was never
    played.

    Cautious, and no more: a first game has compiling in it, and little of its time grows with the number of images.
    """
    if trial.attack.id not in took:
        return trial.seconds
    strength, seconds = took[trial.attack.id]
    return seconds * min(2.0, max(1, trial.strength) / strength)
