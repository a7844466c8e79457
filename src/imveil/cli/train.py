"""`imveil train`, `imveil predict`, `imveil evaluate`: the cloud's commands. None of them takes a key."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from imveil import registry
from imveil.errors import BadDestination, Mismatch

if TYPE_CHECKING:
    from imveil.cloud.modelfile import Model
    from imveil.cloud.settings import Progress

MODELS, ADAPTERS = "imveil.cloud.models", "imveil.cloud.adapters"
Ciphers = Annotated[Path, typer.Argument(help="A cipher data set (a folder with imveil.json).", show_default=False)]
ModelFile = Annotated[Path, typer.Argument(help="The model file.", show_default=False)]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads; all cores unless given.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


class Device(StrEnum):
    """Where to compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


Where = Annotated[Device, typer.Option(help="Where to compute; auto takes CUDA where there is one.")]


def register(app: typer.Typer) -> None:
    """Add the three commands."""
    app.command("train")(train)
    app.command("predict")(predict)
    app.command("evaluate")(evaluate)


def train(
    ciphers: Ciphers,
    model: Annotated[Path, typer.Argument(help="The model file to write.", show_default=False)],
    net: Annotated[str, typer.Option("--model", help=f"The net: {', '.join(registry.files(MODELS))}.")] = "cnn",
    width: Annotated[int | None, typer.Option(help="Channels of the net's first stage; its own default.")] = None,
    epochs: Annotated[int, typer.Option(help="How often every picture is seen.")] = 6,
    limit: Annotated[int | None, typer.Option(min=2, help="Train on so many pictures only; all unless given.")] = None,
    batch: Annotated[int, typer.Option(help="Pictures a step.")] = 256,
    lr: Annotated[float, typer.Option(help="Peak learning rate.")] = 0.3,
    seed: Annotated[int, typer.Option(help="For weights, order, augmentation and what is held out.")] = 0,
    augment: Annotated[
        bool | None, typer.Option("--augment/--no-augment", help="Flips and shifts; by the scheme unless given.")
    ] = None,
    adapter: Annotated[
        str, typer.Option(help=f"What stands before the net: none, {', '.join(registry.files(ADAPTERS))}.")
    ] = "none",
    threads: Threads = None,
    device: Where = Device.auto,
    restart: Annotated[bool, typer.Option("--restart", help="Start anew, whatever checkpoint there is.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the model file.")] = False,
) -> None:
    """Train a model on a cipher data set: pictures nobody here can see, their classes, and no key.

    An interrupted run goes on when the same command is given again (MODEL.checkpoint, gone at the end).

    Flips and shifts are used only where they suit the scheme: plain pictures, or a key for every picture.

    \b
    Examples:
      imveil train ciphers/ model.safetensors
      imveil train ciphers/ model.safetensors --epochs 12 --width 64
      imveil train ciphers/ model.safetensors --model resnet18 --device cuda --lr 0.1
    """
    from imveil.cloud.augment import suits
    from imveil.cloud.dataset import load_parts
    from imveil.cloud.device import pick_device, uses_bf16
    from imveil.cloud.extra import torch
    from imveil.cloud.loop import fit
    from imveil.cloud.modelfile import describe, save_model
    from imveil.cloud.predict import evaluate as score
    from imveil.cloud.settings import Settings
    from imveil.store.sets import open_set

    if model.exists() and not force:
        raise BadDestination(f"{model} exists already", hint="choose another name, or overwrite it with --force")
    if model.is_dir() or not model.parent.is_dir():
        raise BadDestination(f"{model} is no place for a file", hint="make its folder first, or name a file in it")
    if threads:
        torch.set_num_threads(threads)
    cipher_set = open_set(ciphers)
    manifest = cipher_set.manifest
    traits = _mapping(manifest.traits)
    fits, why = suits(manifest.scheme, traits)
    moved = fits if augment is None else augment
    settings = Settings(
        model=net, width=width, epochs=epochs, batch=batch, lr=lr, seed=seed, adapter=adapter,
        flip=moved, shift=2 if moved else 0,
    )  # fmt: skip
    settings.check()
    parts = load_parts(cipher_set, seed, limit)
    _facts("data", f"{ciphers}: {manifest.scheme}, key {manifest.fingerprint}, {len(manifest.classes)} classes")
    sizes = [f"{len(part[1]):,} to {what}" for part, what in
             ((parts.train, "train on"), (parts.valid, "validate on"), (parts.test, "test on")) if part]  # fmt: skip
    _facts("pictures", f"{'x'.join(map(str, parts.train[0].shape[1:]))}, " + ", ".join(sizes))
    for note in parts.notes:
        _facts("", note)
    chosen = why if augment is None else "as asked" + ("" if augment == fits else f", although {why}")
    _facts("augment", ("flips and shifts: " if moved else "none: ") + chosen)
    where = pick_device(device.value)
    kind = "bfloat16" if uses_bf16(where) else "float32"
    _facts("net", f"{net}, {epochs} epochs on {where}, {torch.get_num_threads()} threads, {kind}")

    checkpoint = model.with_name(model.name + ".checkpoint")
    if restart:
        checkpoint.unlink(missing_ok=True)
    elif checkpoint.exists():
        _facts("resume", f"from {checkpoint}")
    with _Bar(epochs) as bar:
        trained = fit(
            parts.train, len(manifest.classes), settings, valid=parts.valid, checkpoint=checkpoint,
            progress=bar, device=where,
        )  # fmt: skip
    valid = None
    if parts.valid and trained.history[-1].valid is not None:
        valid = (round(trained.history[-1].valid * len(parts.valid[1])), len(parts.valid[1]))
    final = score(trained.net, *parts.test) if parts.test else None
    info = describe(
        trained,
        list(manifest.classes),
        scheme=manifest.scheme,
        fields=dict(manifest.fields),
        traits=traits,
        fingerprint=manifest.fingerprint,
        images=len(parts.train[1]),
        valid=valid,
        test=(final.right, final.n) if final else None,
    )
    save_model(model, trained, info, force=force)
    checkpoint.unlink(missing_ok=True)
    _facts("test", _share(final.right, final.n) if final else "the set has no test pictures")
    _facts("model", f"{model}, {model.stat().st_size / 1e6:.1f} MB, {trained.seconds:.0f} s")


