"""Parquet files as a source, in the Hugging Face image layout: columns of pictures and labels, splits by file names,
or by a column of that name.

The pictures are the first column of the feature `Image`, of structs with `bytes`, of binaries, or of arrays (see
`_columns.py`); the labels the first column of the feature `ClassLabel`, or one called label, labels, class or target.
Other columns are passed over. Where a row has a list of pictures, they are called ROW/0.png, ROW/1.png, ...
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

from imveil.errors import BadImage, BadSource
from imveil.extras import need
from imveil.owner.picture import MOST_PIXELS, Picture, of_array, read_picture
from imveil.owner.sources import _columns, _splits
from imveil.owner.sources._values import batches, values
from imveil.owner.sources._walk import walk
from imveil.owner.sources.base import Item, Source
from imveil.store.budget import PICTURE, Budget

_LABELS = ("label", "labels", "class", "target")
_FEW = 16  # rows that are read together
_CACHE = 1 << 29  # bytes of row groups that are kept


class _Group(NamedTuple):
    """Rows of one file that are read together, from `start` on in the whole source."""

    file: int
    number: int
    start: int


class ParquetSource(Source):
    """The pictures of one file, or of all .parquet files under a folder.

    Opening reads labels and names; pictures are read a group of rows at a time, and half a GiB of groups is kept: a
    cipher data set asks for pictures in an order of its own, and where a source is larger than that, groups are read
    again. Pictures are called as the column says where these names are unique, else by their number within the split.
    Raises BadSource, MissingExtra.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        most_pixels: int = MOST_PIXELS,
        follow_links: bool = False,
        column: str | None = None,
    ) -> None:
        self.path = self.place = Path(path)
        self.spec, self.notes, self.most_pixels = str(path), [], most_pixels
        names = [self.path.name]
        if self.path.is_dir():
            found_there = walk(self.path, follow_links)
            names = [name for name in found_there.files if name.lower().endswith(".parquet")]
            self.left_out = found_there.left_out
        files = [self.path / name for name in names] if self.path.is_dir() else [self.path]
        if not files:
            raise BadSource(f"{path} holds no .parquet files")
        found = _splits.of_files(names, str(path))
        order = sorted(range(len(files)), key=lambda i: (_splits.rank(found[i] or ""), names[i]))
        self._files = [files[i] for i in order]
        self._groups: list[_Group] = []
        self._starts: list[int] = []
        self._column: _columns.Column | None = None
        self._inner: list[tuple[int, int]] = []  # of pictures in lists: the row in its group, and the place in the list
        self._asked = column
        self._refused: dict[int, str] = {}
        self._seen: dict[str | None, int] = {}
        self._kept: OrderedDict[int, Any] = OrderedDict()
        self._size = 0
        known: list[str] | None = None
        rows: list[tuple[str | None, object, str]] = []
        for number, i in enumerate(order):
            try:
                known = self._look(number, found[i], rows, known, _splits.keyed(names[i], _LABELS))
            except BadSource:
                raise
            except Exception as error:  # Arrow's errors are of many kinds
                raise BadSource(f"{files[i]} is no Parquet file that can be read: {error}") from error
        if not rows:
            raise BadSource(f"{path} holds no pictures, its tables are empty")
        said = {of for of, _, _ in rows} if found[0] is None else set()
        if said != {None} and not all(of and of not in (".", "..") and "/" not in of for of in said):
            self.notes.append(f"the column split of {path} is passed over: it says no split of some rows")
            rows = [(None, label, name) for _, label, name in rows]
        if known is not None:
            rows = [(of, int(label) if type(label) is float and label.is_integer() else label, name)
                    for of, label, name in rows]  # fmt: skip
            for at, (_, label, _) in enumerate(rows):
                if label not in (None, -1) and label == label and not (type(label) is int and 0 <= label < len(known)):
                    raise BadSource(f"row {at} of {path} has label {label}, its classes are 0..{len(known) - 1}")
            places = [label if type(label) is int and label >= 0 else None for _, label, _ in rows]
            self.classes = known if any(place is not None for place in places) else []
        else:
            self.classes, places = _splits.classes([label for _, label, _ in rows], str(path))
        self.items = _items(rows, places, own=bool(self._inner))
        self.notes += _splits.without_label(places, [split for split, _, _ in rows])

    def read(self, i: int) -> Picture:
        """Picture i, decoded. Raises BadImage with its name."""
        i = range(len(self.items))[i]
        at = bisect_right(self._starts, i) - 1
        where = self._groups[at]
        name = f"{self._files[where.file]}: {self.items[i].name}"
        assert self._column is not None
        column, (number, k) = self._column, self._inner[i] if self._column.many else (i - where.start, 0)
        try:
            row = self._rows(at)[number]
            if column.many and row.is_valid:
                row = row.values[k]
            data = column.picture(row)
            if not row.is_valid:
                raise BadImage(f"row {i} holds no picture (null)")
            if data is None:
                raise BadImage("the row holds no picture, only a name of one", hint="embed the files' bytes")
            return read_picture(data, most_pixels=self.most_pixels) if isinstance(data, bytes) else of_array(data)
        except BadImage as error:
            raise BadImage(f"{name}: {error.message}", hint=error.hint) from error
        except Exception as error:
            raise BadImage(f"{name}: it cannot be read: {error}") from error

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_kept": OrderedDict(), "_size": 0}

    def _look(
        self,
        number: int,
        split: str | None,
        rows: list[tuple[str | None, object, str]],
        known: list[str] | None,
        keyed: str | None,
    ) -> list[str] | None:
        """Note the groups of one file, and split, label and name of each row. Returns the names of classes, if any.

        keyed: the label that the path of the file says.
        """
        parquet = need("pyarrow.parquet", "parquet", "a .parquet file")
        file = self._files[number]
        with parquet.ParquetFile(file, memory_map=True) as opened:
            schema = opened.schema_arrow
            features = _features(schema)
            found = _columns.find(opened, features, file, self._asked)
            column = found.name
            label = _labels(schema, features)
            classes = features.get(label or "", {}).get("names")
            if number and (self._column != found or known != classes):
                raise BadSource(f"{file} has other columns or classes than the files before it")
            self._column = found
            said = _split(schema) if split is None and not found.many else None
            rest = [name for name in schema.names if name not in (column, label, said)]
            if rest and not number:
                self.notes.append(f"columns of {self.path} that are passed over: {', '.join(rest)}")
            if found.many:
                self._look_into_lists(opened, number, split, rows, label, keyed)
                return list(classes) if classes else None
            path = found.leaf(opened, "path") if found.how == "struct" else None
            budget = Budget(file.stat().st_size, PICTURE)
            count = opened.metadata.num_rows
            budget.take(count)  # before lists of that length are made
            labels, paths = [keyed] * (0 if label else count), [None] * (0 if path else count)
            splits = [split] * (0 if said else count)
            columns = [name for name in (path, label, said) if name]
            for batch in values(file, columns, budget) if columns else ():
                labels += batch[label] if label else []
                splits += batch[said] if said else []
                paths += [(value or {}).get("path") for value in batch[column]] if path else []
            start = len(rows)
            for k in range(opened.metadata.num_row_groups):
                count = opened.metadata.row_group(k).num_rows
                if count:
                    self._groups.append(_Group(number, k, start))
                    self._starts.append(start)
                start += count
            rows += [(part, of, name or "") for part, of, name in zip(splits, labels, paths, strict=True)]
            return list(classes) if classes else None

    def _look_into_lists(
        self,
        opened: Any,
        number: int,
        split: str | None,
        rows: list[tuple[str | None, object, str]],
        label: str | None,
        keyed: str | None,
    ) -> None:
        """The same for a column of lists: a picture for each of their members."""
        assert self._column is not None
        leaf = self._column.leaf(opened, "path") or self._column.leaf(opened, "bytes")
        budget, before, empty = Budget(self._files[number].stat().st_size, PICTURE), self._seen.get(split, 0), 0
        for k in range(opened.metadata.num_row_groups):
            self._groups.append(_Group(number, k, len(rows)))
            self._starts.append(len(rows))
            columns, at = [name for name in (leaf, label) if name], 0
            for batch in batches(opened, self._files[number], columns, k, _FEW):
                if label:
                    budget.decode(batch.column(label).nbytes)
                labels = batch.column(label).to_pylist() if label else [keyed] * len(batch)
                for of, value in zip(labels, batch.column(self._column.name), strict=True):
                    count = len(value.values) if value.is_valid else 1
                    budget.take(count)
                    empty += not count
                    self._inner += [(at, place) for place in range(count)]
                    rows += [(split, of, f"{before:06}/{place}.png") for place in range(count)]
                    at, before = at + 1, before + 1
        self._seen[split] = before
        if empty:
            self.notes.append(f"rows of {self._files[number]} with an empty list, and so no picture: {empty:,}")

    def _rows(self, at: int) -> Any:
        """The pictures of a group, as an Arrow column that is read once and kept for a while."""
        if at in self._refused:
            raise BadImage(self._refused[at])
        if at not in self._kept:
            group = self._groups[at]
            parquet = need("pyarrow.parquet", "parquet", "a .parquet file")
            assert self._column is not None
            column = self._column.name
            with parquet.ParquetFile(self._files[group.file], memory_map=True) as opened:
                facts = opened.metadata.row_group(group.number)
                packed = sum(facts.column(j).total_compressed_size for j in range(facts.num_columns))
                budget, chunks = Budget(packed, PICTURE, free=1 << 26), []
                leaf = (self._column.how == "struct" and self._column.leaf(opened, "bytes")) or column
                for batch in batches(opened, self._files[group.file], [leaf], group.number, _FEW):
                    try:
                        budget.decode(batch.nbytes)
                    except BadImage as error:  # once for all of its rows
                        self._refused[at] = error.message
                        raise
                    chunks.append(batch.column(column))
            self._kept[at] = need("pyarrow", "parquet", "a .parquet file").chunked_array(chunks)
            self._size += self._kept[at].nbytes
            while self._size > _CACHE and len(self._kept) > 1:
                self._size -= self._kept.popitem(last=False)[1].nbytes
        self._kept.move_to_end(at)
        return self._kept[at]


