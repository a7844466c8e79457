"""Cipher data sets: open one, believe nothing unread, load its images. What the cloud needs, and no key.

cipher_set = open_set("ciphers/")
train = cipher_set.load("train")        # images (n, h, w, c), labels (n,), names
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage, BadManifest, BadShape, BadShard, StoreProblem
from imveil.store.containers import base
from imveil.store.containers.base import Container, Held, Listed, Opened, Packed
from imveil.store.files import read_bytes
from imveil.store.manifest import ALL, Manifest, Shard, read_manifest
from imveil.store.tag import Tag

I64 = npt.NDArray[np.int64]


class Entry(NamedTuple):
    """One image of a set: its path in the set, SHA-256 of the file that holds it, split, label (-1: none)."""

    path: str
    sha256: str
    split: str
    label: int


@dataclass(frozen=True)
class Loaded:
    """Images (n, h, w, c), labels (n,) int64 (-1: none), names: paths in the set, tags of the images.

    Images are uint8, or what the scheme gives: uint16, float32. The order is that of the shards, which follows from the
    key: the order of the source is sealed.
    """

    images: Any
    labels: I64
    names: list[str]
    tags: list[Tag | None]


@dataclass(frozen=True)
class CipherSet:
    """A cipher data set in the folder `path`, its manifest read and checked."""

    path: Path
    manifest: Manifest

    @cached_property
    def container(self) -> Container:
        """How the images lie on disk. Raises BadManifest for a way that this imveil does not know."""
        return base.of_manifest(self.manifest.container)

    def shard(self, shard: Shard) -> list[Entry]:
        """The images of one shard, its file checked against the manifest. Raises BadShard."""
        return [self._entry(line) for line in self.container.open(self.path, shard).lines]

    def opened(self, number: int) -> Opened:
        """Shard `number`, counted from 0. Raises BadShard."""
        return self.container.open(self.path, self.manifest.shards[number])

    def entries_of(self, number: int) -> list[Entry]:
        """The images of shard `number`. Raises BadShard."""
        return self.shard(self.manifest.shards[number])

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
        count = self.manifest.splits[split]
        images: Any = np.empty((0, 0, 0, 0), np.uint8)
        entries: list[Entry] = []
        tags: list[Tag | None] = []
        for shard in self.manifest.shards:
            opened = self.container.open(self.path, shard)
            chosen = [entry for entry in map(self._entry, opened.lines) if entry.split == split]
            if len(entries) + len(chosen) > count:
                raise BadShard(f"{self.path} has more images in {split!r} than its manifest says, {count}")
            for entry, found in zip(chosen, opened.read(chosen), strict=True):
                if isinstance(found, StoreProblem):
                    raise found
                if not entries:
                    images = np.empty((count, *found.image.shape), found.image.dtype)
                entries.append(entry)
                tags.append(found.tag)
                self._same_kind(images, found.image, split, entries)
                images[len(entries) - 1] = found.image
        if len(entries) != count:
            raise BadShard(f"{self.path} has {len(entries)} images in {split!r}, its manifest says {count}")
        labels = np.fromiter((entry.label for entry in entries), np.int64, len(entries))
        return Loaded(images, labels, [entry.path for entry in entries], tags)

    def read(self, shard: Shard, entries: Sequence[Entry]) -> Iterator[Packed | StoreProblem]:
        """These images of one shard, in this order; in place of one that is missing or altered the reason.

        Raises BadShard where the shard's own file is missing or altered.
        """
        return self.container.open(self.path, shard).read(entries)

    def verify(self) -> None:
        """Read every byte: each shard and each image against its digest, each shard's size. Raises BadShard."""
        for shard in self.manifest.shards:
            self.container.verify(self.path, shard)

    def check_present(self) -> None:
        """Look, without reading images, whether every shard and image is there and sizes add up. Raises BadShard."""
        for shard in self.manifest.shards:
            self.container.look(self.path, shard)

    def _same_kind(self, images: Any, image: Any, split: str, entries: list[Entry]) -> None:
        if image.shape != images.shape[1:]:
            first, other = (f"{h}x{w}x{c}" for h, w, c in (images.shape[1:], image.shape))
            same_size = image.shape[:2] == images.shape[1:3]
            what, option = ("channels", "--channels rgb or grey") if same_size else ("size", "--resize and --crop")
            raise BadShape(
                f"images of {split!r} differ in {what}: {entries[0].path} is {first} (height x width x channels), "
                f"{entries[-1].path} is {other}",
                hint=f"encrypt them again with {option}, which makes them alike",
            )
        if image.dtype != images.dtype:
            raise BadShard(f"{entries[-1].path} is {image.dtype}, images before it are {images.dtype}")

    def _entry(self, line: Listed) -> Entry:
        parts = line.path.split("/")
        split = parts.pop(0) if self._has_splits else ALL
        if split not in self.manifest.splits:
            raise BadShard(f"{line.path} lies in no split of the manifest")
        label = -1
        if self.manifest.classes and len(parts) > 1:
            label = self._labels.get(parts[0], -1)
            if label < 0:
                raise BadShard(f"{line.path} lies in no class of the manifest")
        return Entry(line.path, line.sha256, split, label)

    @cached_property
    def _has_splits(self) -> bool:
        return set(self.manifest.splits) != {ALL}

    @cached_property
    def _labels(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.manifest.classes)}


