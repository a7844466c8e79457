"""`imveil decrypt`: pictures, names and classes as they were, of a data set or one cipher image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import KeyOption, OwnScheme, Workers
from imveil.cli.progress import bar, close, interruptible, rejected
from imveil.cli.words import say
from imveil.errors import BadInput

GROUP = "Owner"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("decrypt")(decrypt)


def decrypt(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="A cipher data set, or its address (s3://BUCKET/NAME); or one cipher image, .png, .npz or .jpg.",
            show_default=False,
        ),
    ],
    destination: Annotated[
        Path, typer.Argument(metavar="DST", help="A new folder for the pictures, or a .png file.", show_default=False)
    ],
    key: KeyOption,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="CLASS", help="Only pictures of this class; again for others."),
    ] = None,
    ids: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Only the pictures that FILE lists, an id (SPLIT/CLASS/NAME) a line."),
    ] = None,
    of: Annotated[
        Path | None,
        typer.Option(metavar="CIPHERS", help="For one image: the data set that proves which picture it is."),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Let others read the pictures too; else only their owner may.")
    ] = False,
    scheme: OwnScheme = None,
    workers: Workers = None,
) -> None:
    """Decrypt a cipher data set: pixels, names and classes as they were, as PNG files, each one checked.

    Cipher images that are missing or were altered are listed on standard error, the others are decrypted, and the exit
    code is 1. An interrupted run leaves nothing half written; the same command again goes on.

    Nothing proves one image alone: whoever sent it may have made it of another picture. With --of its picture is looked
    up in the sealed table of the data set that it belongs to.

    \b
    Examples:
      imveil decrypt ciphers/ photos/ --key my.key
      imveil decrypt ciphers/ cats/ --key my.key --class cat
      imveil decrypt answer.png picture.png --key my.key --of ciphers/
    """
    from imveil.cli.secrets import open_key
    from imveil.owner.orders import dispatch

    try:
        with interruptible():
            done = dispatch.decrypt(
                source, destination, lambda: open_key(key), bar, classes=classes,
                ids=None if ids is None else lines_of(ids), of=of, public=public, scheme=scheme, workers=workers,
            )  # fmt: skip
    except dispatch.ForSets as error:
        raise BadInput("--class and --ids are for data sets, and this is one picture", hint="leave them out") from error
    if done.single:
        said = f"it is {done.id} of {of}" if of else "nothing proves this picture; --of CIPHERS does"
        loss = "; pixels carry the loss of JPEG" if done.lossy else ""
        say(f"{destination}: decrypted; {said}{loss}")
        return
    close(done.report, f"decrypted with key {done.fingerprint}", destination)
    rejected(done.report, "ask for these again where the data set came from")


def lines_of(file: Path) -> list[str]:
    """The lines of a text, without empty ones. Raises BadInput."""
    try:
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror or error}") from error
    return [line for line in text.splitlines() if line]
