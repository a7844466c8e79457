"""Files: a file for each cipher image, in folders by split and class; the shard file lists them with their digests.

A subclass has what turns an image into a file and back.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from imveil.errors import BadImage, BadShard, StoreProblem
from imveil.store import shards
from imveil.store.containers.base import (
    AGAIN,
    NOTHING,
    About,
    Container,
    Held,
    Listed,
    Opened,
    Packed,
    Writer,
    missing,
    same,
    shard_bytes,
)
from imveil.store.files import read_regular, write_file
from imveil.store.manifest import Shard
from imveil.store.spread import spread
from imveil.store.tag import Tag


class Files(Container):
    """Image files beside lists that `sha256sum -c` reads."""

    suffix = "sha256"
    dtypes = ("uint8",)

    @abstractmethod
    def pieces(self, image: Any, tag: Tag) -> Sequence[bytes]:
        """The file of one image, in pieces one after the other."""

    @abstractmethod
    def decode(self, data: bytes) -> Packed:
        """The image of a file. Raises BadImage."""

    @property
    def ending(self) -> str:
        """Of the images; a list holds none."""
        return self.extension

    def files(self, root: Path, shard: Shard) -> list[tuple[str, str]]:
        """The list, and the image of each of its lines."""
        return [(shard.file, shard.sha256), *((line.path, line.sha256) for line in self.open(root, shard).lines)]

    def unpack(self, data: bytes) -> Held:
        """The one image of a file."""
        return {"": partial(self.decode, data)}

    def one(self, name: str, image: Any, tag: Tag) -> bytes:
        """The file of the image, which holds no name."""
        del name
        return b"".join(self.pieces(image, tag))

    def writer(self, root: Path, number: int, aside: Path, about: About = NOTHING) -> Writer:
        """Each image is written when it comes."""
        del about
        return _Writer(self, root, self.file_name(number), aside)

    def open(self, root: Path, shard: Shard, *, believed: bool = True) -> Opened:
        """The list; images are read and checked one by one. An image that a list does not name is read unchecked where
        the list is not believed."""
        try:
            data = shard_bytes(root, shard, shards.LONGEST * (1 + shard.count), believed)
            lines = shards.parse(data, str(root / shard.file))
        except BadShard:
            if believed:
                raise
            lines = []
        if believed and len(lines) != shard.count:
            raise BadShard(f"{root / shard.file} should list {shard.count} images, it lists {len(lines)}")
        return _Opened(self, root, lines, shard.bytes)

    def verify(self, root: Path, shard: Shard) -> None:
        """Every image against its digest, their size in all against the manifest."""
        opened = self.open(root, shard)
        total = sum(spread(lambda line: len(_bytes(root, line, shard.bytes)), opened.lines))
        if total != shard.bytes:
            raise BadShard(f"the images of {shard.file} should have {shard.bytes} bytes, they have {total}")

    def look(self, root: Path, shard: Shard) -> None:
        """The list against its digest, sizes of files."""
        total = 0
        for line in self.open(root, shard).lines:
            try:
                total += Path(f"{root}/{line.path}").lstat().st_size
            except OSError as error:
                raise missing(root / line.path, error) from error
        if total != shard.bytes:
            raise BadShard(
                f"the images of {root / shard.file} should have {shard.bytes} bytes, they have {total}", hint=AGAIN
            )


@dataclass
class _Writer(Writer):
    container: Files
    root: Path
    file: str
    aside: Path
    digests: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    total: int = 0

    def add(self, path: str, image: Any, tag: Tag) -> None:
        pieces, parent = self.container.pieces(image, tag), path.rpartition("/")[0]
        if parent not in self.folders:
            (self.root / parent).mkdir(parents=True, exist_ok=True)
            self.folders.add(parent)
        # Paths of images are texts: joining Path objects would cost more than encrypting.
        write_file(f"{self.root}/{path}", pieces, aside=self.aside)
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
            self.total += len(piece)
        self.digests[path] = digest.hexdigest()

    def drop(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    def close(self, paths: Sequence[str]) -> tuple[Shard, bytes]:
        data = shards.dump([shards.Line(path, self.digests[path]) for path in paths])
        digest = hashlib.sha256(data).hexdigest()
        return Shard(file=self.file, count=len(paths), bytes=self.total, sha256=digest), data


@dataclass
class _Opened(Opened):
    container: Files
    root: Path
    lines: Sequence[Listed]
    most: int

    def read(self, lines: Sequence[Listed]) -> Iterator[Packed | StoreProblem]:
        yield from spread(self._one, lines)

    def _one(self, line: Listed) -> Packed | StoreProblem:
        try:
            return self.container.decode(_bytes(self.root, line, self.most))
        except StoreProblem as error:
            return error
        except BadImage as error:
            return BadShard(f"{self.root / line.path}: {error.message}", hint=AGAIN)


def _bytes(root: Path, line: Listed, most: int) -> bytes:
    file = f"{root}/{line.path}"
    try:
        data = read_regular(file, most)
    except OSError as error:
        raise missing(Path(file), error) from error
    if line.sha256:
        same(file, line.sha256, hashlib.sha256(data).hexdigest())
    return data
