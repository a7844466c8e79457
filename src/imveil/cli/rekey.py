"""`imveil rekey` and `imveil rekey-model`: another key for a data set, and for a model where the scheme allows it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import Force, OwnScheme, Workers
from imveil.cli.progress import bar, close, interruptible, rejected
from imveil.cli.words import note, say

GROUP = "Owner"
From = Annotated[str, typer.Option("--from", help="The old key, in any way that --key takes.", show_default=False)]
To = Annotated[str, typer.Option("--to", help="The new key.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the two commands."""
    app.command("rekey")(rekey)
    app.command("rekey-model")(rekey_model)


def rekey(
    source: Annotated[Path, typer.Argument(metavar="CIPHERS", help="A cipher data set.", show_default=False)],
    destination: Annotated[Path, typer.Argument(metavar="NEW", help="A new folder.", show_default=False)],
    old: From,
    new: To,
    scheme: OwnScheme = None,
    workers: Workers = None,
) -> None:
    """Give a cipher data set another key. CIPHERS stays as it is: take it away where the old key must open nothing.

    For schemes that are one permutation and XOR of an image, old and new key are combined first, and no plain pixel
    comes into being. For the others pictures pass through memory, never through a file; the command says so. Models
    that were trained on CIPHERS do not read NEW: see rekey-model. An interrupted run goes on with the same command.

    \b
    Examples:
      imveil rekey ciphers/ new/ --from my.key --to new.key
    """
    from imveil.cli.secrets import open_key
    from imveil.owner.rekeying import rekey_set

    before, after = open_key(old), open_key(new)
    with interruptible(), bar("re-keying") as watch:
        report = rekey_set(source, destination, before, after, scheme=scheme, workers=workers, progress=watch)
    close(report, f"re-keyed from {before.fingerprint} to {after.fingerprint}", destination)
    rejected(report, f"imveil verify {source} --key tells more")


def rekey_model(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.", show_default=False)],
    destination: Annotated[Path, typer.Argument(metavar="DST", help="The new model file.", show_default=False)],
    old: From,
    new: To,
    force: Force = False,
) -> None:
    """Change a model that reads cipher pictures of one key into one for another key: no training, the same answers.

    The scheme must allow it (patch/1, orthogonal/1) and the model read pictures patch by patch, as 'imveil adapt' has
    it; any other has to be trained again on the re-keyed data set. Whoever has both models can tell how the two keys
    differ: give the cloud the new one and take the old one away.

    \b
    Examples:
      imveil rekey-model model.safetensors new.safetensors --from my.key --to new.key
    """
    from imveil.cli.secrets import open_key
    from imveil.cloud.modelfile import load_model
    from imveil.owner.orders.adapting import rekey_model as rekeyed

    loaded = load_model(model, "cpu")
    before, after = open_key(old), open_key(new)
    made = rekeyed(loaded, before, after, name=str(model))
    made.model.save(destination, force=force)
    say(f"{destination}: reads cipher pictures of {made.model.info.scheme}, key {after.fingerprint}")
    for text in made.notes:
        note(text)
