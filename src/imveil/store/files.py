"""Files that are there whole or not at all, and reads whose failure is one clear error."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from imveil.errors import BadImage

MOST_BYTES = 1 << 32


def write_file(path: Path | str, data: bytes, *, aside: Path | str | None = None, sync: bool = False) -> None:
    """Write `data` beside its place, then move it there in one step; an OSError leaves nothing of it behind.

    aside: where to write first, on the same file system; a hidden name beside `path` when None. sync: wait until the
    disk has it, and that it is there.
    """
    if aside is None:
        aside = Path(path).with_name(f".{Path(path).name}.part")
    try:
        with open(aside, "wb", buffering=0) as out:
            view = memoryview(data)
            while len(view):
                view = view[out.write(view) :]
            if sync:
                os.fsync(out.fileno())
        os.replace(aside, path)  # noqa: PTH105 - texts: making Path objects costs as much as encrypting
        if sync:
            sync_folder(Path(path).parent)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in `folder`."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(folder: Path) -> None:
    """Wait until the disk has everything that was written to the file system of `folder`, in one go."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if os.name == "posix" else None
    if syncfs is None:
        getattr(os, "sync", lambda: None)()
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(handle):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(handle)


def read_bytes(path: Path | str) -> bytes:
    """The bytes of an image file; BadImage where it cannot be read, is a folder, or larger than 4 GiB."""
    try:
        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MOST_BYTES:
                raise BadImage(f"{path} has {size} bytes, at most {MOST_BYTES} are opened")
            return file.readall()
    except OSError as error:
        raise BadImage(f"{path} cannot be read: {error.strerror or error}") from error
