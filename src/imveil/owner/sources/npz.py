"""A .npz file as a source, in the layouts of `arrays.py`; MedMNIST comes so. Nothing is unpickled."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.owner.sources._arrays import ArraySource, Held


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
        return _load(self.file, name)


def _load(file: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    with file.open(name + ".npy") as member:
        array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
    return array
