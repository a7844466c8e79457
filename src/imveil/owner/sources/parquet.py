"""Parquet files as a source, in the Hugging Face image layout: columns of pictures and labels, splits by file names.

The pictures are the first column of the feature `Image`, of structs with `bytes`, or of binaries; the labels the first
column of the feature `ClassLabel`, or one called label, labels, class or target. Other columns are passed over.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

from imveil.errors import BadImage, BadSource, brief
from imveil.extras import need
from imveil.owner.picture import MOST_PIXELS, Picture, is_readable, read_picture
from imveil.owner.sources import _splits
from imveil.owner.sources._walk import walk
from imveil.owner.sources.base import Item, Source
from imveil.store.budget import PICTURE, Budget

_LABELS = ("label", "labels", "class", "target")
_FEW = 64  # rows that are read together
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
            self.left_out = [f"{self.path / name} is a link that leads nowhere" for name in found_there.dead]
        files = [self.path / name for name in names] if self.path.is_dir() else [self.path]
        if not files:
            raise BadSource(f"{path} holds no .parquet files")
        found = _splits.of_files(names, str(path))
        order = sorted(range(len(files)), key=lambda i: (_splits.rank(found[i] or ""), names[i]))
        self._files = [files[i] for i in order]
        self._groups: list[_Group] = []
        self._starts: list[int] = []
        self._column: tuple[str, bool] | None = None
        self._asked = column
        self._refused: dict[int, str] = {}
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
        if known is not None:
            for at, (_, label, _) in enumerate(rows):
                if label not in (None, -1) and not (type(label) is int and 0 <= label < len(known)):
                    raise BadSource(f"row {at} of {path} has label {label}, its classes are 0..{len(known) - 1}")
            places = [label if type(label) is int and label >= 0 else None for _, label, _ in rows]
            self.classes = known if any(place is not None for place in places) else []
        else:
            self.classes, places = _splits.classes([label for _, label, _ in rows], str(path))
        self.items = _items(rows, places)
        self.notes += _splits.without_label(places, [split for split, _, _ in rows])

    def read(self, i: int) -> Picture:
        """Picture i, decoded. Raises BadImage with its name."""
        i = range(len(self.items))[i]
        at = bisect_right(self._starts, i) - 1
        where = self._groups[at]
        name = f"{self._files[where.file]}: {self.items[i].name}"
        try:
            row = data = self._rows(at)[i - where.start].as_py()
            data = data["bytes"] if isinstance(data, dict) else data
        except BadImage:
            raise
        except Exception as error:
            raise BadImage(f"{name}: it cannot be read: {error}") from error
        if row is None:
            raise BadImage(f"{name}: row {i} holds no picture (null)")
        if not isinstance(data, bytes):
            raise BadImage(f"{name}: the row holds no picture, only a name of one", hint="embed the files' bytes")
        try:
            return read_picture(data, most_pixels=self.most_pixels)
        except BadImage as error:
            raise BadImage(f"{name}: {error.message}", hint=error.hint) from error

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
            column, struct = _pictures(opened, features, file, self._asked)
            label = _labels(schema, features)
            classes = features.get(label or "", {}).get("names")
            if number and (self._column != (column, struct) or known != classes):
                raise BadSource(f"{file} has other columns or classes than the files before it")
            self._column = column, struct
            rest = [name for name in schema.names if name not in (column, label)]
            if rest and not number:
                self.notes.append(f"columns of {self.path} that are passed over: {', '.join(rest)}")
            path = f"{column}.path" if struct and "path" in [f.name for f in schema.field(column).type] else None
            budget = Budget(file.stat().st_size, PICTURE)
            count = opened.metadata.num_rows
            budget.take(count)
            labels, paths = [keyed] * (0 if label else count), [None] * (0 if path else count)
            for batch in opened.iter_batches(columns=[name for name in (path, label) if name]) if path or label else ():
                budget.decode(batch.nbytes)
                labels += batch.column(label).to_pylist() if label else []
                paths += [(value or {}).get("path") for value in batch.column(column).to_pylist()] if path else []
            start = len(rows)
            for k in range(opened.metadata.num_row_groups):
                count = opened.metadata.row_group(k).num_rows
                if count:
                    self._groups.append(_Group(number, k, start))
                    self._starts.append(start)
                start += count
            rows += [(split, of, name or "") for of, name in zip(labels, paths, strict=True)]
            return list(classes) if classes else None

    def _rows(self, at: int) -> Any:
        """The pictures of a group, as an Arrow column that is read once and kept for a while."""
        if at in self._refused:
            raise BadImage(self._refused[at])
        if at not in self._kept:
            group = self._groups[at]
            parquet = need("pyarrow.parquet", "parquet", "a .parquet file")
            assert self._column is not None
            column, struct = self._column
            with parquet.ParquetFile(self._files[group.file], memory_map=True) as opened:
                facts = opened.metadata.row_group(group.number)
                packed = sum(facts.column(j).total_compressed_size for j in range(facts.num_columns))
                budget, chunks = Budget(packed, PICTURE, free=1 << 26), []
                for batch in opened.iter_batches(
                    _FEW,
                    row_groups=[group.number],
                    columns=[f"{column}.bytes" if struct else column],
                    use_threads=False,
                ):
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


def _pictures(opened: Any, features: dict[str, Any], file: Path, asked: str | None) -> tuple[str, bool]:
    """The column of pictures, and whether it is of structs: the one that is asked for, or declared, or holds some."""
    pa = need("pyarrow", "parquet", "a .parquet file")
    schema = opened.schema_arrow

    def struct(field: Any) -> bool:
        return bool(pa.types.is_struct(field.type)) and "bytes" in [inner.name for inner in field.type]

    def binary(field: Any) -> bool:
        kinds = ("is_binary", "is_large_binary", "is_binary_view")  # the last came later
        return any(getattr(pa.types, kind)(field.type) for kind in kinds if hasattr(pa.types, kind))

    if asked is not None and asked not in schema.names:
        raise BadSource(f"{file} has no column {asked!r}", hint=f"it has {', '.join(schema.names)}")
    said = [f for f in schema if features.get(f.name, {}).get("_type") == "Image"]
    fields = [schema.field(asked)] if asked else [*said, *filter(struct, schema)]
    if not asked:
        fields += [field for field in filter(binary, schema) if _holds_pictures(opened, field.name)]
    for field in fields:
        if struct(field) or binary(field):
            return field.name, struct(field)
    held = ", ".join(f"{field.name} ({brief(str(field.type), 40)[1:-1]})" for field in schema) or "nothing"
    raise BadSource(
        f"{file} has the columns {held}, and none of encoded pictures",
        hint="a column of structs with bytes, or of binaries is read; tensors and lists are to be encoded first",
    )


def _holds_pictures(opened: Any, column: str) -> bool:
    """Whether the first values of a column are pictures."""
    for batch in opened.iter_batches(8, columns=[column], use_threads=False):
        values = [value for value in batch.column(column).to_pylist() if value is not None]
        if values:
            return any(map(is_readable, values))
    return False


def _labels(schema: Any, features: dict[str, Any]) -> str | None:
    said = [name for name in schema.names if features.get(name, {}).get("_type") == "ClassLabel"]
    named = [name for name in _LABELS if name in schema.names]
    return next(iter([name for name in said if name in _LABELS] + said + named), None)


def _items(rows: list[tuple[str | None, object, str]], labels: list[int | None]) -> list[Item]:
    own = [name.replace("\\", "/").rpartition("/")[2] for _, _, name in rows]
    keys = {(split, label, name) for (split, _, _), label, name in zip(rows, labels, own, strict=True)}
    unique = len(keys) == len(rows) and not {"", ".", ".."} & set(own)
    counts: dict[str | None, int] = {}
    items = []
    for (split, _, _), label, name in zip(rows, labels, own, strict=True):
        number = counts[split] = counts.get(split, -1) + 1
        items.append(Item(split, label, name if unique else f"{number:06}.png"))
    return items
