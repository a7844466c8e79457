"""Ordinary tars of cipher pictures, as `tar cf` makes them of a folder, and files packed with gzip.

A shard of the container webdataset is a tar too, but one that says more of each picture: it is none of these.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator

from imveil.errors import BadImage
from imveil.store.budget import Budget
from imveil.store.sets import endings

GZIP = b"\x1f\x8b"


def unpacked(data: bytes, where: str) -> bytes:
    """The bytes of a file called `where`, out of gzip where they are in it. BadImage for broken and for huge ones.

    >>> unpacked(gzip.compress(b"picture"), "a.gz")
    b'picture'
    """
    if not data.startswith(GZIP):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as file:
            most = Budget(len(data)).bytes
            whole = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadImage(f"{where} cannot be unpacked: {error}") from error
    if len(whole) > most:
        raise BadImage(f"{where} is larger than {most:,} bytes when unpacked", hint="unpack it, and name what is in it")
    return whole


def files_in(data: bytes, where: str) -> Iterator[tuple[str, bytes]] | None:
    """The files of an ordinary tar that may hold cipher pictures, (name, bytes), each called "TAR:NAME" and in the
    tar's order; None where the bytes are something else. BadImage for a broken tar and for one without any."""
    if data[257:262] != b"ustar":
        return None
    if any(data[-1024:]):  # two empty blocks end every tar; tarfile does not miss them
        raise BadImage(f"{where} is a tar that is cut off")
    budget = Budget(len(data))
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            members = [member for member in tar if budget.member(member)]
    except tarfile.TarError as error:
        raise BadImage(f"{where} is no whole tar: {error}") from error
    told = {m.name.removesuffix(".json") for m in members if m.name.endswith(".json")}
    found = [m for m in members if m.name.lower().endswith(endings())]
    if any(member.name.rpartition(".")[0] in told for member in members if not member.name.endswith(".json")):
        return None
    if not found:
        raise BadImage(f"{where} holds no cipher pictures, no file that ends with {', '.join(endings())}")
    return _bodies(data, where, found)


def _bodies(data: bytes, where: str, members: list[tarfile.TarInfo]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        for member in members:
            try:
                body = tar.extractfile(member)
                whole = b"" if body is None else body.read()
            except (tarfile.TarError, KeyError) as error:
                raise BadImage(f"{where} is no whole tar: {member.name} cannot be read") from error
            yield f"{where}:{member.name}", whole
