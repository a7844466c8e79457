"""`imveil adapt`: a model trained on plain pictures becomes one for cipher pictures of a key. The owner's command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import Fields, Force, KeyOption
from imveil.cli.words import note, say

GROUP = "Owner"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("adapt")(adapt)


def adapt(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A model file, trained on plain pictures.", show_default=False)
    ],
    destination: Annotated[Path, typer.Argument(metavar="DST", help="The new model file.", show_default=False)],
    key: KeyOption,
    scheme: Annotated[str, typer.Option("--scheme", help="patch/1 or orthogonal/1.", show_default=False)],
    fields: Fields = None,
    force: Force = False,
) -> None:
    """Change a model trained on plain pictures into one for cipher pictures of a key: no training, the same answers.

    The model must read pictures patch by patch (vit_tiny, vit_small, convmixer), with patches as large as the scheme's.
    Keep the plain model where the pictures are: whoever has both can read the key off them.

    \b
    Examples:
      imveil adapt plain.safetensors cloud.safetensors --key my.key --scheme patch/1
      imveil adapt plain.safetensors cloud.safetensors --key my.key --scheme orthogonal/1 --set block=16
    """
    from imveil.cli.fields import find_scheme
    from imveil.cli.secrets import open_key
    from imveil.cloud.modelfile import load_model
    from imveil.owner.orders.adapting import adapt as adapted

    chosen = find_scheme(scheme, fields)
    opened = open_key(key)
    made = adapted(load_model(model, "cpu"), chosen, opened, name=str(model))
    made.model.save(destination, force=force)
    say(f"{destination}: reads cipher pictures of {chosen.id}, key {opened.fingerprint}")
    for text in made.notes:
        note(text)
    note(f"keep {model} where the pictures are: with both files anyone can read the key off them")
