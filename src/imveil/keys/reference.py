"""References: a text that says where a key is, for options, workers and task graphs; the key itself never travels.

    owner.key, file:owner.key    a file
    env:OWNER_KEY                the file that a variable names
    fd:3                         an open descriptor of this process
    cmd:vault kv get -field=key secret/owner     what a program prints: a key file, or its one secret line

A program is run without a shell, with nothing to read, for at most a minute, once for each opening. What it prints is
a secret and what it complains about may be: neither is shown or kept.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import threading
from dataclasses import dataclass

from imveil.errors import BadInput, BadKeyFile, KeyProblem, SecretLeak
from imveil.keys.files import key_of_line, key_of_text, read_key, read_secret
from imveil.keys.key import Key
from imveil.keys.wrap import Ask

PASSPHRASE = "IMVEIL_PASSPHRASE_FILE"
SECONDS = 60.0
_MOST = 1 << 16


@dataclass(frozen=True, repr=False, init=False)
class KeyRef:
    """Where a key is. All that is shown, hashed and pickled is this text; of a program only its name is shown.

    Raises BadInput for a text that names no place, or is a key itself.

    >>> KeyRef("env:OWNER_KEY"), KeyRef("cmd:vault kv get -field=key secret/owner")
    (KeyRef('env:OWNER_KEY'), KeyRef('cmd:vault ...'))
    """

    text: str

    def __init__(self, text: str) -> None:
        problem = _problem(text)
        if problem is not None:
            del text, self  # it may be a key: a traceback shows what frames hold
            raise problem
        object.__setattr__(self, "text", text)
        if text.startswith("fd:") and (not text[3:].isdecimal() or len(text) > 12):
            raise BadInput(f"fd:N needs the number of an open descriptor, got {text!r}")
        if text.startswith("cmd:"):
            self._words()

    @property
    def name(self) -> str:
        """What errors may call it."""
        if self.text.startswith("cmd:"):
            return f"cmd:{self._words()[0]}" + (" ..." if len(self._words()) > 1 else "")
        return self.text.removeprefix("file:")

    def open(self, ask: Ask | None = None, *, kind: str = "key") -> Key:
        """The key, read anew.

        Parameters
        ----------
        ask
            Gives the passphrase of a wrapped one; None: the file that IMVEIL_PASSPHRASE_FILE names, where it is set.
        kind
            "key" or "identity".

        Raises
        ------
        BadKeyFile
        InsecureKeyFile
        WrongPassphrase
        BadInput
        """
        if ask is None and os.environ.get(PASSPHRASE):
            ask = passphrase_of_file
        if not self.text.startswith("cmd:"):
            return read_key(self.place(), ask, name=self.name, kind=kind)
        try:
            return _of_program(self._words(), ask, kind)
        except KeyProblem as error:
            problem = type(error)(f"{self.name} {error.message}", hint=error.hint)
        raise problem  # without the frames that held a key, as in `read_key`

    def place(self) -> str | int:
        """The file, or the number of the descriptor. Raises BadInput for a variable that is not set, and for cmd:."""
        if self.text.startswith("fd:"):
            return int(self.text[3:])
        if self.text.startswith("cmd:"):
            raise BadInput(f"{self.name} is no file")
        if not self.text.startswith("env:"):
            return self.text.removeprefix("file:")
        file = os.environ.get(self.text[4:], "")
        if not file:
            raise BadInput(f"the variable {self.text[4:]} was needed to name a key file, it is not set")
        problem = _problem(file)
        if problem is not None:
            del file
            raise problem
        return file

    def __repr__(self) -> str:
        return f"KeyRef({self.name!r})"

    def __reduce__(self) -> tuple[type[KeyRef], tuple[str]]:
        if self.text.startswith("fd:"):
            raise SecretLeak(f"{self.text} is of this process alone", hint="name a file, env:NAME or cmd:PROGRAM")
        return KeyRef, (self.text,)

    def _words(self) -> list[str]:
        try:
            words = shlex.split(self.text[4:])
        except ValueError:
            words = []
        if not words:
            raise BadInput("cmd: needs a program and its words, as a shell would quote them")
        return words


def passphrase_of_file(variable: str = PASSPHRASE) -> str:
    """The passphrase in the file (or at the descriptor fd:N) that a variable names. Raises KeyProblem, BadInput."""
    try:
        data = read_secret(KeyRef(os.environ.get(variable, "")).place())
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


def _problem(text: str) -> BadInput | None:
    """What is wrong with a text that is a key itself. The error is raised elsewhere, by frames that no more hold it."""
    if key_of_line(text.strip()) is None and key_of_line(text.strip(), "identity") is None:
        return None
    return BadInput(
        "the name of a key file was needed, a key itself came: others may have seen it",
        hint="make a new key, and give the path of its file",
    )


def _of_program(words: list[str], ask: Ask | None, kind: str) -> Key:
    text = _printed(words)
    key = key_of_line(text.strip(), kind)
    return key_of_text(text, ask, kind) if key is None else key


def _printed(words: list[str]) -> str:
    """What a program prints. Raises BadKeyFile, which never holds any of it."""
    try:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )
    except (OSError, ValueError) as error:
        raise BadKeyFile(f"cannot be run: {getattr(error, 'strerror', None) or 'it is no program'}") from None
    late = threading.Event()

    def end() -> None:
        late.set()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    timer = threading.Timer(SECONDS, end)
    timer.daemon = True
    timer.start()
    data = b""
    try:
        with child.stdout as out:  # type: ignore[union-attr]
            while len(data) <= _MOST and (more := out.read(_MOST)):
                data += more
            if len(data) > _MOST:
                end()
    except BaseException:  # Ctrl-C: nothing is left running
        end()
        raise
    finally:
        code = child.wait()
        timer.cancel()
    if len(data) > _MOST:
        raise BadKeyFile(f"printed more than {_MOST} bytes, which is no key file")
    if late.is_set():
        raise BadKeyFile(f"gave no key within {SECONDS:.0f} seconds, and was ended")
    if code:
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        raise BadKeyFile(f"ended with {how}", hint="run it by hand to see why: what it says is not shown here")
    return data.decode("latin-1")
