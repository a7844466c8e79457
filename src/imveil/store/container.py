"""Container: how the cipher images of a shard lie on disk. One file in `containers/` each, both ways.

A module of `containers/` holds `CONTAINER`, an instance of a subclass of `Container`; its name is the file's. The
shard file, `imveil-shard-00000.SUFFIX`, is written last: a shard is there when it is. The manifest has its digest, and
whatever lies beside it must hang on that digest too. The same images in the same order give the same bytes.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

from imveil import registry
from imveil.errors import BadManifest, BadShard, StoreProblem, UnknownName
from imveil.store.manifest import Shard
from imveil.store.tag import Tag

PACKAGE = "imveil.store.containers"
AGAIN = "copy the data set again from where it was made"


class Packed(NamedTuple):
    """One cipher image (h, w, c) and its tag; the tag is None where a foreign file has none."""

    image: Any
    tag: Tag | None


class Listed(Protocol):
    """One image as a shard lists it. path: its name in the data set; sha256: of the file that holds it."""

    @property
    def path(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class Writer(ABC):
    """Takes the images of one shard as they come."""

    @abstractmethod
    def add(self, path: str, image: Any, tag: Tag) -> None:
        """Write or keep one image."""

    @abstractmethod
    def drop(self, path: str) -> None:
        """Take away what an earlier run may have written of an image that is left out now."""

    @abstractmethod
    def close(self, paths: Sequence[str]) -> tuple[Shard, bytes]:
        """Facts and bytes of the shard file, which lists `paths` in this order. The caller writes it."""


class Opened(ABC):
    """One shard, its file read and its digest right. lines: what it lists, in order."""

    lines: Sequence[Listed]

    @abstractmethod
    def read(self, lines: Sequence[Listed]) -> Iterator[Packed | StoreProblem]:
        """These images, in this order; in place of one that is missing or altered the reason."""


class Container(ABC):
    """One way to store. suffix: of shard files; extension: of images' names; dtypes: that it can hold."""

    suffix: ClassVar[str]
    extension: ClassVar[str] = ""
    dtypes: ClassVar[tuple[str, ...]] = ("uint8", "uint16", "float32")

    def file_name(self, number: int) -> str:
        """The file of shard `number`, counted from 0."""
        return f"imveil-shard-{number:05}.{self.suffix}"

    @abstractmethod
    def writer(self, root: Path, number: int, aside: Path) -> Writer:
        """A writer for shard `number` of the data set in `root`. aside: where files may be written first."""

    @abstractmethod
    def open(self, root: Path, shard: Shard) -> Opened:
        """Read the file of a shard. Raises BadShard where it is missing, altered or malformed."""

    @abstractmethod
    def verify(self, root: Path, shard: Shard) -> None:
        """Read every byte of a shard. Raises BadShard."""

    @abstractmethod
    def look(self, root: Path, shard: Shard) -> None:
        """See that all files of a shard are there and as long as they should be. Raises BadShard."""


def find(name: str) -> Container:
    """The container `name`. Raises UnknownName with the nearest names."""
    found: Container = registry.load(PACKAGE, name, "container").CONTAINER
    return found


def of_manifest(name: str) -> Container:
    """The container that a manifest names. Raises BadManifest."""
    try:
        return find(name)
    except UnknownName as error:
        known = ", ".join(registry.files(PACKAGE))
        raise BadManifest(f"the data set is stored as {name!r}, this imveil reads {known}") from error


def shard_bytes(root: Path, shard: Shard) -> bytes:
    """The bytes of a shard's file, its digest checked. Raises BadShard."""
    file = root / shard.file
    try:
        data = file.read_bytes()
    except OSError as error:
        raise missing(file, error) from error
    same(file, shard.sha256, hashlib.sha256(data).hexdigest())
    return data


def same(file: Path | str, want: str, came: str) -> None:
    """Raise BadShard where two digests differ."""
    if want != came:
        raise BadShard(f"{file} was altered: its SHA-256 should be {want}, it is {came}", hint=AGAIN)


def missing(file: Path, error: OSError) -> BadShard:
    """The error for a file that cannot be read."""
    return BadShard(f"{file} cannot be read: {error.strerror or error}", hint=AGAIN)
