"""`imveil evaluate`: score a model on a cipher data set. It takes no key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imveil.cli.options import Ciphers, Device, Json, ModelFile, Threads, Where
from imveil.cli.predict import load
from imveil.cli.progress import working
from imveil.cli.words import confusion_lines, fact, fairly, say, say_json, share
from imveil.errors import Mismatch

if TYPE_CHECKING:
    from imveil.cloud.modelfile import ModelInfo
    from imveil.cloud.prediction import Score
    from imveil.store.joined import AnySet

GROUP = "Cloud"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate")(evaluate)


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
    card: Annotated[
        bool, typer.Option("--card", help="Write a head's accuracy onto its card, which is public.")
    ] = False,
    threads: Threads = None,
    device: Where = Device.auto,
) -> None:
    """Score a model on a cipher data set: accuracy with its 95 % interval, and each class.

    \b
    Examples:
      imveil evaluate model.safetensors ciphers/
      imveil evaluate model.safetensors ciphers/ --json
      imveil evaluate model.safetensors ciphers/ --another under-another-key/
      imveil evaluate head.safetensors test/
    """
    from imveil.cli.heads import evaluate_head
    from imveil.cloud.scores import opened, scored
    from imveil.store.messages.head import is_head

    if is_head(model):
        evaluate_head(model, str(ciphers), split, as_json, threads, card)
        return
    loaded = load(model, threads, device)
    sets = opened(loaded.info, ciphers, force), another and _under_another_key(loaded.info, another, force)
    with working("scoring"):
        found, name = scored(loaded, sets[0], split)
        other = scored(loaded, sets[1], split)[0] if sets[1] else None
    if as_json:
        facts = {"split": name, **_facts(found, loaded.info.classes)}
        say_json(facts if other is None else {**facts, "another": _facts(other, loaded.info.classes)})
        return
    fact("accuracy", f"{share(found.right, found.n)} on {name!r}")
    fact("", fairly(found, loaded.info.classes))
    if name == "all":
        fact("", "a set without splits: the model may have been trained on some of these pictures")
    wide = max(map(len, loaded.info.classes))
    for c, (right, n) in zip(loaded.info.classes, found.per_class, strict=True):
        say(f"  {c:<{wide}}  " + (f"{right / n:7.2%}  ({right:,} of {n:,})" if n else "no pictures"))
    for line in confusion_lines(found.confusion.tolist(), loaded.info.classes):
        say(line)
    if other is not None:
        chance = 1 / len(loaded.info.classes)
        fact("another", f"{share(other.right, other.n)} on {another}; guessing gives {chance:.2%}")
        fact("", fairly(other, loaded.info.classes))


def _under_another_key(info: ModelInfo, ciphers: Path, force: bool) -> AnySet:
    """A cipher data set made as the model's, but under another key: what `--another` needs. Mismatch."""
    from imveil.cloud.scores import opened

    cipher_set = opened(info, ciphers, True)
    manifest = cipher_set.manifest
    if not force:
        info.check(manifest.scheme, manifest.fields, info.fingerprint, str(ciphers))
    if manifest.fingerprint == info.fingerprint:
        raise Mismatch(
            f"{ciphers} is under the model's own key, {info.fingerprint}",
            hint="--another takes the same pictures under another key",
        )
    return cipher_set


def _facts(found: Score, classes: list[str]) -> dict[str, Any]:
    """A score as JSON has it."""
    per_class = {c: {"right": r, "n": n} for c, (r, n) in zip(classes, found.per_class, strict=True)}
    facts: dict[str, Any] = {
        "n": found.n,
        "right": found.right,
        "accuracy": found.accuracy,
        "interval95": list(found.interval),
    }
    most, level = found.always
    facts |= {"balanced": found.balanced, "always": {"class": classes[most], "accuracy": level}}
    facts |= {"apart": dict(found.apart)}
    return {**facts, "classes": per_class, "confusion": found.confusion.tolist()}
