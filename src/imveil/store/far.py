"""Folders that are not on this machine's file system: object stores and others, by their address and fsspec.

    s3://bucket/ciphers     sftp://host/ciphers     az://container/ciphers     file:///mnt/ciphers

Who may read and write there is settled where the library behind the address looks for it: its own files and variables,
never an option of ours. Files are written in one request, which an object store carries out whole or not at all.
"""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from imveil.errors import BadDestination, BadSource, ImveilError, MissingExtra
from imveil.extras import need
from imveil.store.files import addressed

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "r2"}  # names of files, no folders


def is_far(place: Any) -> bool:
    """Whether a text is the address of a folder elsewhere, and no path.

    >>> is_far("s3://bucket/ciphers"), is_far("photos/s3")
    (True, False)
    """
    return isinstance(place, str) and bool(_ADDRESS.match(place))


def named(place: str | Path) -> str:
    """A place as it may be shown: a path as it is, an address whole, without a user and a password.

    >>> named("s3://bucket/ciphers"), named(Path("s3://bucket/ciphers")), named(Path("photos"))
    ('s3://bucket/ciphers', 's3://bucket/ciphers', 'photos')
    """
    address = addressed(place)
    return Far(address).name if is_far(address) else str(place)


@dataclass(frozen=True)
class Far:
    """A folder elsewhere. Only its address is pickled; every process connects by itself.

    error: what is raised when it cannot be used, BadDestination or BadSource; MissingExtra without fsspec.
    """

    url: str
    error: type[ImveilError] = BadDestination

    @property
    def name(self) -> str:
        """The address as it may be shown: without a user and a password.

        >>> Far("ftp://ann:secret@host/photos/").name
        'ftp://host/photos'
        """
        kind, _, rest = self.url.partition("://")
        host, slash, path = rest.partition("/")
        return f"{kind}://{host.rpartition('@')[2]}{slash}{path}".rstrip("/")

    def list(self) -> dict[str, int]:
        """Every file below, by its posix path from here, with its size; empty where there is no such folder.

        What object stores keep to show a folder, an empty object whose name ends with a slash, is no file.
        """
        fs, root = self._place
        found = self._asked(lambda: fs.find(root, detail=True))
        sizes = {path[len(root) :].removeprefix("/"): int(facts.get("size") or 0) for path, facts in found.items()}
        return {name: size for name, size in sizes.items() if size or (name and not name.endswith("/"))}

    def read(self, name: str) -> bytes:
        """One file, whole."""
        fs, root = self._place
        data: bytes = self._asked(lambda: fs.cat_file(f"{root}/{name}"))
        return data

    def copy(self, name: str, target: Path) -> None:
        """One file into a file of this machine, piece by piece."""
        fs, root = self._place
        self._asked(lambda: fs.get_file(f"{root}/{name}", str(target)))

    def write(self, files: Mapping[str, bytes]) -> None:
        """All of these files, in any order; those that are there are replaced."""
        fs, root = self._place

        def pipe() -> None:
            if self.url.partition("://")[0] not in _STORES:
                for folder in {f"{root}/{name}".rpartition("/")[0] for name in files}:
                    fs.makedirs(folder, exist_ok=True)
            fs.pipe({f"{root}/{name}": data for name, data in files.items()})

        self._asked(pipe)

    def remove(self, names: Iterable[str]) -> None:
        """Take these files away."""
        fs, root = self._place
        gone = [f"{root}/{name}" for name in names]
        if gone:
            self._asked(lambda: fs.rm(gone))

    @cached_property
    def _place(self) -> tuple[Any, str]:
        core = need("fsspec.core", "far", self.name)
        try:
            fs, root = core.url_to_fs(self.url, use_listings_cache=False)
        except ImportError as error:
            raise MissingExtra(f"{self.name} needs a library of its own: {error}") from error
        except Exception as error:
            raise self._unusable(error) from error
        return fs, root.rstrip("/")

    def _asked(self, what: Callable[[], Any]) -> Any:
        """The answer; any trouble, which every library names in its own way, is one error that tells the first line."""
        try:
            return what()
        except Exception as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> ImveilError:
        first = (str(error).replace(self.url, self.name).split("?")[0].splitlines() or [""])[0]
        return self.error(f"{self.name} cannot be used: {type(error).__name__}: {first[:200]}")

    def __getstate__(self) -> dict[str, Any]:
        return {"url": self.url, "error": self.error}


def far_source(url: str) -> Far:
    """A folder that is read from: its errors are BadSource."""
    return Far(url, BadSource)


class Near(NamedTuple):
    """A data set as it lies on this machine.

    Attributes
    ----------
    path
        Its folder.
    name
        The place that was asked for, as it may be shown.
    strange
        Names that are there and that no file of a data set can have.
    """

    path: Path
    name: str
    strange: list[str]

    def told(self, text: str) -> str:
        """A text about the copy, as one about what was asked for."""
        return text.replace(str(self.path), self.name)


@contextmanager
def fetched(place: str | Path) -> Iterator[Near]:
    """The folder of a cipher data set: as it is, or where it is elsewhere, a copy that is gone at the end.

    Raises BadSource where it cannot be reached, or does not fit on the disk for temporary files.
    """
    address = addressed(place)
    if not is_far(address):
        yield Near(Path(place), str(place), [])
        return
    far = far_source(address)
    with tempfile.TemporaryDirectory(prefix="imveil-near-") as folder:
        sizes = far.list()
        free = shutil.disk_usage(folder).free
        if sum(sizes.values()) > free:
            raise BadSource(
                f"{far.name} has {sum(sizes.values()):,} bytes, {free:,} are free for temporary files",
                hint="name a folder on a larger disk in TMPDIR, or copy the set yourself",
            )
        near = Near(Path(folder), far.name, [name for name in sizes if not _copied(far, name, Path(folder))])
        try:
            yield near
        except ImveilError as error:  # nobody knows the copy
            error.message = near.told(error.message)
            error.args = (error.message,)
            raise


def _copied(far: Far, name: str, folder: Path) -> bool:
    """Whether a file was copied; not where no file can have its name, which object stores do not mind."""
    target = folder / name
    if {"", ".", ".."} & set(name.split("/")):
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(exist_ok=False)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ):
            return False
        raise
    far.copy(name, target)
    return True


__all__ = ["Far", "Near", "addressed", "far_source", "fetched", "is_far", "named"]
