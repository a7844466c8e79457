"""WebDataset tars as a source: KEY.jpg beside KEY.cls, splits by file names. Members are read where they lie.

A picture is a member with a picture's suffix, or .npy of uint8 or uint16. KEY.cls holds a label, in digits or words;
where no sample has one, `label` of KEY.json is taken. Other members are passed over.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from imveil.errors import BadImage, BadSource
from imveil.owner.picture import MOST_PIXELS, SUFFIXES, UNREAD, Picture, of_array, read_picture
from imveil.owner.sources import _splits
from imveil.owner.sources._walk import walk
from imveil.owner.sources.base import Item, Source
from imveil.store.budget import Budget

_TEXT = 1 << 20  # bytes of a label or .json member, at most


class _Place(NamedTuple):
    file: int
    offset: int
    size: int
    ending: str


class WebDatasetSource(Source):
    """The pictures of one .tar file, or of all under a folder. Opening reads every header, and labels.

    Pictures are called by their key and suffix. Raises BadSource; tars that are compressed as a whole are refused, as
    nothing in them can be found without unpacking all before it.
    """

    def __init__(self, path: Path | str, *, most_pixels: int = MOST_PIXELS, follow_links: bool = False) -> None:
        self.path = self.place = Path(path)
        self.spec, self.notes, self.most_pixels = str(path), [], most_pixels
        names, left_out = [self.path.name], list[str]()
        if self.path.is_dir():
            there = walk(self.path, follow_links)
            names = [name for name in there.files if name.lower().endswith(".tar")]
            left_out = there.left_out
        files = [self.path / name for name in names] if self.path.is_dir() else [self.path]
        if not files:
            raise BadSource(f"{path} holds no .tar files")
        found = _splits.of_files(names, str(path))
        order = sorted(range(len(files)), key=lambda i: (_splits.rank(found[i] or ""), names[i]))
        self._files = [files[i] for i in order]
        self._places: list[_Place] = []
        self._others = 0
        self._lost = left_out
        rows: list[tuple[str | None, object, object, str]] = []
        for number, i in enumerate(order):
            try:
                self._look(number, found[i], rows)
            except (tarfile.TarError, OSError, EOFError, ValueError) as error:
                raise BadSource(
                    f"{files[i]} is no tar that can be read: {error}", hint="compressed tars are to be unpacked first"
                ) from error
        self.left_out = self._lost
        if not rows:
            raise BadSource(f"{path} holds no pictures, only {self._others} other members")
        if self._others:
            self.notes.append(f"members of {path} that are no pictures or labels, passed over: {self._others}")
        told = [of for _, of, _, _ in rows]
        if all(of is None for of in told):
            told = [of for _, _, of, _ in rows]
        if all(of is None for of in told):
            rows, told = _by_folders(rows)
        self.classes, labels = _splits.classes(told, str(path))
        self.notes += _splits.without_label(labels, [row[0] for row in rows])
        places = [place.file for place in self._places]
        self.items = _named(rows, labels, places, [names[i].removesuffix(".tar") for i in order])

    def read(self, i: int) -> Picture:
        """Picture i, decoded. Raises BadImage with its name."""
        place = self._places[i]
        name = f"{self._files[place.file]}: {self.items[i].name}"
        try:
            with open(self._files[place.file], "rb", buffering=0) as file:
                data = os.pread(file.fileno(), place.size, place.offset)
        except OSError as error:
            raise BadImage(f"{name}: it cannot be read: {error.strerror or error}") from error
        if len(data) != place.size:
            raise BadImage(f"{name}: the tar has become shorter")
        try:
            return _array(data) if place.ending == ".npy" else read_picture(data, most_pixels=self.most_pixels)
        except BadImage as error:
            raise BadImage(f"{name}: {error.message}", hint=error.hint) from error

    def _look(self, number: int, split: str | None, rows: list[tuple[str | None, object, object, str]]) -> None:
        """Note where the pictures of one tar lie, and what stands beside them."""
        samples: dict[str, dict[str, tarfile.TarInfo]] = {}
        texts: dict[str, dict[str, bytes]] = {}
        with tarfile.open(self._files[number], "r:") as tar:
            for member in tar:
                folder, _, name = member.name.rpartition("/")
                stem, dot, ending = name.partition(".")
                key = f"{folder}/{stem}" if folder else stem
                ending = (dot + ending).lower()
                pictured = "." + ending.rpartition(".")[2] in (*SUFFIXES, *UNREAD, ".npy")
                if not member.isfile() or not stem or member.issparse():
                    if pictured and not member.isdir() and not name.startswith("."):
                        kind = "a link" if member.issym() or member.islnk() else "no plain file"
                        self._lost.append(f"{self._files[number]}: {member.name} is {kind}")
                    self._others += not member.isdir()
                    continue
                if ending in (".cls", ".json") and member.size <= _TEXT:
                    body = tar.extractfile(member)
                    texts.setdefault(key, {})[ending] = body.read() if body else b""
                elif pictured:
                    if ending in samples.setdefault(key, {}):
                        raise ValueError(f"{member.name} comes twice")
                    samples[key][ending] = member
                else:
                    self._others += 1
        for key, pictures in samples.items():
            beside = texts.get(key, {})
            for ending, member in pictures.items():
                self._places.append(_Place(number, member.offset_data, member.size, ending))
                rows.append((split, _word(beside.get(".cls")), _field(beside.get(".json")), _inside(key + ending)))


def _word(text: bytes | None) -> str | None:
    return None if text is None else text.decode("utf-8", "surrogateescape").strip()


def _field(text: bytes | None) -> object:
    """What a .json member says of the label, if anything."""
    try:
        found = Budget(len(text)).json(text) if text else None
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return found.get("label") if isinstance(found, dict) else None


_Rows = list[tuple[str | None, object, object, str]]


def _by_folders(rows: _Rows) -> tuple[_Rows, list[object]]:
    """Split and class from the folders of members, where all have some; folders that all share say nothing."""
    folders = [row[3].split("/")[:-1] for row in rows]
    if not all(folders):
        return rows, [None] * len(rows)
    while len({parts[0] for parts in folders}) == 1 and all(len(parts) > 1 for parts in folders):
        folders = [parts[1:] for parts in folders]
    splits = [parts[0] if parts[0].lower() in _splits.SPLITS else None for parts in folders]
    if all(split is not None for split in splits) and all(row[0] is None for row in rows):
        rest = [parts[1:] for parts in folders]
        if not all(rest):
            return [(split, *row[1:]) for split, row in zip(splits, rows, strict=True)], [None] * len(rows)
        rows, folders = [(split, *row[1:]) for split, row in zip(splits, rows, strict=True)], rest
    if len({parts[0] for parts in folders}) < 2:
        return rows, [None] * len(rows)
    names = [row[3].rpartition("/")[2] if len(parts) == 1 else row[3] for row, parts in zip(rows, folders, strict=True)]
    return [(*row[:3], name) for row, name in zip(rows, names, strict=True)], [parts[0] for parts in folders]


def _named(rows: _Rows, labels: list[int | None], files: list[int], tars: list[str]) -> list[Item]:
    """The items; where a key comes again in another tar, all names begin with that of their tar."""
    items = [Item(split, of, name) for (split, _, _, name), of in zip(rows, labels, strict=True)]
    if len(set(items)) == len(items):
        return items
    return [item._replace(name=f"{tars[file]}/{item.name}") for item, file in zip(items, files, strict=True)]


def _inside(name: str) -> str:
    """A member's name without parts that lead nowhere or elsewhere."""
    return "/".join(part for part in name.split("/") if part not in ("", ".", ".."))


def _array(data: bytes) -> Picture:
    try:
        array: Any = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # numpy's errors are of many kinds; to the caller all mean the same
        raise BadImage(f"the array is broken: {error}") from error
    return of_array(array)
