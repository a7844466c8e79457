"""A folder of pictures with a list of them, in CSV, JSON lines or Parquet: file, label, split. It decides, not folders.

The columns are called file_name (or file, filename, path, image), label (or labels, class, target) and split; the last
two may be missing. Files are paths from the folder of the list. Hugging Face's `metadata.csv`, `metadata.jsonl` and
`metadata.parquet` are such lists.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from imveil.errors import BadImage, BadSource
from imveil.extras import need
from imveil.owner.picture import MOST_PIXELS, SUFFIXES, UNREAD, Picture, read_picture
from imveil.owner.sources import _splits
from imveil.owner.sources._splits import FILES, LISTS, is_list
from imveil.owner.sources._values import values
from imveil.owner.sources._walk import folders, names
from imveil.owner.sources.base import Item, Source
from imveil.store.budget import PICTURE, Budget

_LABEL = ("label", "labels", "class", "target")


class TableSource(Source):
    """The pictures that a list names, in the order of the list. Raises BadSource, with the line, for what is no list.

    path: the list, or the folder that has one.
    """

    def __init__(self, path: Path | str, *, most_pixels: int = MOST_PIXELS, follow_links: bool = False) -> None:
        self.spec, self.notes, self.most_pixels, self.follow_links = str(path), [], most_pixels, follow_links
        lists = find(Path(path)) if Path(path).is_dir() else [Path(path)]
        self.list = lists[0]
        nested = Path(path).is_dir() and self.list.parent != Path(path)
        self.root = self.place = Path(path) if nested else self.list.parent
        rows, self._below = list[tuple[int, dict[Any, Any]]](), list[str]()
        for one in lists:
            read = _read(one)
            below = one.parent.name if nested else ""
            rows += [(line, {**row, "split": below} if nested else row) for line, row in read]
            self._below += [below] * len(read)
        names = {name for _, row in rows for name in row}
        file, label = (next((n for n in known if n in names), None) for known in (FILES, _LABEL))
        if file is None:
            raise BadSource(
                f"{self.list} has the columns {', '.join(sorted(map(str, names)))}, and none of files",
                hint="call one file_name; or read the folder without the list, with --from folder",
            )
        rest = sorted(map(str, names - {file, label, "split"}))
        if rest:
            self.notes.append(f"columns of {self.list} that are passed over: {', '.join(rest)}")
        self.classes, labels = _splits.classes([row.get(label) if label else None for _, row in rows], str(self.list))
        found = [row.get("split") or None for _, row in rows]
        items = []
        for (line, row), split, of in zip(rows, found, labels, strict=True):
            name = row.get(file)
            if type(name) is not str or not _plain(name) or not isinstance(split, str | None):
                raise BadSource(f"{self.list} names no file in its folder in line {line}")
            items.append(Item(split, of, name))
        order = sorted(range(len(items)), key=lambda i: _splits.rank(items[i].split or ""))
        self.items, self._rows = [items[i] for i in order], [rows[i][1] for i in order]
        if Path(path).is_dir():
            self._note_unlisted()

    def _note_unlisted(self) -> None:
        """Tell of pictures in the folder that no list names."""
        listed = {self._place(item) for item in self.items}
        kinds = (*SUFFIXES, *UNREAD)
        pictures = (name for name in names(self.root) if PurePosixPath(name).suffix.lower() in kinds)
        more = sorted(name for name in pictures if name not in listed)
        if more:
            self.notes.append(
                f"pictures of {self.spec} that its list does not name, passed over: {len(more):,}, such as {more[0]}; "
                "--from folder takes all, and no list"
            )

    def _place(self, item: Item) -> str:
        """The posix path of a picture from the root."""
        return f"{item.split}/{item.name}" if any(self._below[:1]) else item.name

    def column(self, name: str) -> list[str]:
        """What a column says of each picture, "" where it says nothing. Raises BadSource where it is not there."""
        if not any(name in row for row in self._rows):
            raise BadSource(f"{self.list} has no column {name!r}")
        return [str(row.get(name) or "").strip() for row in self._rows]

    def read(self, i: int) -> Picture:
        """Picture i, decoded. Raises BadImage with its path."""
        item = self.items[i]
        path = self.root / self._place(item)
        if not path.is_file():
            raise BadImage(f"{path} is {'a link that leads nowhere' if path.is_symlink() else 'not there'}")
        if not self.follow_links and not path.resolve().is_relative_to(self.root.resolve()):
            raise BadImage(f"{path} leads out of {self.root}", hint="what it leads to is encrypted with --follow-links")
        return read_picture(path, most_pixels=self.most_pixels)


def find(folder: Path) -> list[Path]:
    """The list in a folder, or those in its splits. Raises BadSource where there is none, or several in one."""
    found = _lists(folder)
    if not found:
        inner = sorted(path for inside in folders(folder) for path in _lists(inside))
        places = [path.parent.name for path in inner]
        other = next((name for name in places if name.lower() not in _splits.SPLITS), None)
        if other is not None or len(set(places)) != len(places):
            raise BadSource(
                f"lists of pictures lie in {', '.join(sorted(set(places)))} of {folder}",
                hint="put them into folders that are called as splits, one in each, or name one list itself",
            )
        if inner:
            return sorted(inner, key=lambda path: _splits.rank(path.parent.name))
    if len(found) != 1:
        held = " and ".join(path.name for path in found) or "none"
        raise BadSource(f"one list of pictures was needed in {folder}, it has {held}", hint="name the list itself")
    return found


def _lists(folder: Path) -> list[Path]:
    """The lists in a folder; one in Parquet beside another is the same again, for other readers."""
    found = [folder / name for name in LISTS if is_list(folder / name)]
    return [path for path in found if path.suffix != ".parquet"] or found


def _read(path: Path) -> list[tuple[int, dict[Any, Any]]]:
    """The rows of one list. Raises BadSource."""
    try:
        rows = list(_rows(path))
    except OSError as error:
        raise BadSource(f"{path} cannot be read: {error.strerror or error}") from error
    except BadSource:
        raise
    except (ValueError, csv.Error) as error:
        raise BadSource(f"{path} is no list in UTF-8 that can be read: {error}") from error
    if not rows:
        raise BadSource(f"{path} lists no pictures")
    return rows


def _plain(name: str) -> bool:
    return bool(name) and not name.startswith("/") and "\0" not in name and not {"", ".", ".."} & set(name.split("/"))


def _rows(path: Path) -> Iterator[tuple[int, dict[Any, Any]]]:
    """Line and members of each row."""
    if path.suffix.lower() == ".parquet":
        yield from enumerate(_table(path), 1)
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix.lower() == ".csv":
            reader = csv.DictReader(file)
            for row in reader:
                if None in row or None in row.values():
                    raise BadSource(f"{path} has more or fewer values than columns in line {reader.line_num}")
                yield reader.line_num, row
            return
        budget = Budget(path.stat().st_size)
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            found = budget.json(text.encode())
            if not isinstance(found, dict):
                raise BadSource(f"{path} has no object in line {line}")
            yield line, found


def _table(path: Path) -> Iterator[dict[Any, Any]]:
    """The rows of a Parquet file. Raises BadSource."""
    parquet = need("pyarrow.parquet", "parquet", "a .parquet file")
    try:
        facts, budget = parquet.read_metadata(path), Budget(path.stat().st_size, PICTURE)
        budget.take(facts.num_rows)
        for batch in values(path, facts.schema.to_arrow_schema().names, budget):
            yield from (dict(zip(batch, row, strict=True)) for row in zip(*batch.values(), strict=True))
    except BadImage as error:
        raise BadSource(f"{path}: {error.message}") from error
    except Exception as error:  # Arrow's errors are of many kinds
        raise BadSource(f"{path} is no Parquet file that can be read: {error}") from error
