"""A .npz file as a source, in the layouts of `_arrays.py`; MedMNIST comes so. Nothing is unpickled.

Members that were stored as they are (np.savez) are read where they lie. Large ones that were packed
(np.savez_compressed) are unpacked once for all workers, into a file that has no name and is gone with the process.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadSource
from imveil.owner.sources._arrays import ArraySource, Held, Rows
from imveil.store.budget import FREE, Budget

_RATIO = 64  # bytes that one byte of a packed member may become
_SMALL = 1 << 26  # bytes: less is unpacked into memory


class NpzSource(ArraySource):
    """The pictures of one .npz file."""

    kind = ".npz file"
    broken = (Exception,)  # zip, its ways to compress, and numpy's reader of headers each have errors of their own

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_aside": {}}

    @contextmanager
    def _opened(self) -> Iterator[Held]:
        with zipfile.ZipFile(self.path) as file:
            yield _Zip(file, vars(self).setdefault("_aside", {}))


class _Header(NamedTuple):
    """What a member says of its array. start: bytes before its numbers."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int


class _Aside:
    """Holds a file open, which is closed, and so gone, with this."""

    def __init__(self, file: IO[bytes]) -> None:
        weakref.finalize(self, file.close)


class _Zip:
    """aside: files that large members were unpacked into, by name; they are gone when nobody holds them."""

    def __init__(self, file: zipfile.ZipFile, aside: dict[str, _Aside]) -> None:
        self.file, self.aside = file, aside

    def names(self) -> set[str]:
        return {name.removesuffix(".npy") for name in self.file.namelist() if name.endswith(".npy")}

    def header(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
        found = self._header(name)
        return found.shape, found.dtype, self.file.getinfo(name + ".npy").file_size - found.start

    def load(self, name: str) -> npt.NDArray[Any]:
        info = self.file.getinfo(name + ".npy")
        Budget(info.compress_size, _RATIO).decode(info.file_size)
        with self.file.open(info) as member:
            array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
        return array

    def rows(self, name: str) -> Rows | npt.NDArray[Any]:
        info, head = self.file.getinfo(name + ".npy"), self._header(name)
        size = int(np.prod(head.shape, dtype=object)) * head.dtype.itemsize
        if head.fortran or head.dtype.hasobject or head.start + size != info.file_size:
            return self.load(name)
        if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1:
            with self.file.open(info) as member:
                while member.read(1 << 20):  # its checksum is compared at its end
                    pass
            return Rows(str(self.file.filename), self._place(info) + head.start, head.dtype, head.shape)
        if info.file_size < _SMALL:
            return self.load(name)
        return Rows(self._unpacked(info), head.start, head.dtype, head.shape)

    def _header(self, name: str) -> _Header:
        with self.file.open(name + ".npy") as member:
            version = np.lib.format.read_magic(member)
            if version not in ((1, 0), (2, 0)):
                raise ValueError(f"{name} has version {version} of the npy format")
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            return _Header(*read(member), member.tell())

    def _place(self, info: zipfile.ZipInfo) -> int:
        """Where the bytes of a member begin in the file, after its local header, which `zipfile` has compared."""
        assert self.file.fp is not None
        self.file.fp.seek(info.header_offset + 26)
        lengths = self.file.fp.read(4)
        return info.header_offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")

    def _unpacked(self, info: zipfile.ZipInfo) -> str:
        """The path of a file with the bytes of a member, for this process and its workers."""
        if info.file_size > FREE + _RATIO * info.compress_size:
            raise BadSource(f"it would become {info.file_size:,} bytes out of {info.compress_size:,}")
        folder = tempfile.gettempdir()
        if info.file_size > shutil.disk_usage(folder).free:
            raise BadSource(
                f"{info.file_size:,} bytes are unpacked into {folder}, where so many are not free",
                hint="name another folder in TMPDIR, or write the file with np.savez",
            )
        nameless = Path("/proc/self/fd").is_dir()
        made: Any = tempfile.TemporaryFile if nameless else tempfile.NamedTemporaryFile
        aside = made(prefix="imveil-")
        self.aside[info.filename] = _Aside(aside)
        with self.file.open(info) as member:
            shutil.copyfileobj(member, aside, 1 << 20)
        aside.flush()
        return f"/proc/{os.getpid()}/fd/{aside.fileno()}" if nameless else str(aside.name)
