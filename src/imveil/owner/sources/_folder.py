"""Files under a folder as a source: ROOT/SPLIT/CLASS/..., ROOT/CLASS/..., or files alone.

Splits are told by their names; classes are sorted by the bytes of theirs (UTF-8), over all splits together. Deeper
folders belong to the picture's name. Hidden files are passed over, other files counted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from imveil.errors import BadImage, BadSource
from imveil.owner.picture import MOST_PIXELS, Picture
from imveil.owner.sources._splits import SPLITS, rank
from imveil.owner.sources.base import Item, Source


class FolderSource(Source):
    """The pictures under `root`. Raises BadSource where there are none, or where their places contradict each other.

    Items are ordered by split (train, val, test), class, then name; files are read when asked for, so a broken picture
    shows only then. A subclass says which files are pictures and how they are read.
    """

    hint = ""

    def __init__(self, root: Path | str, *, most_pixels: int = MOST_PIXELS) -> None:
        self.root = self.place = Path(root)
        self.spec = str(root)
        self.most_pixels = most_pixels
        self.notes = []
        if not self.root.is_dir():
            what = "is a file" if self.root.exists() else "is not there"
            raise BadSource(f"a folder of pictures was needed, {root} {what}")
        paths, others, other = self._pictures()
        if (self.root / "imveil.json").exists():
            raise BadSource(f"{root} is a cipher data set already", hint="decrypt it first, with imveil decrypt")
        self._sort(paths, others, other)

    def _sort(self, paths: list[str], others: int, other: str) -> None:
        """Splits, classes and items from the places of the pictures."""
        if not paths:
            seen = f", only other files ({others}), such as {other}" if others else ""
            more = "; a file that holds many is named itself" if others else ""
            raise BadSource(f"{self.spec} holds no pictures{seen}", hint=self.hint + more)
        if others:
            self.notes.append(f"files of {self.spec} that are no pictures by their names, passed over: {others}")
        split_names = self._split_names(paths)
        parts = [_parts(path, split_names) for path in paths]
        self.classes = self._class_names(parts)
        label = {name: i for i, name in enumerate(self.classes)}
        place = {name: i for i, name in enumerate(sorted(split_names, key=rank))}
        items = [Item(split, label[of] if of else None, name) for split, of, name in parts]
        items.sort(key=lambda it: (place.get(it.split or "", 0), it.label or 0, os.fsencode(it.name)))
        self.items = items

    def read(self, i: int) -> Picture:
        """Picture i, decoded. Raises BadImage with its path."""
        path = f"{self.root}/{self.items[i].id(self.classes)}"  # a text: making Path objects takes time
        try:
            return self._decode(path)
        except BadImage as error:
            if not Path(path).is_file():
                raise BadImage(f"{path} is there no more") from error
            raise

    def _decode(self, path: str) -> Picture:
        """The picture in a file. Raises BadImage with its path."""
        raise NotImplementedError

    def _takes(self, path: Path) -> bool:
        """Whether a file is a picture, by its name."""
        raise NotImplementedError

    def _pictures(self) -> tuple[list[str], int, str]:
        """The posix paths of all pictures under the root, how many other files there are, and one of these."""
        found: list[str] = []
        others, other = 0, ""
        for folder in _folders(self.root):
            below = folder.relative_to(self.root).as_posix()
            for entry in os.scandir(folder):
                if entry.name.startswith(".") or not entry.is_file():
                    continue
                if self._takes(Path(entry.path)):
                    found.append(entry.name if below == "." else f"{below}/{entry.name}")
                else:
                    others, other = others + 1, entry.name
        return found, others, other

    def _split_names(self, paths: list[str]) -> set[str]:
        tops = {path.split("/")[0] for path in paths if "/" in path}
        splits = {top for top in tops if top.lower() in SPLITS}
        if splits == tops:
            return splits
        rest = sorted(tops - splits, key=os.fsencode)
        if len(splits) > 1:
            raise BadSource(
                f"{self.spec} has splits ({', '.join(sorted(splits))}) and other folders of pictures beside them "
                f"({_some(rest)})",
                hint="move those elsewhere, or name a folder that holds either splits or classes",
            )
        if splits:  # CIFAR-100 has a class of trains
            self.notes.append(f"the folder {splits.pop()} is taken for a class, as it stands beside {_some(rest)}")
        return set()

    def _class_names(self, parts: list[tuple[str | None, str | None, str]]) -> list[str]:
        loose = [name for _, of, name in parts if of is None]
        classes = {of for _, of, _ in parts if of is not None}
        if loose and classes:
            raise BadSource(
                f"{self.spec} has class folders, and {len(loose)} pictures outside of them ({_some(loose)})",
                hint="move those into a class, or elsewhere",
            )
        return sorted(classes, key=os.fsencode)


def _folders(root: Path) -> Iterator[Path]:
    """root and the folders below, links followed, but no folder inside of itself."""

    def failed(error: OSError) -> None:
        raise BadSource(f"{error.filename} cannot be read: {error.strerror}") from error

    for at, below, _ in os.walk(root, followlinks=True, onerror=failed):
        folder = Path(at)
        here = folder.resolve()
        below[:] = [name for name in below if not name.startswith(".") and not _holds(folder / name, here)]
        yield folder


def _holds(link: Path, here: Path) -> bool:
    """Whether `link` leads to the folder `here` or to one around it: the walk would never end."""
    return link.is_symlink() and here.is_relative_to(link.resolve())


def _parts(path: str, splits: set[str]) -> tuple[str | None, str | None, str]:
    """(split, class, name) of one path."""
    top, _, rest = path.partition("/")
    split, rest = (top, rest) if rest and top in splits else (None, path)
    of, _, name = rest.partition("/")
    return (split, of, name) if name else (split, None, rest)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
