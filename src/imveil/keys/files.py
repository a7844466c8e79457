"""Key files: a key as a few lines of text, as it is or under a passphrase, for its owner alone to read.

    imveil-key-1
    # A secret: who has the next line has the key. fingerprint ioes-uskh-tcku-o3ya
    aaaa...ef2w              64 characters of base32: the key, and 8 bytes that tell a mistyped key from another one

The other form is in `wrap`. An identity, which opens keys that were shared (`sharing`), lies in a file of the same two
forms whose first line is `imveil-identity-1`: kind "identity" below. A file is written aside, synced and moved into
place: it is there whole or not at all, and another file is never overwritten unless that is asked for. docs/spec/key.md
has the format in words.
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
from imveil.keys.wrap import Ask, look, unwrap, wrap

READABLE = "IMVEIL_READABLE_KEYS"
KINDS = ("key", "identity")
_OTHERS = {"key": "is a key", "identity": "is an identity", "share": "is a key that was shared"}
_HINTS = {"share": "imveil key open makes a key file of it", "identity": "imveil key open takes it with --identity"}
_MOST = 1 << 16
File = str | Path | int


@dataclass(frozen=True)
class About:
    """What may be said of a key file.

    Attributes
    ----------
    kind
        "plain" or "wrapped".
    kdf
        How its passphrase is stretched, or empty.
    """

    kind: str
    fingerprint: str
    kdf: str = ""


def read_key(file: File, ask: Ask | None = None, *, name: str = "", kind: str = "key") -> Key:
    """The key in a file.

    Parameters
    ----------
    file
        A path, or the number of an open descriptor.
    ask
        Gives the passphrase of a wrapped file, called once and only where one is needed.
    name
        What errors call the file, its path unless given.
    kind
        "key" or "identity".

    Raises
    ------
    BadKeyFile
    InsecureKeyFile
        Where others may read a plain key.
    WrongPassphrase
    """
    try:
        return _key(file, ask, kind)
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


def write_key(path: str | Path, key: Key, ask: Ask | None = None, *, force: bool = False, kind: str = "key") -> None:
    """Write a key file that only its owner may read (mode 0600).

    Parameters
    ----------
    ask
        Gives the passphrase to wrap it with; None: the key as it is.
    force
        Another file there is replaced.
    kind
        "key" or "identity".

    Raises
    ------
    BadDestination
        Where the file cannot be written, or is there already.
    """
    place = Path(os.path.realpath(path))  # a link stays a link
    if not force and os.path.lexists(place):
        raise BadDestination(f"{path} exists already", hint="choose another name, or --force to replace it")
    aside = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(handle, "wb", buffering=0) as out:
                out.write((plain(key, kind) if ask is None else wrap(key, ask, kind=kind)).encode())
                os.fsync(handle)
            _move(aside, place, force)
        finally:
            aside.unlink(missing_ok=True)
    except FileExistsError as error:
        raise BadDestination(f"{path} exists already", hint="choose another name, or --force to replace it") from error
    except OSError as error:
        raise BadDestination(f"{path} cannot be written: {error.strerror or error}") from error


def plain(key: Key, kind: str = "key") -> str:
    """The text of a plain key file."""
    line = base64.b32encode(key.reveal() + _check(key, kind)).decode().lower()
    return f"{_head(kind)}\n{_comment(key, kind)}\n{line}\n"


def unplain(text: str, kind: str = "key") -> Key:
    """The key in the text of a plain key file. Blank lines, and those that begin with ##, are nothing.

    Raises BadKeyFile.
    """
    if not text.strip():
        raise BadKeyFile("is empty", hint="imveil keygen makes a key")
    # Only line feeds part lines: one that was altered is no other kind of line break.
    head, *lines = [line.strip(" \t\r") for line in text.split("\n")]
    _same_kind(head, kind)
    lines = [line for line in lines if line and not line.startswith("##")]
    comments = [line for line in lines if line.startswith("#")]
    found = [line for line in lines if not line.startswith("#")]
    if len(found) != 1:
        raise BadKeyFile(f"is cut off or altered: it has {len(found)} lines of key, one was needed")
    key = key_of_line(found[0], kind)
    if key is None:
        raise BadKeyFile("is cut off or mistyped: its check does not fit", hint="take a copy of it from elsewhere")
    if any(line != _comment(key, kind) for line in comments):
        raise BadKeyFile(
            "has a comment that is not of this key: it was altered", hint="lines that begin with ## are free"
        )
    return key


def key_of_text(text: str, ask: Ask | None, kind: str = "key") -> Key:
    """The key in the text of a file of either form. Raises BadKeyFile, WrongPassphrase."""
    if not is_wrapped(text):
        return unplain(text, kind)
    _same_kind(text.partition("\n")[0], kind)
    if ask is None:
        look(text)
        raise BadKeyFile("is wrapped with a passphrase, which was not given")
    return unwrap(text, ask)


def key_of_line(line: str, kind: str = "key") -> Key | None:
    """The key in the secret line of a plain key file; None where it is none."""
    with contextlib.suppress(binascii.Error, ValueError):
        data = base64.b32decode(line.upper()) if re.fullmatch("[a-z2-7]{64}", line) else b""
        key = Key(data[:SIZE]) if data else None
        if key is not None and data[SIZE:] == _check(key, kind):
            return key
    return None


def read_secret(file: File) -> bytes:
    """The bytes of a file with a secret in it, 64 KiB at most. Raises BadKeyFile, InsecureKeyFile."""
    data, mode = _bytes(file)
    _refuse_readable(mode)
    return data


def for_owner_alone(path: Path) -> None:
    """Raise InsecureKeyFile where others may read a file with a secret in it."""
    with contextlib.suppress(OSError):  # whoever reads it says why it cannot be
        try:
            _refuse_readable(path.stat().st_mode)
        except InsecureKeyFile as error:
            raise _named(error, path, "") from None


def is_wrapped(text: str) -> bool:
    """Whether a file's text is of the wrapped form."""
    return any(text.startswith(f"{_head(kind)}\nwrapped") for kind in KINDS)


