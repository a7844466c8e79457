"""`imveil predict` and `imveil evaluate`: the cloud's commands that ask a model. None of them takes a key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imveil.cli.train import Ciphers, Device, Threads, Where, confusion_lines
from imveil.cli.words import fact, few, share
from imveil.errors import Mismatch

if TYPE_CHECKING:
    from imveil.cloud.modelfile import Model, ModelInfo
    from imveil.cloud.prediction import Score
    from imveil.store.joined import AnySet

ModelFile = Annotated[Path, typer.Argument(help="The model file.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def register(app: typer.Typer) -> None:
    """Add the two commands."""
    app.command("predict")(predict)
    app.command("evaluate")(evaluate)


def predict(
    model: ModelFile,
    images: Annotated[
        list[str],
        typer.Argument(
            help="Cipher pictures, folders, tars (.tar.gz too) and shards of them; - for a list of paths, or for the "
            "bytes of a file, on standard input.",
            show_default=False,
        ),
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

    A picture that is broken, or encrypted otherwise, gets one line on standard error; the others are answered, and the
    exit code is 1.

    \b
    Examples:
      imveil predict model.safetensors query.png
      imveil predict model.safetensors ciphers/test --json
      find ciphers -name '*.png' | imveil predict model.safetensors -
      imveil predict model.safetensors - --json < ciphers.tar
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
            typer.echo(json.dumps(found.as_json(), allow_nan=False))
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
    another: Annotated[
        Path | None,
        typer.Option(help="The same pictures under another key: what the model makes of them.", show_default=False),
    ] = None,
    threads: Threads = None,
    device: Where = Device.auto,
) -> None:
    """Score a model on a cipher data set: accuracy with its 95 % interval, and each class.

    \b
    Examples:
      imveil evaluate model.safetensors ciphers/
      imveil evaluate model.safetensors ciphers/ --json
      imveil evaluate model.safetensors ciphers/ --another under-another-key/
    """
    loaded = _load(model, threads, device)
    sets = _opened(loaded.info, ciphers, force), another and _under_another_key(loaded.info, another, force)
    found, name = _scored(loaded, sets[0], split)
    other = _scored(loaded, sets[1], split)[0] if sets[1] else None
    if as_json:
        facts = {"split": name, **_facts(found, loaded.info.classes)}
        typer.echo(json.dumps(facts if other is None else {**facts, "another": _facts(other, loaded.info.classes)}))
        return
    fact("accuracy", f"{share(found.right, found.n)} on {name!r}")
    if name == "all":
        fact("", "a set without splits: the model may have been trained on some of these pictures")
    wide = max(map(len, loaded.info.classes))
    for c, (right, n) in zip(loaded.info.classes, found.per_class, strict=True):
        typer.echo(f"  {c:<{wide}}  " + (f"{right / n:7.2%}  ({right:,} of {n:,})" if n else "no pictures"))
    for line in confusion_lines(found.confusion.tolist(), loaded.info.classes):
        typer.echo(line)
    if other is not None:
        chance = 1 / len(loaded.info.classes)
        fact("another", f"{share(other.right, other.n)} on {another}; guessing gives {chance:.2%}")


def _opened(info: ModelInfo, ciphers: Path, force: bool) -> AnySet:
    """A cipher data set that the model can be scored on. Mismatch for one of another scheme or key, unless `force`."""
    from imveil.store.joined import open_sets

    cipher_set = open_sets(ciphers)
    manifest = cipher_set.manifest
    if not force:
        info.check(manifest.scheme, manifest.fields, manifest.fingerprint, str(ciphers))
    if list(manifest.classes) != info.classes:
        raise Mismatch(f"the model knows the classes {few(info.classes)}, {ciphers} has {few(manifest.classes)}")
    return cipher_set


def _under_another_key(info: ModelInfo, ciphers: Path, force: bool) -> AnySet:
    """A cipher data set made as the model's, but under another key: what `--another` needs. Mismatch."""
    cipher_set = _opened(info, ciphers, True)
    manifest = cipher_set.manifest
    if not force:
        info.check(manifest.scheme, manifest.fields, info.fingerprint, str(ciphers))
    if manifest.fingerprint == info.fingerprint:
        raise Mismatch(
            f"{ciphers} is under the model's own key, {info.fingerprint}",
            hint="--another takes the same pictures under another key",
        )
    return cipher_set


def _scored(loaded: Model, cipher_set: AnySet, split: str | None) -> tuple[Score, str]:
    """The score on a cipher data set, and the split that was taken."""
    from imveil.cloud.data.cipher_dataset import pick_split, pictures_of
    from imveil.cloud.prediction import evaluate as score

    name = pick_split(cipher_set.manifest.splits, split)
    return score(loaded.net, *pictures_of(cipher_set, name)), name


def _facts(found: Score, classes: list[str]) -> dict[str, Any]:
    """A score as JSON has it."""
    per_class = {c: {"right": r, "n": n} for c, (r, n) in zip(classes, found.per_class, strict=True)}
    facts = {"n": found.n, "right": found.right, "accuracy": found.accuracy, "interval95": list(found.interval)}
    return {**facts, "classes": per_class, "confusion": found.confusion.tolist()}


def _load(model: Path, threads: int | None, device: Device) -> Model:
    from imveil.cloud.modelfile import load_model
    from imveil.extras import torch

    if threads:
        torch.set_num_threads(threads)
    return load_model(model, device.value)
