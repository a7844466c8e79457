"""`imveil keygen` and `imveil key`: key files, keys shared between people, and never a secret on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import KEY
from imveil.cli.words import count, say

GROUP = "Keys"

NewFile = Annotated[Path, typer.Argument(metavar="PATH", help="The key file.", show_default=False)]
Where = Annotated[
    str,
    typer.Argument(metavar="PATH", help=f"The key: {KEY}."),
]
_ELSEWHERE = (
    "A passphrase is asked for at the terminal, or read from the file (or descriptor fd:N) that the variable "
    "IMVEIL_PASSPHRASE_FILE names; key passwd takes a new one from IMVEIL_NEW_PASSPHRASE_FILE."
)


def register(app: typer.Typer) -> None:
    """Add `keygen` and the group `key`."""
    app.command("keygen", epilog=_ELSEWHERE)(keygen)
    group = typer.Typer(no_args_is_help=True, help="Key files: what is in one, its passphrase, and who else gets it.")
    group.command("inspect")(inspect)
    group.command("passwd", epilog=_ELSEWHERE)(passwd)
    group.command("identity", epilog=_ELSEWHERE)(identity)
    group.command("share", epilog=_ELSEWHERE)(share)
    group.command("open", epilog=_ELSEWHERE)(open_)
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
    say(f"{path}: new key {key.fingerprint}; keep a copy in a safe place, nobody can replace it")


def inspect(path: Where) -> None:
    """Say what key a file holds: its fingerprint and kind, never the secret. No passphrase is needed.

    \b
    Examples:
      imveil key inspect my.key
      imveil key inspect env:OWNER_KEY_FILE
    """
    from imveil.keys.files import about_key
    from imveil.keys.reference import KeyRef

    where = KeyRef(path)
    if path.startswith("cmd:"):
        from imveil.cli.secrets import open_key

        say(f"{where.name}: key {open_key(path).fingerprint}, from a program")
        return
    about = about_key(where.place(), name=where.name)
    kind = f"wrapped with a passphrase ({about.kdf})" if about.kdf else "plain, without a passphrase"
    say(f"{where.name}: key {about.fingerprint}, {kind}")


def passwd(
    path: NewFile,
    remove: Annotated[bool, typer.Option("--remove", help="Leave the key without a passphrase.")] = False,
) -> None:
    """Give a key file another passphrase, a first one, or none; the key in it stays the same.

    \b
    Examples:
      imveil key passwd my.key
      imveil key passwd my.key --remove
    """
    from imveil.cli.secrets import NEW_PASSPHRASE, new_passphrase, open_key
    from imveil.keys.files import write_key

    key = open_key(str(path))
    write_key(path, key, None if remove else new_passphrase(str(path), NEW_PASSPHRASE), force=True)
    kind = "plain, without a passphrase" if remove else "wrapped with the new passphrase"
    say(f"{path}: key {key.fingerprint}, {kind}")


def identity(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The identity's file.", show_default=False)],
    passphrase: Annotated[bool, typer.Option("--passphrase", help="Wrap it with a passphrase.")] = False,
) -> None:
    """Make an identity, with which you open keys that others share with you, and name its recipient.

    The recipient is public: send it to whoever has the key. It is printed, and written to PATH.pub. Where PATH is an
    identity already, its recipient is printed again.

    \b
    Examples:
      imveil key identity alice.id
    """
    from imveil.cli.secrets import new_passphrase, open_identity
    from imveil.errors import BadDestination
    from imveil.keys.sharing import Identity
    from imveil.store.files import write_file

    if path.exists():
        say(open_identity(str(path)).recipient)
        return
    found = Identity.generate()
    found.write(str(path), new_passphrase(str(path)) if passphrase else None)
    public = path.with_name(path.name + ".pub")
    try:
        write_file(public, f"{found.recipient}\n".encode())
    except OSError as error:
        raise BadDestination(f"{public} cannot be written: {error.strerror or error}") from error
    say(found.recipient)


def share(
    path: Where,
    to: Annotated[
        list[str],
        typer.Option("--to", help="A recipient, or a file that holds one; again for others.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", help="The file to write.", show_default=False)],
) -> None:
    """Share a key: a file from which each recipient gets it with their own identity, and nobody else.

    The file is no secret. Who has it needs no passphrase of yours, and what was shared cannot be taken back: to shut
    somebody out, renew the key with imveil rekey.

    \b
    Examples:
      imveil key share my.key --to alice.id.pub --to bob.id.pub --out my.shared
    """
    from imveil.cli.secrets import open_key
    from imveil.errors import BadDestination
    from imveil.keys import sharing
    from imveil.store.files import write_file

    if out.exists():
        raise BadDestination(f"{out} exists already", hint="choose another name")
    recipients = [recipient_of(name) for name in to]
    text = sharing.share(open_key(path), recipients)
    try:
        write_file(out, text.encode(), sync=True)
    except OSError as error:
        raise BadDestination(f"{out} cannot be written: {error.strerror or error}") from error
    fingerprint, names = sharing.recipients_of(text)
    say(f"{out}: key {fingerprint} for {count(len(names), 'recipient')}")


def open_(
    shared: Annotated[Path, typer.Argument(metavar="SHARED", help="The shared key.", show_default=False)],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The key file to write.", show_default=False)],
    identity: Annotated[str, typer.Option("--identity", help="Your identity, given as a key is.", show_default=False)],
    passphrase: Annotated[bool, typer.Option("--passphrase", help="Wrap the key with a passphrase.")] = False,
) -> None:
    """Open a key that was shared with you, and write it to a key file of your own.

    \b
    Examples:
      imveil key open my.shared my.key --identity alice.id
    """
    from imveil.cli.secrets import new_passphrase, open_identity
    from imveil.errors import BadKeyFile, KeyProblem
    from imveil.keys.files import write_key
    from imveil.keys.sharing import open_shared

    try:
        text = shared.read_bytes()[: 1 << 20].decode("latin-1")
    except OSError as error:
        raise BadKeyFile(f"{shared} cannot be read: {error.strerror or error}") from error
    opener = open_identity(identity)
    try:
        key = open_shared(text, opener)
    except KeyProblem as error:
        raise type(error)(f"{shared} {error.message}" if isinstance(error, BadKeyFile) else error.message,
                          hint=error.hint) from None  # fmt: skip
    write_key(path, key, new_passphrase(str(path)) if passphrase else None)
    say(f"{path}: key {key.fingerprint}; compare it with the one on the data")


def recipient_of(name: str) -> str:
    """A recipient as it was given, or the one in a file."""
    from imveil.keys.sharing import PREFIX

    if name.startswith(PREFIX) or not Path(name).is_file():
        return name
    with open(name, encoding="latin-1") as file:
        return file.read(1000).strip()
