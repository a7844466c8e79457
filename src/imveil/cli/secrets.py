"""How secrets reach the program: from a file, an open descriptor, a variable that names a file, a program, or a prompt.
Never as an argument, which other users of the machine can read and the shell remembers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from imveil.errors import BadInput

if TYPE_CHECKING:
    from imveil.keys.key import Key
    from imveil.keys.sharing import Identity
    from imveil.keys.wrap import Ask

PASSPHRASE = "IMVEIL_PASSPHRASE_FILE"
NEW_PASSPHRASE = "IMVEIL_NEW_PASSPHRASE_FILE"


def open_key(where: str) -> Key:
    """The key that an option --key names; the passphrase of a wrapped one is asked for.

    where: a file, or another reference as `imveil.keys.reference` has them.
    Raises BadKeyFile, InsecureKeyFile, WrongPassphrase, BadInput.
    """
    from imveil.keys.reference import KeyRef

    place = KeyRef(where)
    return place.open(passphrase(place.name))


def open_identity(where: str) -> Identity:
    """The identity that an option names, in the same ways as a key."""
    from imveil.keys.reference import KeyRef
    from imveil.keys.sharing import Identity

    place = KeyRef(where)
    return Identity(place.open(passphrase(place.name), kind="identity"))


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
    from imveil.keys.reference import passphrase_of_file

    return passphrase_of_file(variable) if os.environ.get(variable) else ""


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
