"""Key files: a key as a few lines of text, as it is or under a passphrase, for its owner alone to read.

    imveil-key-1
    # A secret: who has the next line has the key. fingerprint ioes-uskh-tcku-o3ya
    aaaa...ef2w              64 characters of base32: the key, and 8 bytes that tell a mistyped key from another one

The other form is in `wrap`. A file is written aside, synced and moved into place: it is there whole or not at all, and
another file is never overwritten unless that is asked for. docs/spec/key.md has the format in words.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from imveil.errors import BadDestination, BadKeyFile, InsecureKeyFile, KeyProblem
from imveil.keys.key import SIZE, Key
from imveil.keys.wrap import HEAD, Ask, look, unwrap, wrap

READABLE = "IMVEIL_READABLE_KEYS"
_MOST = 1 << 16
File = str | Path | int


@dataclass(frozen=True)
class About:
    """What may be said of a key file. kind: "plain" or "wrapped"; kdf: how its passphrase is stretched, or empty."""

    kind: str
    fingerprint: str
    kdf: str = ""


def read_key(file: File, ask: Ask | None = None, *, name: str = "") -> Key:
    """The key in a file.

    file: a path, or the number of an open descriptor.   ask: gives the passphrase of a wrapped file, called once and
    only where one is needed.   name: what errors call the file, its path unless given.

    Raises BadKeyFile, InsecureKeyFile (others may read a plain key), WrongPassphrase.
    """
    try:
        return _key(file, ask)
    except KeyProblem as error:
        problem = _named(error, file, name)
    # Raised out here without the frames below: their variables hold most of a key, and some tracebacks print those.
    raise problem


def about_key(file: File, *, name: str = "") -> About:
    """Kind and fingerprint of a key file; a wrapped one is taken at its word, and no passphrase is asked for.

    Raises BadKeyFile, InsecureKeyFile.
    """
    try:
        return _about(file)
    except KeyProblem as error:
        problem = _named(error, file, name)
    raise problem  # out here, as above


def write_key(path: str | Path, key: Key, ask: Ask | None = None, *, force: bool = False) -> None:
    """Write a key file that only its owner may read (mode 0600).

    ask: gives the passphrase to wrap it with; None: the key as it is.   force: another file there is replaced.

    Raises BadDestination where the file cannot be written, or is there already.
    """
    place = Path(os.path.realpath(path))  # a link stays a link
    if not force and os.path.lexists(place):
        raise BadDestination(f"{path} exists already", hint="choose another name, or --force to replace it")
    aside = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(handle, "wb", buffering=0) as out:
                out.write((plain(key) if ask is None else wrap(key, ask)).encode())
                os.fsync(handle)
            _move(aside, place, force)
        finally:
            aside.unlink(missing_ok=True)
    except FileExistsError as error:
        raise BadDestination(f"{path} exists already", hint="choose another name, or --force to replace it") from error
    except OSError as error:
        raise BadDestination(f"{path} cannot be written: {error.strerror or error}") from error


def plain(key: Key) -> str:
    """The text of a plain key file."""
    line = base64.b32encode(key.reveal() + _check(key)).decode().lower()
    return f"{HEAD}\n# A secret: who has the next line has the key. fingerprint {key.fingerprint}\n{line}\n"


def unplain(text: str) -> Key:
    """The key in the text of a plain key file; blank lines, and lines after the first that begin with #, are nothing.

    Raises BadKeyFile.
    """
    head, *lines = [line.strip() for line in text.splitlines()] or [""]
    if not text.strip():
        raise BadKeyFile("is empty", hint="imveil keygen makes a key")
    if head != HEAD:
        other = re.fullmatch(r"imveil-key-(\d{1,4})", head)
        if other:
            raise BadKeyFile(f"is of version {other[1]}, version 1 is what this imveil reads")
        raise BadKeyFile(f"is no key file of imveil, whose first line is {HEAD}", hint="imveil keygen makes a key")
    found = [line for line in lines if line and not line.startswith("#")]
    if len(found) != 1:
        raise BadKeyFile(f"is cut off or altered: it has {len(found)} lines of key, one was needed")
    key = key_of_line(found[0])
    if key is None:
        raise BadKeyFile("is cut off or mistyped: its check does not fit", hint="take a copy of it from elsewhere")
    return key


def key_of_line(line: str) -> Key | None:
    """The key in the secret line of a plain key file; None where it is none."""
    with contextlib.suppress(binascii.Error, ValueError):
        data = base64.b32decode(line.upper()) if re.fullmatch("[a-z2-7]{64}", line) else b""
        key = Key(data[:SIZE]) if data else None
        if key is not None and data[SIZE:] == _check(key):
            return key
    return None


def read_secret(file: File) -> bytes:
    """The bytes of a file with a secret in it, 64 KiB at most. Raises BadKeyFile, InsecureKeyFile."""
    data, mode = _bytes(file)
    _refuse_readable(mode)
    return data


def _check(key: Key) -> bytes:
    return key.derive("imveil", "check").reveal()[:8]


def _key(file: File, ask: Ask | None) -> Key:
    text, mode = _text(file)
    if not _is_wrapped(text):
        _refuse_readable(mode)
        return unplain(text)
    if ask is None:
        look(text)
        raise BadKeyFile("is wrapped with a passphrase, which was not given")
    return unwrap(text, ask)


def _about(file: File) -> About:
    text, mode = _text(file)
    if not _is_wrapped(text):
        _refuse_readable(mode)
        return About("plain", unplain(text).fingerprint)
    fingerprint, kdf = look(text)
    return About("wrapped", fingerprint, str(kdf))


def _is_wrapped(text: str) -> bool:
    return text.startswith(f"{HEAD}\nwrapped")


def _text(file: File) -> tuple[str, int]:
    data, mode = _bytes(file)
    # latin-1 takes all bytes; an error of decoding would carry the bytes of the file.
    return data.decode("latin-1"), mode


def _bytes(file: File) -> tuple[bytes, int]:
    """The bytes of a file, and its mode."""
    try:
        with open(file, "rb", buffering=0, closefd=not isinstance(file, int)) as source:
            mode = os.fstat(source.fileno()).st_mode
            data = b""
            while len(data) <= _MOST and (more := source.read(_MOST)):
                data += more
    except OSError as error:
        hint = "imveil keygen makes a key" if isinstance(error, FileNotFoundError) else ""
        raise BadKeyFile(f"cannot be read: {error.strerror or error}", hint=hint) from error
    if len(data) > _MOST:
        raise BadKeyFile(f"is no key file of imveil: it has more than {_MOST} bytes")
    return data, mode


def _refuse_readable(mode: int) -> None:
    if stat.S_ISREG(mode) and mode & 0o077 and os.environ.get(READABLE, "") in ("", "0") and os.name == "posix":
        raise InsecureKeyFile(
            f"is open to others than you (mode {stat.S_IMODE(mode):04o})", hint=f"chmod 600 it, or set {READABLE}=1"
        )


def _named(error: KeyProblem, file: File, name: str) -> KeyProblem:
    name = name or (f"fd:{file}" if isinstance(file, int) else str(file))
    return type(error)(f"{name} {error.message}", hint=error.hint)


def _move(aside: Path, place: Path, force: bool) -> None:
    """Into place in one step, and onto the disk; FileExistsError where something is there that may not be replaced."""
    if force:
        aside.replace(place)
    else:
        try:
            os.link(aside, place)  # unlike a rename, it never replaces
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if os.path.lexists(place):
                raise FileExistsError from None
            aside.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
