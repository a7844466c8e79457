"""Values of columns of a Parquet file, within a budget. A few bytes can stand for many rows of one long text, so that
few rows are read at once, and no more than could each hold the longest text of their group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from imveil.errors import BadImage
from imveil.extras import need
from imveil.store.budget import FREE, PICTURE, Budget

_AT_ONCE = 1 << 25  # bytes
_FEW, _MANY = 4, 256  # rows


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


def unpacked(opened: Any, columns: Sequence[str], group: int) -> int:
    """How many bytes columns of a group of rows hold once they are unpacked. Raises BadImage where that is far more
    than they take in the file."""
    of = opened.metadata.row_group(group)
    chunks = [of.column(j) for j in range(of.num_columns)]
    asked = [one for one in chunks if one.path_in_schema in columns or one.path_in_schema.split(".")[0] in columns]
    packed = sum(int(one.total_compressed_size) for one in asked)
    size = sum(int(one.total_uncompressed_size) for one in asked)
    if size > FREE + PICTURE * packed:
        raise BadImage(f"{' and '.join(columns)} would become {size:,} bytes, and are {packed:,} in the file")
    return size


def _stand_in(opened: Any, column: str, kind: Any) -> Any:
    """What stands for each value of a column of lists or structs: None where there is none in the whole file."""
    facts = opened.metadata
    groups = [facts.row_group(k) for k in range(facts.num_row_groups)]
    chunks = [group.column(j) for group in groups for j in range(group.num_columns)]
    mine = [one for one in chunks if one.path_in_schema.split(".")[0] == column]
    if all(one.statistics is not None and one.statistics.null_count == one.num_values for one in mine):
        return None
    return [] if "list" in str(kind) else {}


__all__ = ["unpacked", "values"]
