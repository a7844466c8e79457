"""Arrays by name in one .npz file, as numpy reads it; always the same bytes, and read without trust.

Members are stored, not deflated (cipher images do not compress), their times are fixed and their order is the caller's.
Headers are written here: numpy's own may change with its version. Reading unpickles nothing, takes no member at its
word about its size, and checks the CRC of each.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage

_KINDS = "buifS"
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say


def dump(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The bytes of an .npz file, little-endian, C order.

    >>> sorted(load(dump({"a": np.arange(3), "b": np.zeros((2, 2), np.float32)}))["b"].shape)
    [2, 2]
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for name, array in arrays.items():
            about = zipfile.ZipInfo(f"{name}.npy", _TIME)
            about.create_system = 3  # the same on every system
            file.writestr(about, npy(array))
    return out.getvalue()


def load(data: bytes) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an .npz file in bytes, native byte order. Raises BadImage for any other, or a broken member.

    Deflated members are refused: nobody knows how large they become.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            names = [info.filename for info in file.infolist()]
            if len(set(names)) != len(names):
                raise BadImage("the .npz file has a member twice")
            if sum(info.file_size for info in file.infolist()) > len(data):
                raise BadImage("the members of the .npz file say that they are longer than the file: they overlap")
            return {info.filename.removesuffix(".npy"): _member(file, info) for info in file.infolist()}
    except BadImage:
        raise
    except MemoryError as error:
        raise BadImage("the arrays do not fit into memory") from error
    except Exception as error:  # errors of zipfile and numpy are of many kinds; to the caller all mean the same
        raise BadImage(f"this is no .npz file that can be read: {error or type(error).__name__}") from error


def npy(array: npt.NDArray[Any]) -> bytes:
    """The bytes of an .npy file, little-endian, C order."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
    return _header(little) + little.tobytes()


def from_npy(body: bytes, name: str) -> npt.NDArray[Any]:
    """The array of an .npy file as `npy` writes it. Raises BadImage, or what numpy raises, for another."""
    stream = io.BytesIO(body)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise BadImage(f"{name} is of another version of the npy format than 1.0")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    count = int(np.prod(shape, dtype=object))
    if fortran or dtype.kind not in _KINDS or len(body) - stream.tell() != count * dtype.itemsize:
        raise BadImage(f"{name} is no array as imveil writes it")
    array = np.frombuffer(body, dtype, count, stream.tell()).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _header(array: npt.NDArray[Any]) -> bytes:
    """Magic, version 1.0, and the header, padded to a multiple of 64 bytes (NEP 1)."""
    text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape}, }}"
    padding = -(len(text) + 11) % 64
    return b"\x93NUMPY\x01\x00" + (len(text) + padding + 1).to_bytes(2, "little") + f"{text}{' ' * padding}\n".encode()


def _member(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    if info.compress_type != zipfile.ZIP_STORED or not info.filename.endswith(".npy"):
        raise BadImage(f"the .npz file has a member {info.filename!r} that is deflated or no array")
    return from_npy(file.read(info), info.filename)


__all__ = ["dump", "from_npy", "load", "npy"]
