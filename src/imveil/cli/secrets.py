"""How secrets reach the program: from a file, an open descriptor, a variable that names a file, or a prompt. Never as
an argument, which other users of the machine can read and the shell remembers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from imveil.errors import BadInput, KeyProblem

if TYPE_CHECKING:
    from imveil.keys.key import Key
    from imveil.keys.wrap import Ask

PASSPHRASE = "IMVEIL_PASSPHRASE_FILE"
NEW_PASSPHRASE = "IMVEIL_NEW_PASSPHRASE_FILE"


def open_key(where: str) -> Key:
    """The key that an option --key names; the passphrase of a wrapped one is asked for.

    where: a file, "fd:N" (an open descriptor) or "env:NAME" (a variable that names a file).
    Raises BadKeyFile, InsecureKeyFile, WrongPassphrase, BadInput.
    """
    from imveil.keys.files import read_key

    file, name = place(where)
    return read_key(file, passphrase(name), name=name)


def place(where: str) -> tuple[str | int, str]:
    """The file or descriptor that a text names, and what errors may call it: a variable's name, not what it holds."""
    from imveil.keys.files import key_of_line

    if where.startswith("fd:"):
        if not where[3:].isdecimal() or len(where) > 12:
            raise BadInput(f"fd:N needs the number of an open descriptor, got {where!r}")
        return int(where[3:]), where
    file, name = where, where
    if where.startswith("env:"):
        file, name = os.environ.get(where[4:], ""), where
        if not file:
            raise BadInput(f"the variable {where[4:]} was needed to name a key file, it is not set")
    if key_of_line(file.strip()) is not None:
        raise BadInput(
            "the name of a key file was needed, a key itself came: others may have seen it",
            hint="make a new key, and give the path of its file",
        )
    return file, name


def passphrase(name: str) -> Ask:
    """What asks for the passphrase of `name`: from the file that IMVEIL_PASSPHRASE_FILE names, or at the terminal."""
    return lambda: _given(PASSPHRASE) or _prompt(f"passphrase of {name}: ", PASSPHRASE)


def new_passphrase(name: str, variable: str = PASSPHRASE) -> Ask:
    """What asks for a new passphrase, twice at the terminal."""

    def ask() -> str:
        given = _given(variable) or _prompt(f"new passphrase for {name}: ", variable)
        if not os.environ.get(variable) and given != _prompt("the same again: ", variable):
            given = ""
            raise BadInput("the two passphrases differ", hint="nothing was written")
        return given

    return ask


def _given(variable: str) -> str:
    """The passphrase in the file (or at the descriptor fd:N) that a variable names; empty where it is not set."""
    from imveil.keys.files import read_secret

    if not os.environ.get(variable):
        return ""
    try:
        data = read_secret(place(os.environ[variable])[0])
    except KeyProblem as error:
        raise type(error)(f"the passphrase file that {variable} names {error.message}") from error
    try:
        return _first_line(data)
    finally:
        del data


def _first_line(data: bytes) -> str:
    words = data.removesuffix(b"\n").removesuffix(b"\r")
    if not words or b"\n" in words:
        raise BadInput("a passphrase file holds one line, this one has none or several")
    return words.decode("utf-8", "surrogateescape")


def _prompt(text: str, variable: str) -> str:
    import getpass
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # else it would read, and show, standard input
            return getpass.getpass(text)
    except (getpass.GetPassWarning, EOFError) as error:
        raise BadInput(
            "a passphrase was needed, and there is no terminal to ask at", hint=f"{variable} may name a file with it"
        ) from error
