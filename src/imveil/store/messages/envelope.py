"""The envelope of every message: a line that names its kind, a line of JSON, a body, SHA-256 of all before.

    imveil-sum-1                     ASCII, ended by a line feed
    {"owner":"imveil-to-...", ...}   canonical JSON: names sorted, no spaces, ASCII; ended by a line feed
    body                             as many bytes as are left
    32 bytes                         SHA-256 of everything above

The digest finds damage, not malice: who can change a message can change its digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from imveil.errors import BadDestination, BadMessage
from imveil.store.files import write_file

_MOST_HEADER = 1 << 22
_MOST = 1 << 33


class Message(NamedTuple):
    """What is in an envelope.

    Attributes
    ----------
    kind
        As "sum".
    facts
        The JSON object.
    body
        bytes.
    digest
        SHA-256 of the whole message, 64 hex digits, by which another one names it.
    """

    kind: str
    facts: dict[str, Any]
    body: bytes
    digest: str


def pack(kind: str, facts: dict[str, Any], body: bytes = b"") -> bytes:
    """The bytes of a message.

    >>> unpack(pack("sum", {"step": 0}, b"words"), "sum").body
    b'words'
    """
    return packed(kind, facts, body)[0]


def packed(kind: str, facts: dict[str, Any], body: bytes = b"") -> tuple[bytes, str]:
    """The bytes of a message, and the SHA-256 of all of them, 64 hex digits."""
    content = b"".join((f"imveil-{kind}-1\n{canonical(facts)}\n".encode(), body))
    state = hashlib.sha256(content)
    own = state.digest()
    state.update(own)
    return content + own, state.hexdigest()


def unpack(data: bytes, kind: str, name: str = "the message") -> Message:
    """The message in `data`. Raises BadMessage for another kind or version, for a cut or altered one."""
    first, found, _ = data[:64].partition(b"\n")
    wanted = f"imveil-{kind}-1"
    if not found or first != wanted.encode():
        raise BadMessage(f"{name} is {_called(first)}, {wanted} was needed")
    state = hashlib.sha256(memoryview(data)[:-32])
    if len(data) < len(first) + 34 or state.digest() != data[-32:]:
        raise BadMessage(f"{name} is cut off or altered: its SHA-256 does not fit", hint="ask for it again")
    end = data.find(b"\n", len(first) + 1, len(first) + 1 + _MOST_HEADER)
    text = data[len(first) + 1 : end] if end > 0 else b""
    try:
        facts = json.loads(text)
        same = isinstance(facts, dict) and canonical(facts).encode() == text
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise BadMessage(f"{name} is malformed: its second line is not the JSON that imveil writes")
    state.update(data[-32:])
    return Message(kind, facts, data[end + 1 : -32], state.hexdigest())


def read(path: Path | str, most: int = _MOST) -> bytes:
    """The bytes of a message's file. Raises BadMessage where it cannot be read or is larger than `most`."""
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise BadMessage(f"{path} cannot be read: {error.strerror or error}") from error
    if len(data) > most:
        raise BadMessage(f"{path} is larger than {most:,} bytes: it is no message of imveil")
    return data


def kind_of(path: Path | str) -> str:
    """The kind of message in a file, as "total"; empty where it is none. Looks at the first line only."""
    try:
        with open(path, "rb") as file:
            first = file.readline(64)
    except OSError:
        return ""
    text = first.decode("ascii", "replace").rstrip("\n")
    parts = text.split("-")
    return "-".join(parts[1:-1]) if parts[0] == "imveil" and parts[-1] == "1" and len(parts) > 2 else ""


def write(path: Path | str, data: bytes, *, secret: bool = False) -> None:
    """Write a new file, whole or not at all; BadDestination where one is there.

    Parameters
    ----------
    secret
        For its owner alone (0600).
    """
    place = Path(path)
    if place.exists():
        raise BadDestination(f"{path} exists already", hint="choose another name")
    aside = place.with_name(f".{place.name}.part")
    try:
        if secret:
            aside.unlink(missing_ok=True)
            aside.touch(mode=0o600)
        write_file(place, data, aside=aside, sync=True)
    except OSError as error:
        raise BadDestination(f"{path} cannot be written: {error.strerror or error}") from error


def write_all(files: Sequence[tuple[Path | str, bytes, bool]]) -> None:
    """Write several new files, or none of them. files: (path, data, secret), each as for `write`."""
    made = []
    try:
        for path, data, secret in files:
            write(path, data, secret=secret)
            made.append(Path(path))
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def canonical(facts: dict[str, Any]) -> str:
    """JSON with sorted names, without spaces, in ASCII: equal facts are equal texts."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _called(first: bytes) -> str:
    text = first.decode("latin-1")
    known = text.startswith("imveil-") and text.isascii() and text.isprintable()
    return f"{text[:40]!r}" if known else "no message of imveil"
