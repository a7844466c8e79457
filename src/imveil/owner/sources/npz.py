"""A .npz file as a source, in the layouts of `arrays.py`; MedMNIST comes so. Nothing is unpickled."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.owner.sources._arrays import ArraySource, Held
from imveil.store.budget import Budget

_RATIO = 64  # bytes that one byte of a packed member may become


class NpzSource(ArraySource):
    """The pictures of one .npz file."""

    kind = ".npz file"
    broken = (Exception,)  # zip, its ways to compress, and numpy's reader of headers each have errors of their own

    @contextmanager
    def _opened(self) -> Iterator[Held]:
        with zipfile.ZipFile(self.path) as file:
            yield _Zip(file)


class _Zip:
    def __init__(self, file: zipfile.ZipFile) -> None:
        self.file = file

    def names(self) -> set[str]:
        return {name.removesuffix(".npy") for name in self.file.namelist() if name.endswith(".npy")}

    def header(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
        info = self.file.getinfo(name + ".npy")
        with self.file.open(info) as member:
            version = np.lib.format.read_magic(member)
            if version == (1, 0):
                shape, _, dtype = np.lib.format.read_array_header_1_0(member)
            elif version == (2, 0):
                shape, _, dtype = np.lib.format.read_array_header_2_0(member)
            else:
                raise ValueError(f"{name} has version {version} of the npy format")
            return shape, dtype, info.file_size - member.tell()

    def load(self, name: str) -> npt.NDArray[Any]:
        """The array: mapped where it is stored as it is, else unpacked."""
        info = self.file.getinfo(name + ".npy")
        if info.compress_type == zipfile.ZIP_STORED and (found := _mapped(self.file, info)) is not None:
            with self.file.open(info) as member:
                while member.read(1 << 20):  # its checksum is compared at its end
                    pass
            return found
        Budget(info.compress_size, _RATIO).decode(info.file_size)
        with self.file.open(info) as member:
            array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
        return array


def _mapped(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any] | None:
    """The array of a member that is stored, where it lies in the file; None for one that is no plain array."""
    path = file.filename
    if path is None:
        return None
    with open(path, "rb") as raw:
        raw.seek(info.header_offset)
        head = raw.read(30)
        if head[:4] != b"PK\x03\x04" or info.flag_bits & 1:
            return None
        raw.seek(
            info.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        )
        start = raw.tell()
        version = np.lib.format.read_magic(raw)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(raw)
        offset = raw.tell()
    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if dtype.hasobject or not size or offset - start + size != info.file_size:
        return None
    found: npt.NDArray[Any] = np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C")
    return found
