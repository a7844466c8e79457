"""Run: a model from a cipher data set, with all that is decided on the way. What `imveil train` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from imveil.cloud.data.cipher_dataset import Parts, load_parts
from imveil.cloud.device import pick_device, precision_of
from imveil.cloud.modelfile import Model, describe, weights_of
from imveil.cloud.prediction import evaluate
from imveil.cloud.training.attacked import attacked, harmless
from imveil.cloud.training.choice import Tell, chosen, planned
from imveil.cloud.training.defaults import Choice, suggest
from imveil.cloud.training.group import leader
from imveil.cloud.training.log import write_log
from imveil.cloud.training.loop import Progress, fit
from imveil.cloud.training.settings import Settings
from imveil.errors import BadField
from imveil.extras import torch
from imveil.interval import seconds
from imveil.statuses import queries_of, status_of
from imveil.store.joined import open_sets


def train(
    path: str | Path,
    *,
    model: str = "auto",
    width: int | None = None,
    epochs: int | None = None,
    budget: str | float | None = None,
    limit: int | None = None,
    stream: bool | None = None,
    batch: int = 256,
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
    progress: Callable[[Progress], None] | None = None,
    watching: Callable[[int], Any] | None = None,
    tell: Tell | None = None,
) -> Model:
    """Train a model on the cipher data set in the folder `path`; what is not said is chosen for its scheme.

    Parameters
    ----------
    path
        A cipher data set, or a folder whose folders are its parts.
    model, adapter
        Names, see `imveil.registry`; "auto" takes those that suit the scheme, "none" is no adapter.
    attack
        Begin, where the adapter is "auto", with what the cipher images give away of their plan.
    width, model_options, adapter_options
        Of the model and adapter, their own defaults where not given.
    epochs
        How often every picture is seen, 6 unless given.
    budget
        In place of epochs: a time to plan them for, "10m" or seconds.
    limit
        Train on this many pictures only.
    stream
        Leave pictures on disk; None: where they are many.
    batch, lr, seed
        Pictures a step, peak learning rate, and the seed of weights, order and what is held out.
    augment
        Flips and shifts; None: where the scheme lets pictures be moved.
    recipe
        More `Settings`, such as {"optimiser": "adamw", "ema": 0.99}.
    start
        A model file to begin with, where weights fit.
    checkpoint
        A file that is written on the way; a run that finds it goes on from it, unless `restart`. It stays.
    log
        A folder for log.csv, curves.png and report.html.
    device
        "cpu", "cuda" or "auto".
    progress
        Called every few steps.
    watching
        In place of `progress`: gives a context for this many epochs, whose value is the `progress`.
    tell
        Called with (name, text) for each choice that is made.

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
    cipher_set = open_sets(path)
    manifest = cipher_set.manifest
    traits = dict(manifest.traits) if isinstance(manifest.traits, Mapping) else asdict(manifest.traits)

    def decided(best: Choice | None) -> tuple[Settings, list[tuple[str, str]]]:
        settings, reasons = chosen(
            manifest, traits, net=model, width=width, batch=batch, lr=lr, seed=seed, augment=augment, adapter=adapter,
            model_options=dict(model_options or {}), adapter_options=dict(adapter_options or {}),
            more=dict(recipe or {}), best=best,
        )  # fmt: skip
        settings = replace(settings, epochs=6 if epochs is None else epochs)
        settings.check()
        return settings, reasons

    usual = suggest(manifest.scheme, manifest.fields, traits)
    usual = usual if attack else harmless(usual)
    settings, reasons = decided(usual)
    time = None if budget is None else seconds(budget)
    parts = load_parts(cipher_set, seed, limit, stream=stream)
    classes = list(manifest.classes)
    if attack and adapter == "auto":
        best, said = attacked(manifest, traits, parts.train[0], usual)
        settings, reasons = decided(best)
        reasons += [("attack", said)] if said else []
    say(
        "data",
        f"{path}: {manifest.scheme}, key {manifest.fingerprint}, {len(classes)} classes, {manifest.size / 1e6:.1f} MB",
    )
    say("status", f"{status_of(manifest.scheme, manifest.fields)}; {queries_of(manifest.scheme, manifest.fields)}")
    say("pictures", _sizes(parts))
    for name, text in [*(("", note) for note in parts.notes), *reasons]:
        say(name, text)
    place = None if checkpoint is None else Path(checkpoint)
    if place is not None and restart and leader():
        place.unlink(missing_ok=True)
    if time is not None:
        settings = planned(settings, time, parts, len(classes), place, where, say)
    kind = precision_of(where, settings.precision) + (", compiled" if settings.compiled else "")
    count = "1 epoch" if settings.epochs == 1 else f"{settings.epochs} epochs"
    say("net", f"{settings.model}, {count} on {where}, {torch.get_num_threads()} threads, {kind}")
    if place is not None and place.exists():
        say("resume", f"from {place}")
    begin = None if start is None else weights_of(Path(start), classes, manifest.class_check)
    if start is not None:
        say("from", f"the weights of {start}")

    def fitted(watch: Callable[[Progress], None] | None) -> Any:
        return fit(
            parts.train, len(classes), settings, valid=parts.valid, checkpoint=place, progress=watch, device=where,
            start=begin,
        )  # fmt: skip

    if watching is None:
        trained = fitted(progress)
    else:
        with watching(settings.epochs) as watch:
            trained = fitted(watch)
    final = evaluate(trained.net, *parts.test) if parts.test and leader() else None
    valid = None
    if parts.valid and trained.history[-1].valid is not None:
        valid = (round(trained.history[-1].valid * len(parts.valid[1])), len(parts.valid[1]))
    info = describe(
        trained, classes, scheme=manifest.scheme, fields=dict(manifest.fields), traits=traits,
        fingerprint=manifest.fingerprint, images=len(parts.train[1]), valid=valid,
        test=(final.right, final.n) if final else None, preparation=dict(manifest.preparation),
        class_check=manifest.class_check,
    )  # fmt: skip
    if log is not None and leader():
        write_log(Path(log), trained, classes, final, f"{path}: {manifest.scheme}")
        say("log", f"{log}/report.html, curves.png, log.csv")
    return Model(trained.net.eval(), info, tuple(trained.history), final, trained.seconds)


def _sizes(parts: Parts) -> str:
    named = ((parts.train, "train on"), (parts.valid, "validate on"), (parts.test, "test on"))
    sizes = [f"{len(part[1]):,} to {what}" for part, what in named if part]
    return f"{'x'.join(map(str, parts.train[0].shape[1:]))}, " + ", ".join(sizes)