def predict(
    model: ModelFile,
    images: Annotated[
        list[str],
        typer.Argument(help="Cipher pictures, folders of them, or - for a list of paths.", show_default=False),
    ],
    as_json: Json = False,
    top: Annotated[int, typer.Option(min=1, help="How many classes to name for each picture.")] = 3,
    force: Annotated[
        bool, typer.Option("--force", help="Answer pictures of another key or scheme, or without a tag, too.")
    ] = False,
    threads: Threads = None,
    device: Where = Device.auto,
) -> None:
    """Ask a model about cipher pictures. They must be encrypted as its training pictures were, under the same key.

    A picture that is broken gets one line on standard error; the others are answered, and the exit code is 1.

    \b
    Examples:
      imveil predict model.safetensors query.png
      imveil predict model.safetensors ciphers/test --json
      find ciphers -name '*.png' | imveil predict model.safetensors -
    """
    from imveil.cloud.answers import Answer, answer, find_images

    loaded = _load(model, threads, device)
    given = 0
    failed = 0
    for found in answer(loaded, find_images(images, sys.stdin), force=force, top=top):
        given += isinstance(found, Answer)
        if not isinstance(found, Answer):
            failed += 1
            typer.echo("imveil: " + " ".join(str(found.error).split()), err=True)
        elif as_json:
            typer.echo(json.dumps(found.as_json()))
        else:
            others = "  ".join(f"{name} {share:.1%}" for name, share in found.top)
            typer.echo(f"{found.file}  {others}")
    if failed:
        raise typer.Exit(code=1 if given else 2)


