"""`imveil decrypt`: pictures, names and classes as they were, of a data set or one cipher image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.encrypt import new_file
from imveil.cli.options import KeyOption, Workers
from imveil.cli.progress import bar, close, interruptible, rejected
from imveil.cli.words import say

GROUP = "Owner"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("decrypt")(decrypt)


def decrypt(
    source: Annotated[
        Path,
        typer.Argument(metavar="SRC", help="A cipher data set, or one cipher image, .png or .npz.", show_default=False),
    ],
    destination: Annotated[
        Path, typer.Argument(metavar="DST", help="A new folder for the pictures, or a .png file.", show_default=False)
    ],
    key: KeyOption,
    workers: Workers = None,
) -> None:
    """Decrypt a cipher data set: pixels, names and classes as they were, as PNG files, each one checked.

    Cipher images that were altered are listed on standard error, the others are decrypted, and the exit code is 1.
    An interrupted run leaves nothing half written; the same command again goes on.

    \b
    Examples:
      imveil decrypt ciphers/ photos/ --key my.key
      imveil decrypt answer.png picture.png --key my.key
    """
    from imveil.cli.secrets import open_key

    if source.is_file():
        from imveil.owner.decryption import decrypt_file

        new_file(destination, ".png")
        decrypt_file(source, destination, open_key(key))
        say(f"{destination}: decrypted")
        return
    from imveil.owner.decryption import decrypt_set

    opened = open_key(key)
    with interruptible(), bar("decrypting") as watch:
        report = decrypt_set(source, destination, opened, workers=workers, progress=watch)
    close(report, f"decrypted with key {opened.fingerprint}", destination)
    rejected(report, "ask for these again where the data set came from")
