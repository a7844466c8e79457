"""Shard lists: which images a shard has, with a digest each, in the form that `sha256sum -c` reads.

A line is 64 hex digits, two spaces, the image's path from the data set's folder with `/` between its parts. GNU's
escape is kept: a line opens with a backslash where a name holds one, or a line break, and these are then escaped.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from imveil.errors import BadShard

LONGEST = 1 << 14  # bytes of a line: a path of 4,096, escaped, and what stands before it
_LINE = re.compile(r"(\\?)([0-9a-f]{64})  ([^\n]+)", re.ASCII)
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r"})


class Line(NamedTuple):
    """One image of a shard: path from the data set's folder, SHA-256 of the file in hex."""

    path: str
    sha256: str


def file_name(number: int) -> str:
    """The list of shard `number`, counted from 0.

    >>> file_name(7)
    'imveil-shard-00007.sha256'
    """
    return f"imveil-shard-{number:05}.sha256"


def dump(lines: list[Line]) -> bytes:
    """The bytes of a list.

    >>> dump([Line("cat/1.png", "0" * 64)]).decode().split()[1]
    'cat/1.png'
    """
    text = []
    for path, digest in lines:
        escaped = path.translate(_ESCAPES)
        text.append(f"{'' if escaped == path else chr(92)}{digest}  {escaped}\n")
    return "".join(text).encode("utf-8", "surrogateescape")


def parse(data: bytes, where: str) -> list[Line]:
    """Read a list; BadShard for anything else, or for a path that leads out of the data set's folder."""
    text = data.decode("utf-8", "surrogateescape")
    if text and not text.endswith("\n"):
        raise BadShard(f"{where} is cut off")
    lines = []
    for number, row in enumerate(text.split("\n")[:-1], 1):
        found = _LINE.fullmatch(row)
        if found is None:
            raise BadShard(f"{where} is malformed in line {number}")
        path = re.sub(r"\\(.)", _unescape, found[3]) if found[1] else found[3]
        if path.startswith("/") or "\0" in path or {"", ".", ".."} & set(path.split("/")):
            raise BadShard(f"{where} names a path that leads astray in line {number}")
        lines.append(Line(path, found[2]))
    return lines


def _unescape(found: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r"}.get(found[1], found[1])
