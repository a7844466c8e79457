"""`imveil seal`, `imveil unseal`, `imveil verify`: data sets at rest and on the way, and what a cloud gives back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.encrypt import KeyOption, Workers, bar, close, interruptible


def register(app: typer.Typer) -> None:
    """Add the three commands."""
    app.command("seal")(seal)
    app.command("unseal")(unseal)
    app.command("verify")(verify)


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


def verify(
    source: Annotated[
        Path, typer.Argument(metavar="CIPHERS", help="A cipher data set, sealed or not.", show_default=False)
    ],
    key: Annotated[
        str | None, typer.Option("--key", help="The owner's key; without it only accidents are found.")
    ] = None,
) -> None:
    """Read every byte of a data set, and say whether it is what its owner wrote; if not, which pictures are not.

    With the owner's key it catches a cloud that altered, exchanged, dropped, repeated or reordered pictures and made
    all digests fit. It cannot tell that an older data set was put back whole: compare the digest that is printed.

    \b
    Examples:
      imveil verify ciphers/ --key my.key
    """
    from imveil.cli.secrets import open_key
    from imveil.errors import BadInput
    from imveil.owner.sealed_sets import check_sealed
    from imveil.owner.verification import verify_set
    from imveil.store.manifest import SEALED

    opened = None if key is None else open_key(key)
    if (source / SEALED).exists():
        if opened is None:
            raise BadInput(f"{source} is sealed: its key was needed", hint="give it with --key")
        verdict = check_sealed(source, opened)
    else:
        verdict = verify_set(source, opened)
    wrong = verdict.wrong
    for line in wrong:
        print("imveil: " + " ".join(line.split()), file=sys.stderr)
    if wrong:
        some = "one thing is" if len(wrong) == 1 else f"{len(wrong):,} things are"
        print(f"imveil: {some} not as its owner wrote it", file=sys.stderr)
        raise typer.Exit(code=2)
    how = "as its owner wrote it" if verdict.proven else "as its digests say, which nobody signed without --key"
    fewer = f" ({verdict.left_out:,} more were left out when it was made)" if verdict.left_out else ""
    typer.echo(f"{source}: {verdict.images:,} pictures{fewer}, {how}; manifest {verdict.sha256}")
