"""`imveil export`: a model in the form of other servers, once it gives the same answers there. It takes no key."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import Force, ModelFile
from imveil.cli.progress import working
from imveil.cli.words import fact, note

GROUP = "Cloud"


class Form(StrEnum):
    """What a model can be exported to."""

    onnx = "onnx"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    model: ModelFile,
    output: Annotated[
        Path | None, typer.Argument(help="Where to write; the model's name with .onnx unless given.")
    ] = None,
    to: Annotated[Form, typer.Option("--to", help="The form.")] = Form.onnx,
    ciphers: Annotated[
        Path | None,
        typer.Option(
            "--on", metavar="CIPHERS", help="A cipher data set to compare the answers on.", show_default=False
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Export a model, adapter included, for servers without torch: Triton, KServe, or onnxruntime by itself.

    It is written only where onnxruntime gives the same answer to every one of 1,000 cipher images, in batches of 1, 2
    and 7.

    \b
    Examples:
      imveil export model.safetensors --to onnx --on ciphers/
      imveil export model.safetensors repository/digits/1/model.onnx
    """
    from imveil.cloud import exporting
    from imveil.cloud.modelfile import load_model

    with working("exporting"):
        path = output or model.with_suffix(f".{to}")
        done = exporting.export(load_model(model, "cpu"), path, ciphers, force=force)
    fact("wrote", str(done.path))
    fact("compared", f"the same answers to {done.images:,} images of {done.source}, in batches of 1, 2 and 7")
    if ciphers is None:
        note("it was compared on made images; --on CIPHERS compares it on cipher images of yours")
