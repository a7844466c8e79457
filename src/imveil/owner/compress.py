"""Pictures into encrypted, compressed files and back, one file or a folder of them (`imveil.schemes.hybrid.format`).

A compressed picture is NAME.imvz, its name unchanged. Each file is there whole or not at all.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from imveil.errors import BadDestination, BadImage, BadSource
from imveil.keys.key import Key
from imveil.owner.picture import SUFFIXES, read_picture
from imveil.owner.run.progress import cannot_write
from imveil.owner.shards.reading import as_file
from imveil.schemes.hybrid.format import Parts, compress_parts, expand
from imveil.store.files import read_bytes, write_file

SUFFIX = ".imvz"


class Task(NamedTuple):
    """One picture: where it is, and where it goes."""

    source: Path
    destination: Path


def plan(source: Path, destination: Path, *, expanding: bool = False) -> list[Task]:
    """What is to be done for a file or a folder. Raises BadSource, BadDestination; writes nothing."""
    if not source.is_dir():
        if not source.exists():
            raise BadSource(f"a picture or a folder was needed, {source} is not there")
        if destination.exists():
            raise BadDestination(f"{destination} exists already", hint="choose another name")
        if not destination.parent.is_dir():
            raise BadDestination(f"{destination.parent} is no folder", hint="make it first")
        return [Task(source, destination)]
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise BadDestination(f"{destination} has something in it", hint="choose a new or empty folder")
    ends = (SUFFIX,) if expanding else SUFFIXES
    found = [Path(top) / name for top, _, names in os.walk(source) for name in names if name.lower().endswith(ends)]
    if not found:
        raise BadSource(f"{source} holds no file that ends with {', '.join(ends)}")
    tasks = [Task(path, destination / _renamed(path.relative_to(source), expanding)) for path in sorted(found)]
    if len({task.destination for task in tasks}) < len(tasks):
        raise BadDestination(f"two files of {source} would get one name in {destination}", hint="rename one of them")
    return tasks


def compress_file(task: Task, key: Key, k: int, coder: str) -> Parts:
    """One picture into one file; how long it was after each stage. Raises BadImage, BadField, BadDestination."""
    picture = read_picture(task.source)
    if picture.depth != 8:
        raise BadImage(f"{task.source}: pictures of 8 bits are compressed, this one has {picture.depth}")
    data, parts = compress_parts(picture.pixels, key, k=k, coder=coder)
    _write(task.destination, data)
    return parts


def expand_file(task: Task, key: Key) -> None:
    """One compressed file into one PNG. Raises BadImage with the path, WrongKey, BadDestination."""
    try:
        image = expand(read_bytes(task.source), key)
    except BadImage as error:
        named = error.message if str(task.source) in error.message else f"{task.source}: {error.message}"
        raise BadImage(named, hint=error.hint) from error
    if image.shape[2] > 4:
        raise BadImage(f"{task.source}: a PNG holds up to 4 channels, this picture has {image.shape[2]}")
    _write(task.destination, as_file(image, 8))


def _renamed(name: Path, expanding: bool) -> Path:
    if not expanding:
        return name.with_name(name.name + SUFFIX)
    stem = name.with_name(name.name[: -len(SUFFIX)])
    return stem if stem.suffix.lower() == ".png" else stem.with_name(stem.name + ".png")


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data)
    except OSError as error:
        raise cannot_write(path, error) from error