def _check(key: Key, kind: str) -> bytes:
    return key.derive("imveil", "check" if kind == "key" else f"check of an {kind}").reveal()[:8]


def _head(kind: str) -> str:
    return f"imveil-{kind}-1"


def _comment(key: Key, kind: str) -> str:
    return f"# A secret: who has the next line has the {kind}. fingerprint {key.fingerprint}"


def _same_kind(head: str, kind: str) -> None:
    """Raise BadKeyFile, saying what the file is, unless its first line is that of a file of this kind."""
    if head == _head(kind):
        return
    other = re.fullmatch(r"imveil-([a-z]{1,16})-(\d{1,4})", head)
    if other and other[1] == kind:
        raise BadKeyFile(f"is of version {other[2]}, version 1 is what this imveil reads")
    if other and other[1] in _OTHERS:
        raise BadKeyFile(f"{_OTHERS[other[1]]}, a file of {_head(kind)} was needed", hint=_HINTS.get(other[1], ""))
    makes = "keygen" if kind == "key" else f"key {kind}"
    raise BadKeyFile(
        f"is no {kind} file of imveil, whose first line is {_head(kind)}", hint=f"imveil {makes} makes one"
    )


def _key(file: File, ask: Ask | None, kind: str) -> Key:
    text, mode = _text(file)
    if not is_wrapped(text):
        _refuse_readable(mode)
    return key_of_text(text, ask, kind)


def _about(file: File) -> About:
    text, mode = _text(file)
    if not is_wrapped(text):
        _refuse_readable(mode)
        return About("plain", unplain(text).fingerprint)
    _same_kind(text.partition("\n")[0], "key")
    fingerprint, kdf = look(text)
    return About("wrapped", fingerprint, str(kdf))


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
