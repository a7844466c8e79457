"""Names: where each picture goes, in the cipher data set and out of it again. Rules only, no files.

A cipher image is named by the key: nobody without it learns the picture's name, or its place in the source. The same
rules give the names of decrypted pictures. docs/spec/png.md has them in words.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from imveil.errors import BadSource
from imveil.keys.key import Key
from imveil.store.manifest import ALL, FILE, NAMES

_NOWHERE = frozenset({"", ".", ".."})


class Named(Protocol):
    """What a source says of one picture: split and label may be None, name is a posix path under its class folder."""

    @property
    def split(self) -> str | None: ...
    @property
    def label(self) -> int | None: ...
    @property
    def name(self) -> str: ...


def folder(item: Named, classes: Sequence[str]) -> str:
    """The folder of an item, with a slash at its end where it has one: "train/cat/", "cat/", "train/" or "".

    Raises BadSource for a split, class or name that is no path within the data set.
    """
    label = item.label if classes else None
    if label is not None and not 0 <= label < len(classes):
        raise BadSource(f"{item.name!r} has label {label}, the classes are 0..{len(classes) - 1}")
    if item.split == ALL:  # in a manifest it means that there are no splits
        raise BadSource(f"a split cannot be called {ALL!r}", hint="rename it")
    parts = [*([item.split] if item.split else []), *([classes[label]] if label is not None else [])]
    for part in parts:
        if "/" in part or "\\" in part or part.startswith(("imveil.", "imveil-")):
            raise BadSource(f"{part!r} cannot be a folder's name", hint="rename that split or class")
    path = "/".join([*parts, item.name])
    if "\0" in path or not _NOWHERE.isdisjoint(path.split("/")):
        raise BadSource(f"{path!r} is no name of a picture in a data set")
    return path[: len(path) - len(item.name)]


def ids(items: Sequence[Named], classes: Sequence[str]) -> list[str]:
    """What each picture is called in its data set, "train/cat/00012.png". Raises BadSource where one comes twice."""
    found = [folder(item, classes) + item.name for item in items]
    if len(set(found)) != len(found):
        twice = Counter(found).most_common(1)[0][0]
        raise BadSource(f"two pictures are called {twice!r}", hint="names must be unique in a split and class")
    return found


def as_png(names: Sequence[str]) -> list[str]:
    """Each path with its extension replaced by .png; where that gives a path twice, the full name and .png.

    >>> as_png(["a.jpg", "b.jpg", "b.bmp", "c"])
    ['a.png', 'b.jpg.png', 'b.bmp.png', 'c.png']
    """
    short = [_stem(name) + ".png" for name in names]
    full = [name + ".png" for name in names]
    lengthened: set[int] = set()
    while True:  # a full name may collide with a short one, which then becomes full too; full names never collide
        chosen = [full[i] if i in lengthened else short[i] for i in range(len(names))]
        count = Counter(chosen)
        again = {i for i, name in enumerate(chosen) if count[name] > 1} - lengthened
        if not again:
            return chosen
        lengthened |= again


def _stem(path: str) -> str:
    head, _, name = path.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{head}/{stem}" if head and dot and stem else stem if dot and stem else path


def cipher_paths(
    items: Sequence[Named],
    classes: Sequence[str],
    key: Key,
    keep_names: bool,
    extension: str = ".png",
    shown: tuple[Sequence[Named], Sequence[str]] | None = None,
) -> list[str]:
    """The path of each cipher image in its data set: a name from the key, or with keep_names its own.

    Parameters
    ----------
    extension
        ".png" for files, "" where images have none of their own.
    shown
        Items and classes as the cloud sees them, where these are others.
    """
    named = ids(items, classes)
    where = [folder(item, (shown or (items, classes))[1]) for item in (shown or (items, classes))[0]]
    if keep_names:
        own = [at + item.name for at, item in zip(where, items, strict=True)]
        paths = [name.removesuffix(".png") + extension for name in as_png(own)] if extension else own
    else:
        mac = key.derive("imveil", "names").mac
        paths = [
            f"{at}{mac(id.encode('utf-8', 'surrogateescape'))[:16].hex()}{extension}"
            for at, id in zip(where, named, strict=True)
        ]
    if keep_names and extension:
        long = next((path for path in paths if any(len(os.fsencode(part)) > 255 for part in path.split("/"))), None)
        if long is not None:
            raise BadSource(f"{long[:60]!r}... is longer than a file's name may be", hint="leave out --keep-names")
    if len(set(paths)) != len(paths) or {FILE, NAMES} & set(paths):
        raise BadSource("two pictures would get one name")
    return paths
