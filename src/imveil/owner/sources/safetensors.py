"""A .safetensors file as a source, in the layouts of `arrays.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.extras import need
from imveil.owner.sources._arrays import ArraySource, Held, Rows
from imveil.store.budget import Budget

_KINDS = {"U8": "u1", "U16": "<u2", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "U32": "<u4", "U64": "<u8",
          "F16": "<f2", "F32": "<f4", "F64": "<f8", "BOOL": "?"}  # fmt: skip


class SafetensorsSource(ArraySource):
    """The pictures of one .safetensors file."""

    kind = "safetensors file"
    broken = (Exception,)  # the library passes on errors of Rust, numpy and the system

    @contextmanager
    def _opened(self) -> Iterator[Held]:
        library = need("safetensors", "safetensors", "a .safetensors file")
        with library.safe_open(self.path, framework="numpy") as file:
            yield _Tensors(file, self.path)


class _Tensors:
    def __init__(self, file: Any, path: Path) -> None:
        self.file, self.path = file, path

    def names(self) -> set[str]:
        return set(self.file.keys())

    def header(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
        found = self.file.get_slice(name)
        if found.get_dtype() not in _KINDS:
            raise ValueError(f"{name} is of the kind {found.get_dtype()}")
        shape, dtype = tuple(found.get_shape()), np.dtype(_KINDS[found.get_dtype()])
        # The library has compared shapes with lengths when it opened the file.
        return shape, dtype, int(np.prod(shape, dtype=object)) * dtype.itemsize

    def load(self, name: str) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = self.file.get_tensor(name)
        return array

    def rows(self, name: str) -> Rows:
        """Where the array lies: after the header, whose offsets the library has compared."""
        shape, dtype, _ = self.header(name)
        with open(self.path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            start, _ = Budget(length).json(file.read(length))[name]["data_offsets"]
        return Rows(str(self.path), 8 + length + start, dtype, shape)
