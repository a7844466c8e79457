"""Container: how the cipher images of a shard lie on disk. One file in `containers/` each, both ways.

A module of `containers/` holds `CONTAINER`, an instance of a subclass of `Container`; its name is the file's. The
shard file, `imveil-shard-00000.SUFFIX`, is written last: a shard is there when it is. The manifest has its digest, and
whatever lies beside it must hang on that digest too. The same images in the same order give the same bytes. Where a
shard is one file that holds everything, `single.py` has all but the bytes of it.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

from imveil import registry
from imveil.errors import BadImage, BadManifest, BadShard, StoreProblem, UnknownName
from imveil.store import png
from imveil.store.files import read_regular
from imveil.store.manifest import ALL, Shard
from imveil.store.tag import Tag

PACKAGE = "imveil.store.containers"
AGAIN = "copy the data set again from where it was made"


class Packed(NamedTuple):
    """One cipher image (h, w, c) and its tag; the tag is None where a foreign file has none."""

    image: Any
    tag: Tag | None


Held = Mapping[str, Callable[[], Packed]]  # by name, decoded when called, which may raise BadImage


class Listed(Protocol):
    """One image as a shard lists it.

    Attributes
    ----------
    path
        Its name in the data set.
    sha256
        Of the file that holds it.
    """

    @property
    def path(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class About(NamedTuple):
    """What a shard needs to know of its set.

    Attributes
    ----------
    classes
        Names in the order of labels, as the cloud may see them.
    split
        Of all its images where the container keeps splits apart, else None; `ALL` for a set without splits.
    """

    classes: Sequence[str] = ()
    split: str | None = None

    def label(self, path: str) -> int | None:
        """The label of the image at `path`, SPLIT/CLASS/NAME or CLASS/NAME; None where images have none."""
        parts = path.split("/")[self.split not in (None, ALL) :]
        return self.classes.index(parts[0]) if self.classes and len(parts) > 1 else None


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


NOTHING = About()
_PLAIN = re.compile("[A-Za-z0-9_]{1,32}", re.ASCII)


class Container(ABC):
    """One way to store.

    Attributes
    ----------
    suffix
        Of shard files.
    extension
        Of images' names.
    dtypes
        That it can hold.
    by_split
        A shard has images of one split only, whose name is part of the file's, as other programs expect it.
    lossy
        An image comes back with a loss, so that only the digest of its file proves it.
    """

    suffix: ClassVar[str]
    extension: ClassVar[str] = ""
    dtypes: ClassVar[tuple[str, ...]] = ("uint8", "uint16", "float32")
    by_split: ClassVar[bool] = False
    lossy: ClassVar[bool] = False

    def with_options(self, text: str) -> Container:
        """This way with what stands after its name, "NAME:OPTIONS". Raises UnknownName where it has no options."""
        raise UnknownName(f"the container {self.suffix} takes no {text!r}")

    def check(self, channels: int, depth: int) -> None:
        """Raise BadShape for images that cannot be stored so.

        Parameters
        ----------
        depth
            Of the pictures.
        """
        del channels, depth

    @property
    def ending(self) -> str:
        """What names of files that hold cipher images end with."""
        return f".{self.suffix}"

    def file_name(self, number: int, split: str | None = None) -> str:
        """The file of shard `number`, counted from 0.

        >>> find("npz").file_name(3)
        'imveil-shard-00003.npz'
        """
        named = f"-{split}" if split and split != ALL and _PLAIN.fullmatch(split) else ""
        return f"imveil-shard-{number:05}{named}.{self.suffix}"

    def files(self, root: Path, shard: Shard) -> list[tuple[str, str]]:
        """The files of a shard, from the folder of the set, and the SHA-256 of each; its own file is the first.

        Raises BadShard.
        """
        del root
        return [(shard.file, shard.sha256)]

    @abstractmethod
    def recognises(self, data: bytes) -> bool:
        """Whether the bytes of a file open as files with cipher images of this kind do."""

    @abstractmethod
    def unpack(self, data: bytes) -> Held:
        """The images of a file by name, "" for one that has none. Raises BadImage for what is no such file."""

    def images(self, data: bytes) -> dict[str, Packed]:
        """All images of a file, decoded. Raises BadImage."""
        return {path: image() for path, image in self.unpack(data).items()}

    @abstractmethod
    def one(self, name: str, image: Any, tag: Tag) -> bytes:
        """The bytes of a file with this image alone."""

    @abstractmethod
    def writer(self, root: Path, number: int, aside: Path, about: About = NOTHING) -> Writer:
        """A writer for shard `number` of the data set in `root`.

        Parameters
        ----------
        aside
            Where files may be written first.
        """

    @abstractmethod
    def open(self, root: Path, shard: Shard, *, believed: bool = True) -> Opened:
        """Read the file of a shard.

        Parameters
        ----------
        believed
            Whether it must be what the manifest says; else it is opened as it is, and speaks for no image.

        Raises
        ------
        BadShard
            Where it is missing, altered or malformed.
        """

    @abstractmethod
    def verify(self, root: Path, shard: Shard) -> None:
        """Read every byte of a shard. Raises BadShard."""

    @abstractmethod
    def look(self, root: Path, shard: Shard) -> None:
        """See that all files of a shard are there and as long as they should be. Raises BadShard."""


def find(name: str) -> Container:
    """The container `name`, or "NAME:OPTIONS". Raises UnknownName with the nearest names."""
    plain, colon, options = name.partition(":")
    found: Container = registry.load(PACKAGE, plain, "container").CONTAINER
    return found.with_options(options) if colon else found


def of_manifest(name: str) -> Container:
    """The container that a manifest names. Raises BadManifest."""
    try:
        return find(name)
    except UnknownName as error:
        known = ", ".join(registry.files(PACKAGE))
        raise BadManifest(f"the data set is stored as {name!r}, this imveil reads {known}") from error


def every() -> list[Container]:
    """All containers, in alphabetical order of their names."""
    return [find(name) for name in registry.files(PACKAGE)]


def cipher_png(data: bytes) -> Packed:
    """The cipher image of a PNG. Raises BadImage, for one of 16 bits too."""
    image, tag = png.decode(data)
    if image.dtype != "uint8":
        raise BadImage("the image has 16 bits a sample, cipher images in PNGs have 8")
    return Packed(image, tag)


def shard_bytes(root: Path, shard: Shard, most: int, believed: bool = True) -> bytes:
    """The bytes of a shard's file, at most `most`, its digest checked where it is believed. Raises BadShard."""
    file = root / shard.file
    try:
        data = read_regular(file, most)
    except OSError as error:
        raise missing(file, error) from error
    if believed:
        same(file, shard.sha256, hashlib.sha256(data).hexdigest())
    return data


def same(file: Path | str, want: str, came: str) -> None:
    """Raise BadShard where two digests differ."""
    if want != came:
        raise BadShard(f"{file} was altered: its SHA-256 should be {want}, it is {came}", hint=AGAIN)


def missing(file: Path, error: OSError) -> BadShard:
    """The error for a file that cannot be read."""
    return BadShard(f"{file} cannot be read: {error.strerror or error}", hint=AGAIN)