def open_set(path: str | Path) -> CipherSet:
    """The cipher data set in the folder `path`. Raises BadManifest."""
    return CipherSet(Path(path), read_manifest(Path(path)))


def read_image(path: str | Path) -> tuple[Any, Tag | None]:
    """The cipher image of one file, (h, w, c), and its tag, None where it has none. Raises BadImage."""
    return one_image(read_bytes(path), str(path))


def read_images(path: str | Path) -> dict[str, Packed]:
    """The cipher images of one file, a PNG or a shard of any container, by name. Raises BadImage.

    An image alone is called as its file, one of many "FILE:NAME".
    """
    found: dict[str, Packed] = {}
    for name, image in images_in(read_bytes(path), str(path)):
        if isinstance(image, BadImage):
            raise image
        found[name] = image
    return found


def images_in(data: bytes, where: str) -> Iterator[tuple[str, Packed | BadImage]]:
    """The cipher images of a file that is called `where`, one after the other, named as by `read_images`; in place of
    one that is broken the reason. Raises BadImage for a file that holds none."""
    held = _held(data, where)
    for name, image in held.items():
        named = where if len(held) == 1 else f"{where}:{name}"
        try:
            yield named, image()
        except BadImage as error:
            yield named, _named(error, named)


def recognised(data: bytes) -> bool:
    """Whether the first bytes of a file are those of a PNG or of a shard of any container."""
    return any(store.recognises(data) for store in base.every())


def lossy(path: str | Path) -> bool:
    """Whether a file holds cipher images with a loss, so that pictures come back with it. Raises BadImage."""
    head = read_bytes(path)[:16]
    return any(store.lossy and store.recognises(head) for store in base.every())


def endings() -> tuple[str, ...]:
    """What names of files end with that may hold cipher images, in lower case."""
    return tuple(store.ending for store in base.every())


def one_image(data: bytes, where: str) -> Packed:
    """The only cipher image in the bytes of a file. `where` names it in errors. Raises BadImage."""
    held = _held(data, where)
    if len(held) != 1:
        raise BadImage(f"{where} holds {len(held)} cipher images, one was needed")
    try:
        return next(iter(held.values()))()
    except BadImage as error:
        raise _named(error, where) from error


def _held(data: bytes, where: str) -> Held:
    try:
        for store in base.every():
            if store.recognises(data):
                return store.unpack(data)
        return {"": partial(base.cipher_png, data)}  # it says what is wrong with it
    except BadImage as error:
        raise _named(error, where) from error


def _named(error: BadImage, where: str) -> BadImage:
    return BadImage(f"{where}: {error.message}", hint=error.hint)
