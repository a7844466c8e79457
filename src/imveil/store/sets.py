"""Cipher data sets: open one, believe nothing unread, load its images. What the cloud needs, and no key.

cipher_set = open_set("ciphers/")
train = cipher_set.load("train")        # images (n, h, w, c), labels (n,), names
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage, BadManifest, BadShape, BadShard
from imveil.store import png, shards
from imveil.store.files import read_bytes
from imveil.store.manifest import ALL, Manifest, Shard, read_manifest
from imveil.store.tag import Tag

U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]
T = TypeVar("T")
R = TypeVar("R")


class Entry(NamedTuple):
    """One image of a set: path from the set's folder, SHA-256 of its file, split, label (-1: none)."""

    path: str
    sha256: str
    split: str
    label: int


@dataclass(frozen=True)
class Loaded:
    """Images (n, h, w, c) uint8, labels (n,) int64 (-1: none), names: paths from the set's folder, tags of the files.

    The order is that of the shard lists, which follows from the key: the order of the source is sealed.
    """

    images: U8
    labels: I64
    names: list[str]
    tags: list[Tag | None]


@dataclass(frozen=True)
class CipherSet:
    """A cipher data set in the folder `path`, its manifest read and checked."""

    path: Path
    manifest: Manifest

    def shard(self, shard: Shard) -> list[Entry]:
        """The images of one shard, its list checked against the manifest. Raises BadShard."""
        file = self.path / shard.file
        try:
            data = file.read_bytes()
        except OSError as error:
            raise BadShard(f"{file} cannot be read: {error.strerror or error}", hint=_AGAIN) from error
        _same(file, shard.sha256, hashlib.sha256(data).hexdigest())
        lines = shards.parse(data, str(file))
        if len(lines) != shard.count:
            raise BadShard(f"{file} should list {shard.count} images, it lists {len(lines)}")
        return [self._entry(line) for line in lines]

    def entries(self) -> Iterator[Entry]:
        """All images, shard by shard. Raises BadShard."""
        for shard in self.manifest.shards:
            yield from self.shard(shard)

    def load(self, split: str = ALL) -> Loaded:
        """All images of one split, in memory. Every file's digest is checked.

        Raises BadShard for a missing or altered file, BadShape where sizes differ, BadManifest for an unknown split.
        """
        if split not in self.manifest.splits:
            raise BadManifest(f"{self.path} has no split {split!r}, it has {', '.join(self.manifest.splits)}")
        entries = [entry for entry in self.entries() if entry.split == split]
        tags: list[Tag | None] = []
        images: Any = np.empty((0, 0, 0, 0), np.uint8)
        for i, (image, tag) in enumerate(spread(self.read, entries)):
            if i == 0:
                images = np.empty((len(entries), *image.shape), np.uint8)
            if image.shape != images.shape[1:]:
                first, other = (f"{w}x{h}x{c}" for h, w, c in (images.shape[1:], image.shape))
                raise BadShape(
                    f"images of {split!r} differ in size: {entries[0].path} is {first}, {entries[i].path} is {other}",
                    hint="resize them to one size before encrypting",
                )
            images[i] = image
            tags.append(tag)
        labels = np.fromiter((entry.label for entry in entries), np.int64, len(entries))
        return Loaded(images, labels, [entry.path for entry in entries], tags)

    def read(self, entry: Entry) -> tuple[U8, Tag | None]:
        """One image and its tag. Raises BadShard when its file is missing, altered or no cipher image."""
        file = f"{self.path}/{entry.path}"
        try:
            data = read_bytes(file)
            _same(file, entry.sha256, hashlib.sha256(data).hexdigest())
            image, tag = png.decode(data)
        except BadImage as error:
            raise BadShard(f"{file}: {error.message}", hint=_AGAIN) from error
        if image.dtype != np.uint8:
            raise BadShard(f"{file} has 16 bits a sample, cipher images have 8")
        return image, tag

    def verify(self) -> None:
        """Read every byte: each list and each image against its digest, each shard's size. Raises BadShard."""
        for shard in self.manifest.shards:
            total = sum(spread(self._digested, self.shard(shard)))
            if total != shard.bytes:
                raise BadShard(f"the images of {shard.file} should have {shard.bytes} bytes, they have {total}")

    def check_present(self) -> None:
        """Look, without reading images, whether every shard and image is there and sizes add up. Raises BadShard."""
        for shard in self.manifest.shards:
            total = 0
            for entry in self.shard(shard):
                try:
                    total += Path(f"{self.path}/{entry.path}").stat().st_size
                except OSError as error:
                    file = self.path / entry.path
                    raise BadShard(f"{file} cannot be read: {error.strerror or error}", hint=_AGAIN) from error
            if total != shard.bytes:
                raise BadShard(
                    f"the images of {self.path / shard.file} should have {shard.bytes} bytes, they have {total}",
                    hint=_AGAIN,
                )

    def _digested(self, entry: Entry) -> int:
        file = self.path / entry.path
        try:
            data = read_bytes(file)
        except BadImage as error:
            raise BadShard(error.message, hint=_AGAIN) from error
        _same(file, entry.sha256, hashlib.sha256(data).hexdigest())
        return len(data)

    def _entry(self, line: shards.Line) -> Entry:
        parts = line.path.split("/")
        split = ALL
        if set(self.manifest.splits) != {ALL}:
            split = parts.pop(0)
        if split not in self.manifest.splits:
            raise BadShard(f"{line.path} lies in no split of the manifest")
        label = -1
        if self.manifest.classes and len(parts) > 1:
            label = self._labels.get(parts[0], -1)
            if label < 0:
                raise BadShard(f"{line.path} lies in no class of the manifest")
        return Entry(line.path, line.sha256, split, label)

    @property
    def _labels(self) -> dict[str, int]:
        known: dict[str, int] | None = self.__dict__.get("_known")
        if known is None:
            known = {name: i for i, name in enumerate(self.manifest.classes)}
            self.__dict__["_known"] = known
        return known


def open_set(path: str | Path) -> CipherSet:
    """The cipher data set in the folder `path`. Raises BadManifest."""
    return CipherSet(Path(path), read_manifest(Path(path)))


def read_image(path: str | Path) -> tuple[U8, Tag | None]:
    """One cipher file: its image (h, w, c) uint8 and its tag, None where it has none. Raises BadImage."""
    try:
        image, tag = png.decode(read_bytes(path))
    except BadImage as error:
        raise error if str(path) in error.message else BadImage(f"{path}: {error.message}", hint=error.hint) from error
    if image.dtype != np.uint8:
        raise BadImage(f"{path} has 16 bits a sample, cipher images have 8")
    return image, tag


def spread(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """`map` over a few threads, in order, never far ahead of what is used; reading and hashing let others run."""
    threads = min(8, 2 * len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(threads, thread_name_prefix="imveil-read") as pool:
        batch: list[T] = []
        for item in items:
            batch.append(item)
            if len(batch) == 256:
                yield from pool.map(work, batch)
                batch = []
        yield from pool.map(work, batch)


_AGAIN = "copy the data set again from where it was made"


def _same(file: Path | str, want: str, came: str) -> None:
    if want != came:
        raise BadShard(f"{file} was altered: its SHA-256 should be {want}, it is {came}", hint=_AGAIN)
