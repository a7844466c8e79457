"""`imveil train`: the cloud's command that makes a model. It takes no key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from imveil.cli.options import Device, Threads, Where
from imveil.cli.progress import Epochs, logged, working
from imveil.cli.words import confusion_lines, duration, fact, fairly, note, options, say, share
from imveil.errors import BadDestination

GROUP = "Cloud"


class _Named(TyperCommand):
    """Names the nets and adapters that there are when help is asked for: to look for them takes its time."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """With NETS and ADAPTERS as they are."""
        from imveil.registry import ADAPTERS, MODELS, parts

        for option in self.params:
            text = getattr(option, "help", None) or ""
            named = text.replace("NETS", ", ".join(parts(MODELS))).replace("ADAPTERS", ", ".join(parts(ADAPTERS)))
            option.help = named  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train", cls=_Named)(train)


def train(
    ciphers: Annotated[
        str,
        typer.Argument(
            help="A cipher data set, a folder with imveil.json, or its address; a round's total; plain pictures for a "
            "head.",
            show_default=False,
        ),
    ],
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="The model file to write.", show_default=False)],
    net: Annotated[
        str, typer.Option("--model", help="The net; auto takes one that suits the scheme. There are NETS.")
    ] = "auto",
    width: Annotated[int | None, typer.Option(help="Channels of the net's first stage; its own default.")] = None,
    epochs: Annotated[
        int | None, typer.Option(help="How often every picture is seen; 6, or 600 steps, unless given.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Train for this much time instead: 90s, 10m, 1h.", show_default=False)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=2, help="Train on this many pictures only; all unless given.")
    ] = None,
    stream: Annotated[
        bool | None,
        typer.Option("--stream/--no-stream", help="Leave pictures on disk; where they are many unless given."),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Pictures a step; by the number of pictures unless given.", show_default=False)
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(help="Peak learning rate; by the net and the batch unless given.", show_default=False),
    ] = None,
    weights: Annotated[
        Literal["none", "balanced"],
        typer.Option(help="balanced: every class counts alike, however many pictures it has."),
    ] = "none",
    seed: Annotated[int, typer.Option(help="For weights, order, augmentation and what is held out.")] = 0,
    augment: Annotated[
        bool | None, typer.Option("--augment/--no-augment", help="Flips and shifts; by the scheme unless given.")
    ] = None,
    adapter: Annotated[str, typer.Option(help="What stands before the net: auto, none, or one of ADAPTERS.")] = "auto",
    attack: Annotated[
        bool,
        typer.Option("--attack/--no-attack", help="Begin with what the cipher images give away, where they do."),
    ] = True,
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
            help="More of the recipe: optimiser=adamw, schedule=cosine, ema=0.99, accumulate=4, mirror=false, clip=2, "
            "smoothing=0, momentum=0.9, weight_decay=0.0005, shift=4, cut=8, compiled=true, precision=float32.",
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Begin with this model's weights, its head by names of classes.",
            show_default=False,
        ),
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

    if is_total(Path(ciphers)):
        train_head(Path(ciphers), model, more, start, force)
        return
    from imveil.cloud.training.group import leader
    from imveil.cloud.training.run import train as train_on
    from imveil.cloud.training.saving import Saver
    from imveil.extras import torch

    if model.exists() and not force:
        raise BadDestination(f"{model} exists already", hint="choose another name, or overwrite it with --force")
    if model.is_dir() or not model.parent.is_dir():
        raise BadDestination(f"{model} is no place for a file", hint="make its folder first, or name a file in it")
    if threads:
        torch.set_num_threads(threads)
    checkpoint = model.with_name(model.name + ".checkpoint")
    saver = Saver(model, force=force)
    made = train_on(
        ciphers, model=net, width=width, epochs=epochs, budget=budget, limit=limit, stream=stream, batch=batch, lr=lr,
        seed=seed, augment=augment, adapter=adapter, attack=attack, model_options=options(model_options),
        adapter_options=options(adapter_options), recipe=options(more), start=start, checkpoint=checkpoint,
        restart=restart, log=log, device=device.value, weights=weights, watching=_part if leader() else None,
        tell=fact, keep=saver,
    )  # fmt: skip
    if not leader():
        return
    checkpoint.unlink(missing_ok=True)
    if made.score:
        for line in confusion_lines(made.score.confusion.tolist(), made.classes):
            say(line)
    fact("test", share(made.score.right, made.score.n) if made.score else "the set has no test pictures")
    if made.score:
        fact("", fairly(made.score, made.classes))
    if saver.place != model:
        note(f"{model} has come to be there meanwhile, so the model lies beside it")
    fact("model", f"{saver.place}, {saver.place.stat().st_size / 1e6:.1f} MB, {duration(made.seconds)}")


@contextmanager
def _part(name: str) -> Iterator[Epochs | None]:
    """What is shown while a part of the work goes on."""
    if name != "training":
        with working(name):
            yield None
        return
    with logged(name) as tell, Epochs(tell) as watch:
        yield watch
