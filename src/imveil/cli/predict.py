"""`imveil predict`: ask a model about cipher pictures. It takes no key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imveil.cli.codes import BAD, PART
from imveil.cli.options import Device, Json, ModelFile, Threads, Where
from imveil.cli.progress import working
from imveil.cli.words import count, note, say, say_json

if TYPE_CHECKING:
    from imveil.cloud.answers import Answer
    from imveil.cloud.modelfile import Model

GROUP = "Cloud"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("predict")(predict)


def predict(
    model: ModelFile,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGES",
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
      imveil predict head.safetensors new/
    """
    from imveil.cli.heads import predict_head
    from imveil.store.messages.head import is_head

    if is_head(model):
        predict_head(model, images, as_json, top, threads)
        return
    from imveil.cloud.answers import Answer, answer, find_images
    from imveil.statuses import status_of

    loaded = load(model, threads, device)
    answered = failed = 0
    with working("answering") as tell:
        for found in answer(loaded, find_images(images, sys.stdin), force=force, top=top):
            if not isinstance(found, Answer):
                failed += 1
                note(found.error)
            else:
                answered += 1
                _say(found, as_json)
            tell("pictures", answered + failed)
    if answered:
        info = loaded.info
        what = f"{count(answered, 'picture')} answered, {count(len(info.classes), 'class', 'classes')}"
        note(f"{what}; {info.scheme}: {status_of(info.scheme, info.fields)}")
    if failed:
        raise typer.Exit(code=PART if answered else BAD)


def _say(found: Answer, as_json: bool) -> None:
    if as_json:
        say_json(found.as_json())
    else:
        say(f"{found.file}  " + "  ".join(f"{name} {share:.1%}" for name, share in found.top))


def load(model: Path, threads: int | None, device: Device) -> Model:
    """The model of a file, where it is to compute."""
    from imveil.cloud.modelfile import load_model
    from imveil.extras import torch

    if threads:
        torch.set_num_threads(threads)
    return load_model(model, device.value)
