"""One shard of cipher images, read, decrypted, checked and written: what each worker of `imveil decrypt` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from imveil.errors import BadDestination, BadImage, ImveilError, Mismatch, StoreProblem, brief
from imveil.keys.key import Key
from imveil.owner.picture import from16, to16
from imveil.owner.run.pool import Stop, Stopped
from imveil.owner.run.progress import Reject
from imveil.owner.shards.sealed_table import Check, Row, checks
from imveil.owner.shards.writing import BATCH_BYTES, part
from imveil.schemes.base import Cipher, Scheme
from imveil.store import png
from imveil.store.containers.base import Opened, Packed
from imveil.store.files import read_bytes, write_file
from imveil.store.manifest import Manifest
from imveil.store.sets import CipherSet
from imveil.store.shards import Line
from imveil.store.tag import Tag

ELSEWHERE = "choose a destination that is empty or does not exist"
PRIVATE, PUBLIC = 0o600, 0o666


class Todo(NamedTuple):
    """One picture to restore: its place in the source, its id, its cipher image, where it goes, what it must be."""

    at: int
    id: str
    cipher: str
    path: str
    row: Row


class Task(NamedTuple):
    """Pictures of one shard."""

    number: int
    pictures: list[Todo]


class Done(NamedTuple):
    """What came of a shard. kept: pictures that were there already."""

    images: int
    kept: int
    bytes: int
    rejects: list[Reject]


class ShardReader:
    """Cipher images by shard and path: as the shard's owner wrote it where its digest fits, else as it is.

    An image that is missing or broken takes no other along, and one of a shard that was altered may still be whole,
    which only the check of its pixels tells. The last shard is kept open.
    """

    def __init__(self, cipher_set: CipherSet) -> None:
        self._set, self._number = cipher_set, -1
        self._opened: Opened | StoreProblem
        self._lines: dict[str, Line] = {}
        self._proven = False

    def read(self, number: int, paths: Sequence[str]) -> Iterator[Packed | StoreProblem]:
        """Images of one shard, in this order; in place of one that cannot be read the reason."""
        self._open(number)
        if isinstance(self._opened, StoreProblem):
            yield from [self._opened] * len(paths)
            return
        yield from self._opened.read([self._lines.get(path, Line(path, "")) for path in paths])

    def proven(self, number: int, path: str) -> bool:
        """Whether a digest that hangs on the manifest speaks for an image."""
        self._open(number)
        return self._proven and path in self._lines

    def _open(self, number: int) -> None:
        if number == self._number:
            return
        home, shard, store = self._set.path, self._set.manifest.shards[number], self._set.container
        self._number, self._lines, self._proven = number, {}, True
        try:
            self._opened = store.open(home, shard)
        except StoreProblem as error:
            self._opened, self._proven = error, False
            try:
                self._opened = store.open(home, shard, believed=False)
            except StoreProblem:
                return
        self._lines = {line.path: Line(line.path, line.sha256) for line in self._opened.lines}


@dataclass(frozen=True)
class DecryptShard:
    """The work, as `pool.run` calls it."""

    key: Key
    source: CipherSet
    scheme: Scheme
    root: Path
    version: int
    public: bool

    @property
    def lossy(self) -> bool:
        """Whether only the digests of files prove images."""
        return self.source.container.lossy

    def __call__(self, task: Task, stop: Stop) -> Done:
        """Decrypt one shard. OSError means that writing failed."""
        check, aside = checks(self.version, self.key), self.root / part(task.number)
        for folder in {(self.root / todo.path).parent for todo in task.pictures}:
            make_folders(folder, self.root, self.public)
        todos, kept, total, images = [], 0, 0, 0
        for todo in task.pictures:
            if stop():
                raise Stopped
            size = self._there(todo, check)
            kept, total = kept + bool(size), total + size
            if not size:
                todos.append(todo)
        rejects: list[Reject] = []
        for group, ciphers, tags in self._groups(task.number, todos, rejects):
            if stop():
                raise Stopped
            nonces = [tag.nonce for tag in tags if tag.nonce is not None]
            try:
                pictures = self.scheme.decrypt(Cipher(np.stack(ciphers), nonces or None, tags[0].size), self.key)
            except ImveilError as error:
                rejects += [_reject(todo, str(error)) for todo in group]
                continue
            for todo, picture in zip(group, pictures, strict=True):
                if not self.lossy and check(todo.id, picture, todo.row.depth, None) != todo.row.mac:
                    rejects.append(_reject(todo, "it decrypts to another picture than was encrypted: it was altered"))
                    continue
                data = as_file(picture, todo.row.depth)
                mode = PUBLIC if self.public else PRIVATE
                write_file(f"{self.root}/{todo.path}", data, aside=aside, mode=mode)
                images, total = images + 1, total + len(data)
        return Done(images + kept, kept, total, rejects)

    def _there(self, todo: Todo, check: Check) -> int:
        """Bytes of the picture if it is there and right, 0 if it is not there; BadDestination if it is another."""
        file = f"{self.root}/{todo.path}"
        if self.lossy or not Path(file).exists():  # what JPEG made of it has no check: it is written again
            return 0
        try:
            data = read_bytes(file)
            image = png.decode(data)[0]
        except BadImage as error:
            raise BadDestination(
                f"{file} is there already, and is no picture of this data set", hint=ELSEWHERE
            ) from error
        pixels, depth = (from16(image), 16) if image.dtype == np.uint16 else (image, 8)
        if check(todo.id, pixels, depth, None) != todo.row.mac:
            raise BadDestination(f"{file} is there already, and is another picture", hint=ELSEWHERE)
        return len(data)

    def _groups(
        self, number: int, todos: list[Todo], rejects: list[Reject]
    ) -> Iterator[tuple[list[Todo], list[Any], list[Tag]]]:
        """Cipher images of equal shape and padding, read and checked; altered ones go to `rejects`."""
        groups: dict[Any, tuple[list[Todo], list[Any], list[Tag]]] = {}
        held = 0
        reader = ShardReader(self.source)
        found = reader.read(number, [todo.cipher for todo in todos]) if todos else iter(())
        for todo, packed in zip(todos, found, strict=True):
            try:
                if isinstance(packed, StoreProblem):
                    raise packed
                image, tag = packed
                check_tag(tag, todo.cipher, self.source.manifest, self.scheme)
                if self.lossy and not reader.proven(number, todo.cipher):
                    raise Mismatch(f"{todo.cipher}: nothing proves it, as the list of its digest was altered")
            except StoreProblem as error:
                rejects.append(_reject(todo, error.message))
                continue
            assert tag is not None
            members = groups.setdefault((image.shape, tag.size), ([], [], []))
            members[0].append(todo)
            members[1].append(image)
            members[2].append(tag)
            held += image.nbytes
            if held >= BATCH_BYTES:
                yield from groups.values()
                groups, held = {}, 0
        yield from groups.values()


def make_folders(folder: Path, root: Path, public: bool) -> None:
    """Make `folder` and those between it and `root`, which only their owner opens unless they are public."""
    if folder != root and not folder.is_dir():
        make_folders(folder.parent, root, public)
        folder.mkdir(mode=0o777 if public else 0o700, exist_ok=True)


def check_tag(tag: Tag | None, path: str, manifest: Manifest, scheme: Scheme) -> None:
    """Raise Mismatch where what an image says of itself is not what its data set says."""
    if tag is None:
        raise Mismatch(f"{path} has no chunk imVl")
    for what, said, want in (
        ("scheme", tag.scheme, manifest.scheme),
        ("fields", dict(tag.fields), dict(manifest.fields)),
        ("key", tag.fingerprint, manifest.fingerprint),
    ):
        if said != want:
            raise Mismatch(f"{path} says {what} {brief(said)}, the data set has {brief(want)}")
    if (tag.nonce is None) == scheme.traits.per_image:
        raise Mismatch(f"{path} has {'no' if tag.nonce is None else 'a'} nonce, against its scheme")


def _reject(todo: Todo, reason: str) -> Reject:
    return Reject(todo.at, todo.id, todo.cipher, reason)


def as_file(picture: Any, depth: int) -> bytes:
    """The PNG file of a picture, of 16 bits where its high bytes lie left of the low ones."""
    return png.encode(to16(picture) if depth == 16 else picture)