def evaluate(
    model: ModelFile,
    ciphers: Ciphers,
    split: Annotated[str | None, typer.Option(help="The split; 'test' unless given.")] = None,
    as_json: Json = False,
    force: Annotated[
        bool, typer.Option("--force", help="Score pictures of another key or scheme, too: their accuracy is measured.")
    ] = False,
    threads: Threads = None,
    device: Where = Device.auto,
) -> None:
    """Score a model on a cipher data set: accuracy with its 95 % interval, and each class.

    \b
    Examples:
      imveil evaluate model.safetensors ciphers/
      imveil evaluate model.safetensors ciphers/ --json
      imveil evaluate model.safetensors under-another-key/ --force
    """
    from imveil.cloud.dataset import pick_split
    from imveil.cloud.predict import evaluate as score
    from imveil.store.sets import open_set

    loaded = _load(model, threads, device)
    info = loaded.info
    cipher_set = open_set(ciphers)
    manifest = cipher_set.manifest
    name = pick_split(manifest.splits, split)
    if not force:
        info.check(manifest.scheme, manifest.fields, manifest.fingerprint, str(ciphers))
    if list(manifest.classes) != info.classes:
        raise Mismatch(f"the model knows the classes {_few(info.classes)}, {ciphers} has {_few(manifest.classes)}")
    pictures = cipher_set.load(name)
    found = score(loaded.net, pictures.images, pictures.labels)
    if as_json:
        low, high = found.interval
        per_class = {c: {"right": r, "n": n} for c, (r, n) in zip(info.classes, found.per_class, strict=True)}
        facts = {"split": name, "n": found.n, "right": found.right, "accuracy": found.accuracy}
        facts |= {"interval95": [low, high], "classes": per_class, "confusion": found.confusion.tolist()}
        typer.echo(json.dumps(facts))
        return
    _facts("accuracy", f"{_share(found.right, found.n)} on {name!r}")
    if name == "all":
        _facts("", "a set without splits: the model may have been trained on some of these pictures")
    wide = max(map(len, info.classes))
    for c, (right, n) in zip(info.classes, found.per_class, strict=True):
        typer.echo(f"  {c:<{wide}}  " + (f"{right / n:7.2%}  ({right:,} of {n:,})" if n else "no pictures"))


class _Bar:
    """One line for every epoch, and a bar between them where standard error is a terminal."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.status: Any = None

    def __enter__(self) -> _Bar:
        console = Console(stderr=True)
        if console.is_terminal:
            self.status = console.status("starting")
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.status:
            self.status.stop()

    def __call__(self, at: Progress) -> None:
        if at.done:
            held = "" if at.done.valid is None else f"  validation {at.done.valid:.2%}"
            number = f"{at.done.number} of {self.epochs}"
            _facts("epoch", f"{number}  loss {at.done.loss:.4f}{held}  {at.done.seconds:.0f} s")
        elif self.status:
            left = at.seconds / at.step * (at.steps - at.step)
            self.status.update(f"step {at.step:,} of {at.steps:,}, loss {at.loss:.3f}, {left:.0f} s to go")


def _load(model: Path, threads: int | None, device: Device) -> Model:
    from imveil.cloud.extra import torch
    from imveil.cloud.modelfile import load_model

    if threads:
        torch.set_num_threads(threads)
    return load_model(model, device.value)


def _facts(name: str, text: str) -> None:
    typer.echo(f"{name:<10}{text}")


def _share(right: int, n: int) -> str:
    from imveil.cloud.interval import wilson

    low, high = wilson(right, n)
    return f"{right / n:.2%} ({right:,} of {n:,}; 95 % interval {low:.2%} to {high:.2%})"


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f", ... ({len(names)})" if len(names) > 5 else "")


def _mapping(traits: Any) -> dict[str, Any]:
    return dict(traits) if isinstance(traits, dict) else asdict(traits)