def _features(schema: Any) -> dict[str, Any]:
    try:
        features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        return {name: value for name, value in features.items() if isinstance(value, dict)}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return {}


def _split(schema: Any) -> str | None:
    """The column of texts that says the split where no path does."""
    types = need("pyarrow", "parquet", "a .parquet file").types
    if "split" not in schema.names:
        return None
    kind = schema.field("split").type
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return "split" if types.is_string(kind) or types.is_large_string(kind) else None


def _labels(schema: Any, features: dict[str, Any]) -> str | None:
    said = [name for name in schema.names if features.get(name, {}).get("_type") == "ClassLabel"]
    named = [name for name in _LABELS if name in schema.names]
    return next(iter([name for name in said if name in _LABELS] + said + named), None)


def _items(rows: list[tuple[str | None, object, str]], labels: list[int | None], *, own: bool) -> list[Item]:
    """The items, called as their rows say where these names are unique; own: names that were made here, and are."""
    if own:
        return [Item(split, label, name) for (split, _, name), label in zip(rows, labels, strict=True)]
    named = [name.replace("\\", "/").rpartition("/")[2] for _, _, name in rows]
    keys = {(split, label, name) for (split, _, _), label, name in zip(rows, labels, named, strict=True)}
    unique = len(keys) == len(rows) and not {"", ".", ".."} & set(named)
    counts: dict[str | None, int] = {}
    items = []
    for (split, _, _), label, name in zip(rows, labels, named, strict=True):
        number = counts[split] = counts.get(split, -1) + 1
        items.append(Item(split, label, name if unique else f"{number:06}.png"))
    return items
