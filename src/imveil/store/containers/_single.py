"""Single: what all containers have in common whose shards are one file each. A subclass has the bytes of that file."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from imveil.errors import BadImage, BadShard, StoreProblem
from imveil.store.budget import FREE
from imveil.store.containers.base import AGAIN, NOTHING, About, Container, Held, Listed, Opened, Packed, Writer, missing
from imveil.store.containers.base import shard_bytes as checked_bytes
from imveil.store.manifest import Shard
from imveil.store.tag import Tag

Items = Sequence[tuple[str, Any, Tag]]  # path in the data set, image (h, w, c), tag


class Single(Container):
    """One file a shard."""

    @abstractmethod
    def pack(self, items: Items, about: About = NOTHING, number: int = 0) -> bytes:
        """The bytes of a file with these images, in this order.

        Parameters
        ----------
        number
            Of the shard.
        """

    def one(self, name: str, image: Any, tag: Tag) -> bytes:
        """A file of one image."""
        return self.pack([(name, image, tag)])

    def writer(self, root: Path, number: int, aside: Path, about: About = NOTHING) -> Writer:
        """Images are kept until the shard is closed."""
        del root, aside
        return _Writer(self, number, about)

    def open(self, root: Path, shard: Shard, *, believed: bool = True) -> Opened:
        """The whole file, in memory."""
        data = checked_bytes(root, shard, shard.bytes if believed else 2 * shard.bytes + FREE, believed)
        try:
            found = self.unpack(data)
        except BadImage as error:
            raise BadShard(f"{root / shard.file}: {error.message}", hint=AGAIN) from error
        if believed and len(found) != shard.count:
            raise BadShard(f"{root / shard.file} should hold {shard.count} images, it holds {len(found)}")
        return _Opened(root / shard.file, [_Line(path, shard.sha256) for path in found], found)

    def verify(self, root: Path, shard: Shard) -> None:
        """The file against its digest, and that it can be read."""
        self.open(root, shard)
        self.look(root, shard)

    def look(self, root: Path, shard: Shard) -> None:
        """The length of the file."""
        file = root / shard.file
        try:
            size = file.lstat().st_size
        except OSError as error:
            raise missing(file, error) from error
        if size != shard.bytes:
            raise BadShard(f"{file} should have {shard.bytes} bytes, it has {size}", hint=AGAIN)


def check_paths(paths: Sequence[str]) -> None:
    """Raise BadImage for names of images that are empty, come twice, or would lead out of a folder."""
    if len(set(paths)) != len(paths) or "" in paths:
        raise BadImage("the file holds names that are empty or come twice")
    if any(path.startswith("/") or "\0" in path or {"", ".", ".."} & set(path.split("/")) for path in paths):
        raise BadImage("the file holds names that lead astray")


class _Line(NamedTuple):
    path: str
    sha256: str


@dataclass
class _Writer(Writer):
    container: Single
    number: int
    about: About
    held: dict[str, tuple[Any, Tag]] = field(default_factory=dict)

    def add(self, path: str, image: Any, tag: Tag) -> None:
        self.held[path] = image, tag

    def drop(self, path: str) -> None:
        del path

    def close(self, paths: Sequence[str]) -> tuple[Shard, bytes]:
        data = self.container.pack([(path, *self.held[path]) for path in paths], self.about, self.number)
        file, digest = self.container.file_name(self.number, self.about.split), hashlib.sha256(data).hexdigest()
        return Shard(file=file, count=len(paths), bytes=len(data), sha256=digest), data


@dataclass
class _Opened(Opened):
    file: Path
    lines: Sequence[Listed]
    found: Held

    def read(self, lines: Sequence[Listed]) -> Iterator[Packed | StoreProblem]:
        for line in lines:
            image = self.found.get(line.path)
            if image is None:
                yield BadShard(f"{self.file}: {line.path} is missing", hint=AGAIN)
                continue
            try:
                yield image()
            except BadImage as error:
                yield BadShard(f"{self.file}: {line.path}: {error.message}", hint=AGAIN)
