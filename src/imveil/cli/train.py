"""`imveil train`: the cloud's command that makes a model. It takes no key."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imveil import registry
from imveil.cli.options import Ciphers, Device, Threads, Where
from imveil.cli.progress import Epochs
from imveil.cli.words import confusion_lines, duration, fact, options, say, seconds, share
from imveil.errors import BadDestination, BadField

if TYPE_CHECKING:
    from imveil.cloud.data.cipher_dataset import Parts
    from imveil.cloud.training.settings import Settings
    from imveil.store.manifest import Manifest

GROUP = "Cloud"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    ciphers: Ciphers,
    model: Annotated[Path, typer.Argument(help="The model file to write.", show_default=False)],
    net: Annotated[
        str, typer.Option("--model", help=f"The net: {', '.join(registry.parts(registry.MODELS))}.")
    ] = "auto",
    width: Annotated[int | None, typer.Option(help="Channels of the net's first stage; its own default.")] = None,
    epochs: Annotated[int | None, typer.Option(help="How often every picture is seen; 6 unless given.")] = None,
    budget: Annotated[
        str | None, typer.Option(help="Plan the epochs for so much time instead: 90s, 10m, 1h.", show_default=False)
    ] = None,
    limit: Annotated[int | None, typer.Option(min=2, help="Train on so many pictures only; all unless given.")] = None,
    stream: Annotated[
        bool | None,
        typer.Option("--stream/--no-stream", help="Leave pictures on disk; where they are many unless given."),
    ] = None,
    batch: Annotated[int, typer.Option(help="Pictures a step.")] = 256,
    lr: Annotated[float | None, typer.Option(help="Peak learning rate; by the net unless given.")] = None,
    seed: Annotated[int, typer.Option(help="For weights, order, augmentation and what is held out.")] = 0,
    augment: Annotated[
        bool | None, typer.Option("--augment/--no-augment", help="Flips and shifts; by the scheme unless given.")
    ] = None,
    adapter: Annotated[
        str, typer.Option(help=f"What stands before the net: none, {', '.join(registry.parts(registry.ADAPTERS))}.")
    ] = "auto",
    model_options: Annotated[
        list[str] | None,
        typer.Option("--model-set", metavar="NAME=VALUE", help="An option of the net's file: depth=56, patch=4."),
    ] = None,
    adapter_options: Annotated[
        list[str] | None,
        typer.Option("--adapter-set", metavar="NAME=VALUE", help="An option of the adapter's file: block=4, rate=2."),
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="More of the recipe: optimiser=adamw, schedule=cosine, ema=0.99, accumulate=4, mirror=false, "
            "smoothing=0, momentum=0.9, weight_decay=0.0005, shift=4, compiled=true, precision=float32.",
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Begin with the weights of this model file, where they fit.", show_default=False),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(help="A folder for log.csv, curves.png and report.html.", show_default=False),
    ] = None,
    threads: Threads = None,
    device: Where = Device.auto,
    restart: Annotated[bool, typer.Option("--restart", help="Start anew, whatever checkpoint there is.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the model file.")] = False,
) -> None:
    """Train a model on a cipher data set: pictures nobody here can see, their classes, and no key.

    Net, adapter and augmentation are chosen for the scheme, and it is said what and why. An interrupted run goes on
    when the same command is given again (MODEL.checkpoint, gone at the end). Under torchrun several processes share the
    work.

    \b
    Examples:
      imveil train ciphers/ model.safetensors --budget 10m
      imveil train ciphers/ model.safetensors --epochs 12 --width 64 --log run/
      imveil train ciphers/ model.safetensors --model resnet18 --device cuda --lr 0.1 --set schedule=cosine
      torchrun --nproc-per-node 2 -m imveil train ciphers/ model.safetensors
      imveil train study.total head.safetensors --set method=lda
    """
    from imveil.cli.heads import is_total, train_head

    if is_total(ciphers):
        train_head(ciphers, model, more, start, force)
        return
    from imveil.cloud.data.cipher_dataset import load_parts
    from imveil.cloud.device import pick_device, precision_of
    from imveil.cloud.modelfile import describe, save_model, weights_of
    from imveil.cloud.prediction import evaluate as score
    from imveil.cloud.training.group import leader
    from imveil.cloud.training.loop import fit
    from imveil.extras import torch
    from imveil.store.joined import open_sets

    if model.exists() and not force:
        raise BadDestination(f"{model} exists already", hint="choose another name, or overwrite it with --force")
    if model.is_dir() or not model.parent.is_dir():
        raise BadDestination(f"{model} is no place for a file", hint="make its folder first, or name a file in it")
    where = pick_device(device.value)
    if threads:
        torch.set_num_threads(threads)
    tell = fact if leader() else lambda *_: None
    cipher_set = open_sets(ciphers)
    manifest = cipher_set.manifest
    traits = _mapping(manifest.traits)
    settings, reasons = chosen(
        manifest, traits, net=net, width=width, batch=batch, lr=lr, seed=seed, augment=augment, adapter=adapter,
        model_options=options(model_options), adapter_options=options(adapter_options), more=options(more),
    )  # fmt: skip
    settings = replace(settings, epochs=6 if epochs is None else epochs)
    settings.check()
    if epochs is not None and budget is not None:
        raise BadField("--epochs and --budget say the same thing twice", hint="give one of them")
    parts = load_parts(cipher_set, seed, limit, stream=stream)
    classes = list(manifest.classes)
    tell("data", f"{ciphers}: {manifest.scheme}, key {manifest.fingerprint}, {len(classes)} classes")
    tell("pictures", _sizes(parts))
    for note in parts.notes:
        tell("", note)
    for name, reason in reasons:
        tell(name, reason)
    checkpoint = model.with_name(model.name + ".checkpoint")
    if restart and leader():
        checkpoint.unlink(missing_ok=True)
    if budget is not None:
        settings = planned(settings, seconds(budget), parts, len(classes), checkpoint, where, tell)
    kind = precision_of(where, settings.precision) + (", compiled" if settings.compiled else "")
    epochs_said = "1 epoch" if settings.epochs == 1 else f"{settings.epochs} epochs"
    tell("net", f"{settings.model}, {epochs_said} on {where}, {torch.get_num_threads()} threads, {kind}")
    if checkpoint.exists():
        tell("resume", f"from {checkpoint}")
    begin = None
    if start is not None:
        begin = weights_of(start)
        tell("from", f"the weights of {start}")
    with Epochs(settings.epochs) as watch:
        trained = fit(
            parts.train, len(classes), settings, valid=parts.valid, checkpoint=checkpoint, progress=watch,
            device=where, start=begin,
        )  # fmt: skip
    if not leader():
        return
    final = score(trained.net, *parts.test) if parts.test else None
    valid = None
    if parts.valid and trained.history[-1].valid is not None:
        valid = (round(trained.history[-1].valid * len(parts.valid[1])), len(parts.valid[1]))
    info = describe(
        trained, classes, scheme=manifest.scheme, fields=dict(manifest.fields), traits=traits,
        fingerprint=manifest.fingerprint, images=len(parts.train[1]), valid=valid,
        test=(final.right, final.n) if final else None,
    )  # fmt: skip
    save_model(model, trained, info, force=force)
    checkpoint.unlink(missing_ok=True)
    if log is not None:
        from imveil.cloud.training.log import write_log

        write_log(log, trained, classes, final, f"{ciphers}: {manifest.scheme}")
        tell("log", f"{log}/report.html, curves.png, log.csv")
    if final:
        for line in confusion_lines(final.confusion.tolist(), classes):
            say(line)
    tell("test", share(final.right, final.n) if final else "the set has no test pictures")
    tell("model", f"{model}, {model.stat().st_size / 1e6:.1f} MB, {duration(trained.seconds)}")


def chosen(
    manifest: Manifest, traits: dict[str, Any], *, net: str, adapter: str, augment: bool | None, lr: float | None,
    model_options: dict[str, Any], adapter_options: dict[str, Any], more: dict[str, Any], **given: Any,
) -> tuple[Settings, list[tuple[str, str]]]:  # fmt: skip
    """The recipe for a data set: what was asked for, and the defaults of its scheme for the rest; and the reasons."""
    from imveil.cloud.training.augment import suits
    from imveil.cloud.training.defaults import suggest
    from imveil.cloud.training.settings import Settings

    known = {field.name for field in fields(Settings)} - {"model", "adapter", "epochs", "batch", "lr", "seed", "width"}
    for name in more:
        if name not in known or name.endswith("_options"):
            raise BadField(f"a recipe has no {name!r}", hint="see 'imveil train --help' for --set")
    best = suggest(manifest.scheme, manifest.fields, traits)
    reasons = []
    model = best.model if net == "auto" else net
    front = best.adapter if adapter == "auto" else adapter
    if net == "auto" or adapter == "auto":
        reasons.append(("choice", f"model {model}, adapter {front}: {best.why}"))
    same = front == best.adapter
    fits, why = suits(manifest.scheme, traits)
    where = best.moved if same else "input" if fits else None
    if same and where is not None and not fits:
        why = "what the adapter gives has no special places"
    if more.get("mirror") and not fits and where is None and not _movable(front):
        raise BadField(f"mirror=true would spoil answers: {why}", hint="leave it out")
    moved = where is not None if augment is None else augment
    said = why if augment is None else "as asked" + ("" if augment == (where is not None) else f", although {why}")
    reasons.append(("augment", ("flips and shifts: " if moved else "none: ") + said))
    mine = model == best.model
    recipe: dict[str, Any] = {
        "model": model,
        "model_options": {**(best.model_options if mine else {}), **model_options},
        "adapter": front,
        "adapter_options": {**(best.adapter_options if same else {}), **adapter_options},
        "optimiser": best.optimiser if mine else "sgd",
        "lr": lr if lr is not None else best.lr if mine else 0.3,
        "moved": where or "input",
        "flip": moved,
        "shift": 2 if moved else 0,
        "mirror": moved and where is not None,
        **given,
    }
    if {**recipe, **more}["mirror"]:
        reasons.append(("answers", "the mean over a picture and its mirror image"))
    try:
        return Settings(**{**recipe, **more}), reasons
    except TypeError as error:
        raise BadField(f"the recipe cannot be read: {error}") from error


def _movable(adapter: str) -> bool:
    """Whether what an adapter gives may be flipped, which it says whatever its pictures and options are."""
    from imveil.cloud.classifier import made

    return adapter != "none" and bool(made(registry.ADAPTERS, adapter, ((8, 8, 3),), {}).movable)


def planned(
    settings: Settings, time: float, parts: Parts, classes: int, checkpoint: Path, where: Any, say: Any
) -> Settings:
    """The settings with as many epochs as the time allows; those of the checkpoint where a run goes on."""
    from imveil.cloud.training.budget import epochs_in
    from imveil.cloud.training.checkpoint import epochs_of

    if (epochs := epochs_of(checkpoint)) is not None:
        say("budget", f"the run that is there has {epochs} epochs, and goes on with them")
        return replace(settings, epochs=epochs)
    epochs, each = epochs_in(time, parts.train, classes, settings, parts.valid, where)
    short = f": more than {duration(time)}; use --limit, a smaller --width" if each > time else ""
    say("budget", f"an epoch takes about {duration(each)}{short}; {epochs} planned")
    return replace(settings, epochs=epochs)


def _sizes(parts: Parts) -> str:
    named = ((parts.train, "train on"), (parts.valid, "validate on"), (parts.test, "test on"))
    sizes = [f"{len(part[1]):,} to {what}" for part, what in named if part]
    return f"{'x'.join(map(str, parts.train[0].shape[1:]))}, " + ", ".join(sizes)


def _mapping(traits: Any) -> dict[str, Any]:
    return dict(traits) if isinstance(traits, dict) else asdict(traits)
