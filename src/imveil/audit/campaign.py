"""Audit: every attack that fits, against a scheme or somebody's encryptor, within a budget; the answer in pictures.

    found = audit(scheme, images, budget="2m")
    found.verdict, found.best.recovery

The budget is turned into trials, steps and targets beforehand (trials.py), so that the same budget asks the same
questions; a trial for which no time is left is listed as not tried. Interrupted, an audit says what it has so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from imveil.attacks.base import U8, ViewName
from imveil.audit.deadline import OutOfTime, within
from imveil.audit.finding import Finding
from imveil.audit.game.challenger import Challenger, challenger_of
from imveil.audit.game.referee import game
from imveil.audit.ladder import RUNGS, core_of
from imveil.audit.leaks import constant, different, leaks
from imveil.audit.outcome import Outcome
from imveil.audit.pictures import Pictures
from imveil.audit.result import Audit
from imveil.audit.statistics import measured_challenger
from imveil.audit.trials import VIEWS, Skipped, Trial, cut_down, hinted, measured_slowness, plan, slowness_notes
from imveil.errors import BadInput, MissingExtra
from imveil.interval import seconds
from imveil.metrics.base import checked
from imveil.schemes.base import Scheme

SEEDS = 3
SHOWN = 6
METRIC_IMAGES = 100
MOST_LOOKED_AT = 300


Watch = Callable[[int, int, str], object]
Play = Callable[[Trial, int], Finding | Skipped]  # a trial under a seed


def audit(
    target: Scheme | Challenger,
    images: U8 | Pictures,
    *,
    budget: str | float = 120.0,
    views: Sequence[ViewName] = VIEWS,
    data: str = "",
    what: str = "",
    seeds: int = SEEDS,
    pace: float = 0.0,
    spent: float = 0.0,
    progress: Watch | None = None,
) -> Audit:
    """Attack `target` with everything that fits the views.

    Parameters
    ----------
    target
        A Scheme, or a Challenger, for somebody else's encryptor.
    images
        Plain pictures (n, h, w, c) uint8 of the kind to be protected, two hundred or more for firm answers; or what
        `read_pictures` gives, which knows what they are.
    budget
        How long it may take, "2m", "90s" or seconds.
    views
        What the attacker may hold: "coa", "kpa", "cpa".
    data, what
        What the pictures and the target are called in the report.
    seeds
        How often each trial is repeated, each time under another key, if time is left.
    pace
        Seconds that `target` takes for one picture, where that is long.
    spent
        Seconds of the budget that are gone already, or are needed for what comes afterwards.
    progress
        Called with (trials done, trials, what is played now).

    Returns
    -------
    Audit: `verdict`, `level`, `best`, `records`, `save(path)`. Ctrl-C ends it early; it is then marked `interrupted`.

    Raises
    ------
    BadShape, BadDtype, for images that are no batch of pictures; BadInput, where an encryptor fails on all that is
    asked of it. One that fails on what some attack asks ends that trial only, and the result says so.
    """
    given = images if isinstance(images, Pictures) else Pictures(images, data)
    images, budget = checked(given.images, "images"), seconds(budget)
    began = time.monotonic()
    end = began + budget - spent
    scheme = target if isinstance(target, Scheme) else None
    real = target if isinstance(target, Challenger) else challenger_of(target, 0)
    what = what or (_named(scheme) if scheme else "an encryptor")
    result = Audit(what, data or given.about, tuple(views), budget, notes=list(given.notes))
    once = different(images)
    if len(once) < len(images):
        result.notes.append(f"{len(images) - len(once):,} of the pictures are copies of others and were left out.")
    images = once
    shape = tuple(int(d) for d in images.shape[1:])
    failures: list[str] = []

    def failed(what: str, error: Exception) -> Skipped:
        if scheme and isinstance(error, BadInput):
            raise error
        words = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
        failures.append(words)
        return Skipped(what, f"the encryptor failed: {words}" if isinstance(error, BadInput) else f"failed: {words}")

    try:
        ciphers = real.encrypt(images[: MOST_LOOKED_AT if pace < 0.01 else 10], "look")
        result.leaks = leaks(ciphers)
        if constant(np.asarray(ciphers)):
            result.void = (
                "All cipher images are the same, whatever the picture: nothing can be learnt from them, and nobody can "
                "get a picture back, not even the owner"
            )
    except BadInput as error:
        failed("looking", error)
    times = measured_slowness()
    trials, result.skipped = plan(len(images), shape, result.views, budget, scheme, real.fresh is not None, pace, times)
    result.notes += slowness_notes(times) if any(trial.seconds for trial in trials) else []
    trials = hinted(trials, result.leaks)
    result.notes += cut_down(trials)
    chosen = list({trial.attack.id: trial.attack for trial in trials}.values())
    result.core = {rung.name: core_of(rung, chosen) for rung in RUNGS if rung.view in result.views}

    def play(trial: Trial, seed: int) -> Finding | Skipped:
        try:
            played = game(
                target if scheme else real, images, trial.attack,
                terms=trial.terms, seed=seed, data=result.data, steps=trial.steps or None,
            )  # fmt: skip
        except (MissingExtra, SystemError):  # the bell may have rung inside a compiled call: `within` knows
            raise
        except Exception as error:  # an attack, or somebody's encryptor: one failure ends one trial
            return failed(trial.label, error)
        if played.view.targets.shape[1:] != played.view.shape and (played.guess.images == 128).all():
            return Skipped(trial.label, "cannot work on cipher images of another size than the pictures'", fits=False)
        some = slice(SHOWN)
        truth, cipher = played.split.targets[some], played.view.targets[some]
        return Finding(trial, [played.record], truth, cipher, played.guess.images[some])

    def measure() -> list[dict[str, Any]]:
        try:
            return measured_challenger(real, images[: METRIC_IMAGES if pace < 0.01 else 10], scheme)
        except Exception as error:  # as above
            result.skipped.append(failed("statistics", error))
            return []

    if not result.void:
        campaign(result, trials, play, measure, seeds=seeds, end=end, progress=progress)
    if failures and not result.findings:
        raise BadInput(failures[0])
    if failures:
        count = "once" if len(failures) == 1 else f"{len(failures)} times, the first time"
        result.notes.append(f"{'An attack' if scheme else 'The encryptor'} failed {count}: {failures[0]}.")
    result.seconds = time.monotonic() - began
    return result


def _named(scheme: Scheme) -> str:
    """With all its fields: the reader of a report need not know what is left out."""
    fields = ", ".join(f"{name}={value}" for name, value in scheme.config().items())
    return scheme.id + (f" ({fields})" if fields else "")


def campaign(
    result: Outcome,
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

    def skip(one: Skipped, trial: Trial) -> None:
        result.skipped.append(one)
        if not one.fits:  # what cannot work on such images is no gap
            result.core.get(trial.rung.name, set()).discard(trial.attack.id)

    try:
        for seed in range(seeds):
            for number, trial in enumerate(trials):
                if seed and trial not in found:
                    continue
                left = end - time.monotonic()
                core = trial.attack.id in result.core.get(trial.rung.name, ())
                if not seed and trial.attack.id in took:  # more of the same leaves room for what was not played at all
                    left -= sum(t.seconds for t in trials[number + 1 :] if t.attack.id not in took)
                # The core is begun while there is any time; the rest where it will fit.
                if left <= 0 or (_expected(trial, took) > left and not core):
                    if not seed:
                        result.skipped.append(Skipped(trial.label, "no time was left in the budget"))
                    continue
                if not measured and (trial.attack.slow or trial.steps):  # a partial answer shall have the metrics too
                    measured, result.metrics = True, _measured(measure, end)
                    left = end - time.monotonic()
                tell(seed * len(trials) + number, seeds * len(trials), trial.label)
                start = time.monotonic()
                # What needs nothing runs to its end; of the rest of the core none takes the time of all others.
                shares = bool(trial.attack.needs) and core and sum(map(len, result.core.values())) > 1
                try:
                    with within(left / 2 if shares else left):
                        played = play(trial, seed)
                except MissingExtra as error:
                    played = Skipped(trial.label, str(error))
                except SystemError as error:
                    played = Skipped(trial.label, f"failed: {error}")
                except OutOfTime:
                    played = Skipped(trial.label, "was stopped when the time of the budget was over")
                took[trial.attack.id] = (max(1, trial.strength), time.monotonic() - start)
                if isinstance(played, Finding):
                    if seed:
                        found[trial].records += played.records
                    else:
                        found[trial] = played
                        result.findings.append(played)
                        result.core.get(trial.rung.name, set()).discard(trial.attack.id)
                elif not seed:
                    skip(played, trial)
            if not measured and result.findings:
                measured, result.metrics = True, _measured(measure, end)
        tell(1, 1, "done")
    except KeyboardInterrupt:
        result.interrupted = True
        done = {f.trial.label for f in result.findings} | {s.attack for s in result.skipped}
        result.skipped += [Skipped(t.label, "the audit was interrupted") for t in trials if t.label not in done]


def _measured(measure: Callable[[], list[dict[str, Any]]], end: float) -> list[dict[str, Any]]:
    """The statistics, or none where there is no time for them."""
    try:
        with within(end - time.monotonic()):
            return measure()
    except (OutOfTime, SystemError):
        return []


def _expected(trial: Trial, took: dict[str, tuple[int, float]]) -> float:
    """Seconds that a trial will take, from the same attack at its last strength; from the plan for one that was never
    played.

    Cautious, and no more: a first game has compiling in it, and little of its time grows with the number of images.
    """
    if trial.attack.id not in took:
        return trial.seconds
    strength, seconds = took[trial.attack.id]
    return seconds * min(2.0, max(1, trial.strength) / strength)
