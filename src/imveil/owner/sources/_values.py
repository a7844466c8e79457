"""Values of columns of a Parquet file, within a budget. A few bytes can stand for many rows of one long text, so that
no more rows are read at once than could each hold the longest text of their group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from imveil.extras import need
from imveil.store.budget import Budget

_AT_ONCE = 1 << 27  # bytes, whatever a file says
_FEW, _MANY = 16, 1 << 16  # rows


def values(file: Path, columns: Sequence[str], budget: Budget) -> Iterator[dict[str, list[Any]]]:
    """Batch by batch, a list of values for each column; a member of a struct, "image.path", comes as a dict with it.

    The number of rows is the caller's to spend. Lists are not read: a list stands for each. Raises BadImage where it
    would cost more than the budget has, and what Arrow raises.
    """
    parquet = need("pyarrow.parquet", "parquet", "a .parquet file")
    types = need("pyarrow", "parquet", "a .parquet file").types
    with parquet.ParquetFile(file, memory_map=True) as opened:
        schema = opened.schema_arrow
        lists = [name for name in columns if name in schema.names and types.is_nested(schema.field(name).type)]
        read = [name for name in columns if name not in lists]
        for k in range(opened.metadata.num_row_groups):
            size = spend(opened, read, budget, [k])
            rows = min(_MANY, max(_FEW, _AT_ONCE // max(1, size)))
            if not read:
                yield {name: [["..."]] * opened.metadata.row_group(k).num_rows for name in lists}
                continue
            for batch in opened.iter_batches(rows, row_groups=[k], columns=read, use_threads=False):
                budget.decode(batch.nbytes)
                found = {name: batch.column(name).to_pylist() for name in batch.schema.names}
                yield found | {name: [["..."]] * len(batch) for name in lists}


def spend(opened: Any, columns: Sequence[str], budget: Budget, groups: Sequence[int] | None = None) -> int:
    """Spend what the columns of an opened file hold once they are unpacked, in these groups of rows or all; how many
    bytes that is. Raises BadImage."""
    total = 0
    for k in range(opened.metadata.num_row_groups) if groups is None else groups:
        group = opened.metadata.row_group(k)
        chunks = (group.column(j) for j in range(group.num_columns))
        asked = [one for one in chunks if one.path_in_schema in columns or one.path_in_schema.split(".")[0] in columns]
        size = sum(one.total_uncompressed_size for one in asked)
        budget.decode(size)
        total += size
    return total


__all__ = ["spend", "values"]
