"""The column of pictures of a Parquet table, and how a row of it holds them.

Encoded pictures lie in structs with `bytes`, or in binaries; arrays in tensors of a fixed shape, or in nested lists; or
each row has a list of any of these. What else is told by name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imveil.errors import BadImage, BadSource, brief
from imveil.extras import need
from imveil.owner.picture import is_readable
from imveil.owner.sources._values import batches

_RAY = (b"ray.data.arrow_tensor", b"ray.data.arrow_tensor_v2")  # lists, of a type of their own where Ray is loaded
_BINARIES = ("is_binary", "is_large_binary", "is_binary_view")  # the last came later
_LOOKS = 8  # values
_LISTS = ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")


@dataclass(frozen=True)
class Column:
    """Where pictures are.

    Attributes
    ----------
    how
        "struct", "binary" or "array".
    many
        Each row has a list of pictures.
    shape
        Of every array, where the column says so.
    """

    name: str
    how: str
    many: bool = False
    shape: tuple[int, ...] | None = None

    def picture(self, value: Any) -> Any:
        """What a value (an Arrow scalar) holds: bytes of a file, an array, or None. Raises BadImage."""
        if not value.is_valid:
            return None
        if _is_own(value.type):
            value = value.value
        if self.how == "array":
            return _array(value, self.shape)
        found = value.as_py()
        return found["bytes"] if self.how == "struct" else found

    def leaf(self, opened: Any, ending: str) -> str | None:
        """The full path of the physical column "path" or "bytes" below this one; of a path None where there is none."""
        leaves = [opened.schema.column(i).path for i in range(len(opened.schema))]
        below = [path for path in leaves if path.split(".")[0] == self.name]
        return next((path for path in below if path.endswith(f".{ending}")), None if ending == "path" else below[0])


def find(opened: Any, features: dict[str, Any], file: Path, asked: str | None) -> Column:
    """The column that is asked for, or declared, or holds pictures. Raises BadSource."""
    schema = opened.schema_arrow
    if asked is not None and asked not in schema.names:
        raise BadSource(f"{file} has no column {asked!r}", hint=f"it has {', '.join(schema.names)}")
    said = [f for f in schema if features.get(f.name, {}).get("_type") == "Image"]
    kinds = {field.name: _kind(field) for field in schema}

    def of(how: str, *, many: bool = False) -> list[Any]:
        return [f for f in schema if (kind := kinds[f.name]) and (kind.how, kind.many) == (how, many)]

    fields = [schema.field(asked)] if asked else [*said, *of("struct")]
    if not asked:
        fields += [field for field in of("binary") if _holds_pictures(opened, file, field.name)]
        fields += [*of("array"), *of("struct", many=True), *of("array", many=True)]
        fields += [field for field in of("binary", many=True) if _holds_pictures(opened, file, field.name)]
    for field in fields:
        if kind := kinds[field.name]:
            return kind
    held = ", ".join(f"{field.name} ({brief(str(field.type), 40)[1:-1]})" for field in schema) or "nothing"
    raise BadSource(
        f"{file} has the columns {held}, and none of pictures",
        hint="structs with bytes, binaries of files, tensors and nested lists of uint8 are read, and lists of these",
    )


def _is(kind: Any, names: tuple[str, ...]) -> bool:
    pa = need("pyarrow", "parquet", "a .parquet file")
    return any(getattr(pa.types, name)(kind) for name in names if hasattr(pa.types, name))


def _kind(field: Any) -> Column | None:
    """How a column holds pictures, by its type; None where it cannot."""
    own, kind = field.metadata or {}, field.type
    called, told = own.get(b"ARROW:extension:name"), own.get(b"ARROW:extension:metadata")
    if _is_own(kind):
        called, told, kind = kind.extension_name.encode(), kind.__arrow_ext_serialize__(), kind.storage_type
    if called in _RAY and _is(kind, _LISTS):
        try:
            shape = tuple(int(side) for side in json.loads(told or b""))
        except (TypeError, ValueError):
            return None
        return Column(field.name, "array", shape=shape)
    return _of_type(field.name, kind) or _many(field.name, kind)


def _is_own(kind: Any) -> bool:
    """Whether a type is one that a library registered in this process; elsewhere its storage alone is seen."""
    pa = need("pyarrow", "parquet", "a .parquet file")
    return isinstance(kind, pa.ExtensionType)


def _of_type(name: str, kind: Any) -> Column | None:
    pa = need("pyarrow", "parquet", "a .parquet file")
    tensor: Any = getattr(pa, "FixedShapeTensorType", ())
    if isinstance(kind, tensor):
        plain = kind.permutation in (None, list(range(len(kind.shape)))) and len(kind.shape) in (2, 3)
        return Column(name, "array", shape=tuple(kind.shape)) if plain else None
    if pa.types.is_struct(kind) and "bytes" in [inner.name for inner in kind]:
        return Column(name, "struct")
    if _is(kind, _BINARIES):
        return Column(name, "binary")
    deep = 0
    while _is(kind, _LISTS):
        kind, deep = kind.value_type, deep + 1
    return Column(name, "array") if deep in (2, 3) and kind in (pa.uint8(), pa.uint16()) else None


def _many(name: str, kind: Any) -> Column | None:
    if not _is(kind, _LISTS):
        return None
    inner = _of_type(name, kind.value_type)
    return None if inner is None else Column(name, inner.how, True, inner.shape)


def _holds_pictures(opened: Any, file: Path, column: str) -> bool:
    """Whether the first values of a column, or those in its first lists, are pictures. Raises BadImage."""
    looked = 0
    for k in range(opened.metadata.num_row_groups):
        for batch in batches(opened, file, [column], k, _LOOKS):
            held = batch.column(column)
            for value in held.flatten() if _is(held.type, _LISTS) else held:  # one at a time, each may be long
                looked += bool(found := value.as_py())
                if found and is_readable(found):
                    return True
                if looked == _LOOKS:
                    return False
    return False


def _array(value: Any, shape: tuple[int, ...] | None) -> Any:
    """The array of a tensor or of nested lists, its channels last. Raises BadImage where lists differ in length."""
    pc = need("pyarrow.compute", "parquet", "a .parquet file")
    if hasattr(value, "to_numpy"):
        found = value.to_numpy()
    else:
        values, sides = value.values, [len(value.values)]
        while _is(values.type, _LISTS):
            lengths = pc.unique(pc.list_value_length(values)).to_pylist()
            if len(lengths) != 1 or not lengths[0]:
                raise BadImage("the rows of its lists differ in length")
            values = values.flatten()
            sides.append(lengths[0])
        found = values.to_numpy(zero_copy_only=False)
        shape = shape or tuple(sides)
    if shape is not None and found.size != np.prod(shape, dtype=object):
        raise BadImage(f"it holds {found.size} samples, {'x'.join(map(str, shape))} were needed")
    found = found if shape is None else found.reshape(shape)
    first = found.ndim == 3 and found.shape[2] > 4 and found.shape[0] in (1, 3, 4)  # as torch has them
    return found.transpose(1, 2, 0) if first else found


__all__ = ["Column", "find"]
