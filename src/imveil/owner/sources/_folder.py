"""Files under a folder as a source: ROOT/SPLIT/CLASS/..., ROOT/CLASS/..., or files alone.

Splits are told by their names; classes are sorted by the bytes of theirs (UTF-8), over all splits together. Deeper
folders belong to the picture's name. Hidden files are passed over, other files counted.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from imveil.errors import BadImage, BadSource
from imveil.owner.picture import MOST_PIXELS, Picture
from imveil.owner.sources._elsewhere import advice
from imveil.owner.sources._splits import SPLITS, rank
from imveil.owner.sources._walk import walk
from imveil.owner.sources.base import Item, Source


class FolderSource(Source):
    """The pictures under `root`. Raises BadSource where there are none, or where their places contradict each other.

    Items are ordered by split (train, val, test), class, then name; files are read when asked for, so a broken picture
    shows only then. A subclass says which files are pictures and how they are read.
    """

    hint = ""

    def __init__(self, root: Path | str, *, most_pixels: int = MOST_PIXELS, follow_links: bool = False) -> None:
        self.root = self.place = Path(root)
        self.spec = str(root)
        self.most_pixels = most_pixels
        self.notes = []
        if not self.root.is_dir():
            what = "is a file" if self.root.exists() else "is not there"
            raise BadSource(f"a folder of pictures was needed, {root} {what}")
        found = walk(self.root, follow_links)
        paths = [path for path in found.files if self._takes(f"{self.root}/{path}")]
        taken = set(paths)
        others = [path for path in found.files if path not in taken]
        self.left_out = found.left_out
        if (self.root / "imveil.json").exists():
            raise BadSource(f"{root} is a cipher data set already", hint="decrypt it first, with imveil decrypt")
        self._sort(paths, others)
        if found.empty and self.classes:
            self.notes.append(
                f"folders of {self.spec} that hold nothing, and so make no class: {_some(found.empty)}; "
                "other tools may count them"
            )

    def _sort(self, paths: list[str], others: Sequence[str]) -> None:
        """Splits, classes and items from the places of the pictures."""
        if not paths:
            seen = f", only other files ({len(others)}), such as {others[-1]}" if others else ""
            more = "; a file that holds many is named itself" if others else ""
            raise BadSource(f"{self.spec} holds no pictures{seen}", hint=advice(others) or self.hint + more)
        if others:
            kinds = Counter(PurePosixPath(path).suffix.lower() or "without ending" for path in others)
            told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
            self.notes.append(f"files of {self.spec} that are no pictures by their names, passed over: {told}")
        split_names = self._split_names(paths)
        parts = [_parts(path, split_names) for path in paths]
        self._own: dict[tuple[str | None, str | None, str], str] = {}
        for i, (split, of, name) in enumerate(parts):
            if of is not None and (composed := unicodedata.normalize("NFC", of)) != of:
                parts[i] = split, composed, name
                self._own[parts[i]] = paths[i]
        if self._own:
            self.notes.append(f"names of classes of {self.spec} in decomposed Unicode are taken in composed form (NFC)")
        self.classes = self._class_names(parts)
        label = {name: i for i, name in enumerate(self.classes)}
        place = {name: i for i, name in enumerate(sorted(split_names, key=rank))}
        items = [Item(split, label[of] if of else None, name) for split, of, name in parts]
        items.sort(key=lambda it: (place.get(it.split or "", 0), it.label or 0, os.fsencode(it.name)))
        self.items = items

    def read(self, i: int) -> Picture:
        """Picture i, decoded. Raises BadImage with its path."""
        path = f"{self.root}/{self._where(i)}"  # a text: making Path objects takes time
        try:
            return self._decode(path)
        except BadImage as error:
            if not Path(path).is_file():
                raise BadImage(f"{path} is there no more") from error
            raise

    def _decode(self, path: str) -> Picture:
        """The picture in a file. Raises BadImage with its path."""
        raise NotImplementedError

    def _takes(self, path: str) -> bool:
        """Whether a file is a picture, by its name. Paths are texts: to make objects of them takes time."""
        raise NotImplementedError

    def _where(self, i: int) -> str:
        """The posix path of picture i, as the file system has it."""
        item = self.items[i]
        if self._own:
            of = None if item.label is None else self.classes[item.label]
            return self._own.get((item.split, of, item.name)) or item.id(self.classes)
        return item.id(self.classes)

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


def _parts(path: str, splits: set[str]) -> tuple[str | None, str | None, str]:
    """(split, class, name) of one path."""
    top, _, rest = path.partition("/")
    split, rest = (top, rest) if rest and top in splits else (None, path)
    of, _, name = rest.partition("/")
    return (split, of, name) if name else (split, None, rest)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
