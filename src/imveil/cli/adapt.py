"""`imveil adapt`: a model trained on plain pictures becomes one for cipher pictures of a key. The owner's command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import Fields, Force, KeyOption
from imveil.cli.words import note, say
from imveil.errors import BadDestination, BadField, Mismatch

GROUP = "Owner"
MIRROR = (
    "answers were the mean over a picture and its mirror image; a mirrored cipher picture is not the cipher of a "
    "mirrored picture, so that is switched off: answers are those of the model trained with --set mirror=false"
)


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
    from dataclasses import asdict

    from imveil.cli.fields import find_scheme
    from imveil.cli.secrets import open_key
    from imveil.cloud.modelfile import load_model, save_net
    from imveil.schemes._adapt import AdaptsModel

    chosen = find_scheme(scheme, fields)
    if not isinstance(chosen, AdaptsModel):
        raise BadField(f"{chosen.id} cannot change a model", hint="patch/1 and orthogonal/1 can")
    if destination.exists() and not force:
        raise BadDestination(f"{destination} exists already", hint="choose another name, or overwrite it with --force")
    loaded = load_model(model, "cpu")
    if loaded.info.scheme != "plain/1":
        raise Mismatch(
            f"{model} was trained on {loaded.info.scheme}, a model trained on plain pictures is needed",
            hint="encrypt pictures with plain/1 and train on them where they may be seen",
        )
    opened = open_key(key)
    changed = chosen.adapt(loaded.net, opened)
    info = loaded.info.reading(
        scheme=chosen.id, fields=chosen.config(), traits=asdict(chosen.traits), fingerprint=opened.fingerprint
    )
    save_net(destination, changed, info, force=force)
    say(f"{destination}: reads cipher pictures of {chosen.id}, key {opened.fingerprint}")
    if loaded.info.settings.mirror:
        note(MIRROR)
    note(f"keep {model} where the pictures are: with both files anyone can read the key off them")
