"""Files that are there whole or not at all, and reads whose failure is one clear error."""

from __future__ import annotations

import ctypes
import errno
import io
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from imveil.errors import BadDestination, BadImage, ImveilError

MOST_BYTES = 1 << 32
_PIECES = 512  # that one call writes; the system takes 1,024
_SHORTENED = re.compile(r"^([a-z][a-z0-9+.-]+):/(?!/)", re.IGNORECASE)

_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def kind_of(mode: int) -> str:
    """What an entry is that is neither file nor folder, by its mode, in words.

    >>> kind_of(stat.S_IFIFO | 0o600)
    'a FIFO'
    """
    return _KINDS.get(stat.S_IFMT(mode), "no file")


def addressed(place: Path | str) -> str:
    """A place as text. A path that was made of an address has lost a slash, and that of a file two: they come back.

    >>> addressed(Path("s3://bucket/ciphers")), addressed(Path("file:///mnt/ciphers")), addressed("photos")
    ('s3://bucket/ciphers', 'file:///mnt/ciphers', 'photos')
    """
    return _SHORTENED.sub(lambda found: f"{found[1]}://" + "/" * (found[1] == "file"), str(place))


def here(place: Path | str, error: type[ImveilError] = BadDestination) -> None:
    """Raise `error` for the address of a place elsewhere: a path was needed, and none would be what is meant."""
    if _SHORTENED.match(str(Path(place))):
        raise error(
            f"{addressed(Path(place))} is an address, and a place on this machine is needed",
            hint="copy to it or from it; encrypt, estimate, decrypt, verify and train read addresses",
        )


def write_file(
    path: Path | str,
    data: bytes | Sequence[bytes],
    *,
    aside: Path | str | None = None,
    sync: bool = False,
    mode: int = 0o666,
) -> None:
    """Write `data` beside its place, then move it there in one step; an OSError leaves nothing of it behind.

    Parameters
    ----------
    data
        Bytes, or pieces of them one after the other.
    aside
        Where to write first, on the same file system; a hidden name beside `path` when None.
    sync
        Wait until the disk has it, and that it is there.
    mode
        Who may read and write it, as far as the umask lets them.
    """
    if aside is None:
        aside = Path(path).with_name(f".{Path(path).name}.part")
    try:
        # The system's own calls: files of Python cost as much as encrypting.
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), mode)
        try:
            _write(handle, [memoryview(piece) for piece in ([data] if isinstance(data, bytes) else data)])
            if sync:
                os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(aside, path)  # noqa: PTH105 - texts: making Path objects costs as much as encrypting
        if sync:
            sync_folder(Path(path).parent)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _write(handle: int, views: list[memoryview]) -> None:
    """All of these, whatever the system takes at once."""
    while views:
        done = os.writev(handle, views[:_PIECES])
        while views and done >= len(views[0]):
            done -= len(views[0])
            del views[0]
        if done:
            views[0] = views[0][done:]


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


def read_regular(path: Path | str, most: int = MOST_BYTES, *, follow: bool = False) -> bytes:
    """The bytes of a regular file of at most `most` bytes.

    OSError for anything else: a link unless `follow`, a folder, a FIFO, which nobody waits for, a device.
    """
    with opened_regular(path, most, follow=follow) as file:
        return file.readall()


def opened_regular(path: Path | str, most: int | None = None, *, follow: bool = False) -> io.FileIO:
    """A regular file, open to be read.

    Parameters
    ----------
    most
        Bytes that it may have.

    Raises
    ------
    OSError
        As `read_regular` does.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        if error.errno == errno.ELOOP and not follow:
            raise OSError(errno.ELOOP, "it is a link", str(path)) from error
        raise
    try:
        facts = os.fstat(handle)
        if stat.S_ISDIR(facts.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if most is not None and facts.st_size > most:
            raise OSError(errno.EFBIG, f"it has {facts.st_size:,} bytes, at most {most:,} belong there", str(path))
        return io.FileIO(handle)
    except BaseException:
        os.close(handle)
        raise


def read_bytes(path: Path | str) -> bytes:
    """The bytes of an image file; BadImage where it cannot be read, is no file, or larger than 4 GiB."""
    try:
        return read_regular(path, follow=True)
    except OSError as error:
        raise BadImage(f"{path} cannot be read: {error.strerror or error}") from error
