"""`imveil keygen` and `imveil key inspect`, `imveil key passwd`: key files, and never a secret on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NewFile = Annotated[Path, typer.Argument(metavar="PATH", help="The key file.", show_default=False)]
Where = Annotated[
    str, typer.Argument(metavar="PATH", help="The key: a file, fd:N, or env:NAME where NAME names a file.")
]
_ELSEWHERE = (
    "A passphrase is asked for at the terminal, or read from the file (or descriptor fd:N) that the variable "
    "IMVEIL_PASSPHRASE_FILE names; key passwd takes a new one from IMVEIL_NEW_PASSPHRASE_FILE."
)


def register(app: typer.Typer) -> None:
    """Add `keygen` and the group `key`."""
    app.command("keygen", epilog=_ELSEWHERE)(keygen)
    group = typer.Typer(no_args_is_help=True, help="Key files: what is in one, and another passphrase for it.")
    group.command("inspect")(inspect)
    group.command("passwd", epilog=_ELSEWHERE)(passwd)
    app.add_typer(group, name="key")


def keygen(
    path: NewFile,
    passphrase: Annotated[bool, typer.Option("--passphrase", help="Wrap the key with a passphrase.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there; its key is lost.")] = False,
) -> None:
    """Make a new key, in a file that only you may read.

    Keep a copy of it in a safe place: without the key nobody can decrypt what it encrypted.

    \b
    Examples:
      imveil keygen my.key
      imveil keygen my.key --passphrase
    """
    from imveil.cli.secrets import new_passphrase
    from imveil.keys.files import write_key
    from imveil.keys.key import Key

    key = Key.generate()
    write_key(path, key, new_passphrase(str(path)) if passphrase else None, force=force)
    typer.echo(f"{path}: new key {key.fingerprint}; keep a copy in a safe place, nobody can replace it")


def inspect(path: Where) -> None:
    """Say what key a file holds: its fingerprint and kind, never the secret. No passphrase is needed."""
    from imveil.cli.secrets import place
    from imveil.keys.files import about_key

    file, name = place(path)
    about = about_key(file, name=name)
    kind = f"wrapped with a passphrase ({about.kdf})" if about.kdf else "plain, without a passphrase"
    typer.echo(f"{name}: key {about.fingerprint}, {kind}")


def passwd(
    path: NewFile,
    remove: Annotated[bool, typer.Option("--remove", help="Leave the key without a passphrase.")] = False,
) -> None:
    """Give a key file another passphrase, a first one, or none; the key in it stays the same."""
    from imveil.cli.secrets import NEW_PASSPHRASE, new_passphrase, open_key
    from imveil.keys.files import write_key

    key = open_key(str(path))
    write_key(path, key, None if remove else new_passphrase(str(path), NEW_PASSPHRASE), force=True)
    kind = "plain, without a passphrase" if remove else "wrapped with the new passphrase"
    typer.echo(f"{path}: key {key.fingerprint}, {kind}")
