"""`imveil seal` and `imveil unseal`: data sets at rest and on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import KeyOption, Workers
from imveil.cli.progress import bar, close, interruptible
from imveil.cli.words import note

GROUP = "Owner"


def register(app: typer.Typer) -> None:
    """Add the two commands."""
    app.command("seal")(seal)
    app.command("unseal")(unseal)


def seal(
    source: Annotated[Path, typer.Argument(metavar="CIPHERS", help="A cipher data set.", show_default=False)],
    destination: Annotated[Path, typer.Argument(metavar="SEALED", help="A new folder.", show_default=False)],
    key: KeyOption,
    move: Annotated[bool, typer.Option("--move", help="Take the cipher data set away as it is sealed.")] = False,
    workers: Workers = None,
) -> None:
    """Seal a cipher data set for the time it lies in an archive or travels: nothing in it can be read or changed.

    The key may be your own, or one that you share with whoever is to unseal; the cloud cannot train on what is sealed.

    \b
    Examples:
      imveil seal ciphers/ sealed/ --key my.key
    """
    from imveil.cli.secrets import open_key
    from imveil.owner.sealed_sets import seal_set

    opened = open_key(key)
    with interruptible(), bar("sealing") as watch:
        report = seal_set(source, destination, opened, move=move, workers=workers, progress=watch)
    close(report, f"sealed with key {opened.fingerprint}", destination)
    for line in report.notes:
        note(line)


def unseal(
    source: Annotated[Path, typer.Argument(metavar="SEALED", help="A sealed data set.", show_default=False)],
    destination: Annotated[Path, typer.Argument(metavar="CIPHERS", help="A new folder.", show_default=False)],
    key: KeyOption,
    workers: Workers = None,
) -> None:
    """Restore a cipher data set that was sealed, byte for byte. What was altered, dropped or exchanged is refused.

    \b
    Examples:
      imveil unseal sealed/ ciphers/ --key my.key
    """
    from imveil.cli.secrets import open_key
    from imveil.owner.sealed_sets import unseal_set

    opened = open_key(key)
    with interruptible(), bar("unsealing") as watch:
        report = unseal_set(source, destination, opened, workers=workers, progress=watch)
    close(report, f"unsealed with key {opened.fingerprint}", destination)
