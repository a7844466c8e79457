"""Values of columns of a Parquet file, within a budget. A few bytes can stand for many rows of one long value, so that
few rows are read at once: of texts no more than could each hold the longest of their group, of pictures one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from imveil.errors import BadImage
from imveil.extras import need
from imveil.store.budget import PICTURE, Budget

_AT_ONCE = 1 << 25  # bytes
_FEW, _MANY = 4, 256  # rows
_HARDLY = 16  # how much smaller columns of pictures become in a file, where nobody repeats one
_WIDTHS = {"BOOLEAN": 1, "INT32": 2, "INT64": 8, "INT96": 12, "DOUBLE": 8}  # bytes of samples; of all others 4


def values(file: Path, columns: Sequence[str], budget: Budget) -> Iterator[dict[str, list[Any]]]:
    """Batch by batch, a list of values for each column; a member of a struct, "image.path", comes as a dict with it.

    The number of rows is the caller's to spend. Lists and structs are not read: an empty one stands for each. Raises
    BadImage where it would cost more than the budget has, and what Arrow raises.
    """
    parquet = need("pyarrow.parquet", "parquet", "a .parquet file")
    with parquet.ParquetFile(file, memory_map=True) as opened:
        schema = opened.schema_arrow
        kinds = {name: schema.field(name).type for name in columns if name in schema.names}
        deep = {name: _stand_in(opened, name, kind) for name, kind in kinds.items() if kind.num_fields}
        read = [name for name in columns if name not in deep]
        for k in range(opened.metadata.num_row_groups):
            rows = min(_MANY, max(_FEW, _AT_ONCE // max(1, unpacked(opened, read, k))))
            if not read:
                yield {name: [value] * opened.metadata.row_group(k).num_rows for name, value in deep.items()}
                continue
            for batch in opened.iter_batches(rows, row_groups=[k], columns=read, use_threads=False):
                budget.decode(batch.nbytes)
                found = {name: batch.column(name).to_pylist() for name in batch.schema.names}
                yield found | {name: [value] * len(batch) for name, value in deep.items()}


def batches(opened: Any, file: Path, columns: Sequence[str], group: int, most: int) -> Iterator[Any]:
    """Record batches of at most that many rows; one by one where few bytes stand for many. Where a row of the first
    column has lists, those that are repeated are then held once, as an Arrow dictionary. Raises BadImage as `unpacked`
    does."""
    parquet = need("pyarrow.parquet", "parquet", "a .parquet file")
    size, chunks = unpacked(opened, columns, group), _chunks(opened, columns, group)
    if size <= _HARDLY * sum(int(one.total_compressed_size) for one in chunks):
        yield from opened.iter_batches(most, row_groups=[group], columns=columns, use_threads=False)
        return
    leaves = [opened.schema.column(i) for i in range(len(opened.schema))]
    lists = {one.path for one in leaves if one.max_repetition_level and one.physical_type == "BYTE_ARRAY"}
    once = [one.path_in_schema for one in _chunks(opened, columns[:1], group) if one.path_in_schema in lists]
    with parquet.ParquetFile(file, metadata=opened.metadata, read_dictionary=once, memory_map=True) as again:
        yield from again.iter_batches(1, row_groups=[group], columns=columns, use_threads=False)


def unpacked(opened: Any, columns: Sequence[str], group: int) -> int:
    """How many bytes columns of a group of rows hold once they are unpacked, if no value is repeated. Raises BadImage
    where that is far more than they take in the file."""
    chunks = _chunks(opened, columns, group)
    packed = sum(int(one.total_compressed_size) for one in chunks)
    size = sum(
        max(int(one.total_uncompressed_size), int(one.num_values) * _WIDTHS.get(one.physical_type, 4)) for one in chunks
    )
    if size > _AT_ONCE + PICTURE * packed:
        raise BadImage(f"{' and '.join(columns)} would become {size:,} bytes, and are {packed:,} in the file")
    return size


def _chunks(opened: Any, columns: Sequence[str], group: int) -> list[Any]:
    """What the file says of the columns of a group, or of what lies below them."""
    of = opened.metadata.row_group(group)
    chunks = [of.column(j) for j in range(of.num_columns)]
    return [one for one in chunks if one.path_in_schema in columns or one.path_in_schema.split(".")[0] in columns]


def _stand_in(opened: Any, column: str, kind: Any) -> Any:
    """What stands for each value of a column of lists or structs: None where there is none in the whole file."""
    facts = opened.metadata
    groups = [facts.row_group(k) for k in range(facts.num_row_groups)]
    chunks = [group.column(j) for group in groups for j in range(group.num_columns)]
    mine = [one for one in chunks if one.path_in_schema.split(".")[0] == column]
    if all(one.statistics is not None and one.statistics.null_count == one.num_values for one in mine):
        return None
    return [] if "list" in str(kind) else {}


__all__ = ["batches", "unpacked", "values"]
