"""Run: a model from a cipher data set, with all that is decided on the way. What `imveil train` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from imveil.cloud.data.cipher_dataset import Parts, load_parts
from imveil.cloud.device import pick_device, precision_of
from imveil.cloud.modelfile import Model, describe, weights_of
from imveil.cloud.prediction import evaluate
from imveil.cloud.training.attacked import attacked, harmless
from imveil.cloud.training.budget import Budget
from imveil.cloud.training.choice import Tell, chosen
from imveil.cloud.training.defaults import Choice, suggest
from imveil.cloud.training.group import leader
from imveil.cloud.training.log import write_log
from imveil.cloud.training.loop import Progress, fit
from imveil.cloud.training.saving import alone
from imveil.cloud.training.settings import Settings
from imveil.cloud.training.sizes import WARMUP, batch_for, epochs_for, rate_for
from imveil.errors import BadField
from imveil.extras import torch
from imveil.interval import duration, seconds
from imveil.statuses import queries_of, status_of
from imveil.store.far import fetched
from imveil.store.joined import open_sets

CLIP = 2.0  # the largest norm of a step's gradients
UNEVEN = 2.0  # times the mean class: where always answering the commonest class looks good
Watching = Callable[[str], AbstractContextManager[Callable[[Progress], None] | None]]


def train(
    path: str | Path,
    *,
    model: str = "auto",
    width: int | None = None,
    epochs: int | None = None,
    budget: str | float | None = None,
    limit: int | None = None,
    stream: bool | None = None,
    batch: int | None = None,
    lr: float | None = None,
    seed: int = 0,
    augment: bool | None = None,
    adapter: str = "auto",
    attack: bool = True,
    model_options: Mapping[str, Any] | None = None,
    adapter_options: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    start: str | Path | None = None,
    checkpoint: str | Path | None = None,
    restart: bool = False,
    log: str | Path | None = None,
    device: str | None = None,
    weights: str = "none",
    progress: Callable[[Progress], None] | None = None,
    watching: Watching | None = None,
    tell: Tell | None = None,
    keep: Callable[[Model], object] | None = None,
) -> Model:
    """Train a model on the cipher data set in the folder `path`; what is not said is chosen for its scheme.

    Parameters
    ----------
    path
        A cipher data set, or a folder whose folders are its parts; or its address (s3://BUCKET/NAME).
    model, adapter
        Names, see `imveil.registry`; "auto" takes those that suit the scheme, "none" is no adapter.
    attack
        Begin, where the adapter is "auto", with what the cipher images give away of their plan.
    width, model_options, adapter_options
        Of the model and adapter, their own defaults where not given.
    epochs
        How often every picture is seen; None: 6, or as many as make 600 steps.
    budget
        In place of epochs: a time to train for, "10m" or seconds.
    limit
        Train on this many pictures only.
    stream
        Leave pictures on disk; None: where they are many.
    batch, lr
        Pictures a step and peak learning rate; None: by the number of pictures, and by the net.
    seed
        Of weights, order and what is held out.
    augment
        Flips and shifts; None: where the scheme lets pictures be moved.
    recipe
        More `Settings`, such as {"optimiser": "adamw", "ema": 0.99}.
    start
        A model file to begin with: weights where they fit, and the head of the classes that have the same names.
    checkpoint
        A file that is written on the way; a run that finds it goes on from it, unless `restart`. It stays.
    log
        A folder for log.csv, curves.png and report.html.
    device
        "cpu", "cuda" or "auto".
    weights
        "balanced": every class counts alike, however many pictures it has.
    progress
        Called every few steps.
    watching
        In place of `progress`: gives a context for each part of the work, by its name; the value of that of "training"
        is the `progress`.
    tell
        Called with (name, text) for each choice that is made.
    keep
        Called with the model as soon as there is one, and once more when it is scored.

    Returns
    -------
    Model, with `predict`, `save`, `score` (on the test pictures, where the set has some), `history` and `info`.

    Raises
    ------
    BadManifest, BadShard, TrainingProblem, BadField, UnknownName; MissingExtra without torch.
    """
    if epochs is not None and budget is not None:
        raise BadField("epochs and budget say the same thing twice", hint="give one of them")
    where = pick_device(device)
    say = tell if tell and leader() else lambda *_: None
    phase = watching or (lambda _: nullcontext())
    time = None if budget is None else Budget(seconds(budget), tell=lambda text: say("budget", text))
    with fetched(path) as near:
        cipher_set = open_sets(near.path)
        manifest = cipher_set.manifest
        traits = dict(manifest.traits) if isinstance(manifest.traits, Mapping) else asdict(manifest.traits)

        def decided(best: Choice | None, pictures: int) -> tuple[Settings, list[tuple[str, str]]]:
            size = batch_for(pictures) if batch is None else batch
            settings, reasons = chosen(
                manifest, traits, net=model, width=width, batch=size, lr=lr, seed=seed, augment=augment,
                adapter=adapter, model_options=dict(model_options or {}), adapter_options=dict(adapter_options or {}),
                more={"clip": CLIP, **(recipe or {})}, best=best, weights=weights,
            )  # fmt: skip
            if lr is None:
                settings = replace(settings, lr=rate_for(settings.lr, size, settings.optimiser))
            if time is not None and not settings.warmup:
                settings = replace(settings, warmup=WARMUP)
            settings = replace(settings, epochs=epochs_for(pictures, size) if epochs is None else epochs)
            settings.check()
            return settings, reasons

        usual = suggest(manifest.scheme, manifest.fields, traits)
        usual = usual if attack else harmless(usual)
        settings, reasons = decided(usual, manifest.count)
        with phase("reading pictures"):
            parts = load_parts(cipher_set, seed, limit, stream=stream)
        classes, pictures = parts.classes, len(parts.train[1])
        best, said = usual, ""
        if attack and adapter == "auto":
            with phase("looking for what cipher pictures give away"):
                best, said = attacked(manifest, traits, parts.train[0], usual)
        settings, reasons = decided(best, pictures)
        reasons += [("attack", said)] if said else []
        size = f"{len(classes)} classes, {manifest.size / 1e6:.1f} MB"
        say("data", f"{near.name}: {manifest.scheme}, key {manifest.fingerprint}, {size}")
        say("status", f"{status_of(manifest.scheme, manifest.fields)}; {queries_of(manifest.scheme, manifest.fields)}")
        say("pictures", _sizes(parts))
        for name, text in [*(("", note) for note in parts.notes), *reasons]:
            say(name, text)
        if uneven := _uneven(parts, settings):
            say("classes", uneven)
        place = None if checkpoint is None else Path(checkpoint)
        begin = None if start is None else weights_of(Path(start), classes, manifest)
        with alone(place) if place is not None and leader() else nullcontext():
            if place is not None and restart and leader():
                place.unlink(missing_ok=True)
            if time is not None:
                time.tested = len(parts.test[1]) if parts.test else 0
                length = f"as many steps as {duration(time.seconds)} have room for"
                if place is not None and place.exists():
                    say("budget", "the run that is there was planned before, and goes on with that")
            else:
                length = "1 epoch" if settings.epochs == 1 else f"{settings.epochs} epochs"
            kind = precision_of(where, settings.precision) + (", compiled" if settings.compiled else "")
            say("net", f"{settings.model}, {length} on {where}, {torch.get_num_threads()} threads, {kind}")
            say("steps", f"{settings.batch} pictures each, learning rate up to {settings.lr:.3g}")
            if place is not None and place.exists():
                say("resume", f"from {place}")
            with phase("training") as watch:
                trained = fit(
                    parts.train, len(classes), settings, valid=parts.valid, checkpoint=place,
                    progress=watch or progress, device=where, start=begin, budget=time, names=classes, tell=say,
                )  # fmt: skip
            valid = None
            if parts.valid and trained.history[-1].valid is not None:
                valid = (round(trained.history[-1].valid * len(parts.valid[1])), len(parts.valid[1]))
            info = describe(
                trained, classes, scheme=manifest.scheme, fields=dict(manifest.fields), traits=traits,
                fingerprint=manifest.fingerprint, images=pictures, valid=valid, preparation=dict(manifest.preparation),
                class_check=manifest.class_check,
            )  # fmt: skip
            made = Model(trained.net.eval(), info, tuple(trained.history), None, trained.seconds)
            if not leader():
                return made
            if keep is not None:
                keep(made)
            if parts.test:
                with phase("testing"):
                    final = replace(evaluate(made.net, *parts.test), apart=parts.apart)
                scored = info.model_copy(update={"test": (final.right, final.n)})
                made = replace(made, info=scored, score=final)
                if keep is not None:
                    keep(made)
        if log is not None:
            write_log(Path(log), trained, classes, made.score, f"{near.name}: {manifest.scheme}")
            say("log", f"{log}/report.html, curves.png, log.csv")
        return made


def _uneven(parts: Parts, settings: Settings) -> str:
    """A sentence where always answering the commonest class would look good; empty elsewhere."""
    counts = np.bincount(parts.train[1], minlength=len(parts.classes))
    most = int(counts.argmax())
    if counts[most] < UNEVEN * counts.sum() / len(counts):
        return ""
    said = f"always answering {parts.classes[most]!r} would be right for {counts[most] / counts.sum():.1%}"
    weighed = settings.weights == "balanced"
    return said + ("; every class counts alike" if weighed else "; --weights balanced makes every class count alike")


def _sizes(parts: Parts) -> str:
    named = ((parts.train, "train on"), (parts.valid, "validate on"), (parts.test, "test on"))
    sizes = [f"{len(part[1]):,} to {what}" for part, what in named if part]
    return f"{'x'.join(map(str, parts.train[0].shape[1:]))}, " + ", ".join(sizes)
