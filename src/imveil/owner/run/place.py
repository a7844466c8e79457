"""The destination of a run: empty, a run to go on with, the same job done already, or something else, which is refused.

While a run lasts its folder holds `imveil-run.json`, which names scheme, fields, key fingerprint and a keyed digest
of the job; nothing in it is secret. `imveil.json` takes its place at the end.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from imveil.errors import BadDestination, BadManifest
from imveil.owner.run import pool
from imveil.store.files import here, write_file
from imveil.store.manifest import FILE, Manifest, read_manifest

RUN = "imveil-run.json"
_PATIENCE = 1.0  # seconds: workers of a run that was killed are gone in less
_HEAD = {"format": "imveil-run", "version": 2}


@dataclass(frozen=True)
class Job:
    """What a run is to do.

    Attributes
    ----------
    digest
        Keyed, over everything that decides the result but the pixels.
    shard
        How many images one has at most. It follows from the first pictures that can be read, and what can be read may
        change before the run goes on: what an interrupted run began with holds.
    """

    scheme: str
    fields: dict[str, Any]
    fingerprint: str
    digest: str
    shard: int | None = None

    def differs(self, other: Job) -> str:
        """How `other`, found at the destination, is another job, with both values; empty when it is the same."""
        for what, mine, found in (
            ("scheme", self.scheme, other.scheme),
            ("fields", self.fields, other.fields),
            ("key", self.fingerprint, other.fingerprint),
        ):
            if mine != found:
                return f"is of {what} {_text(found)}, this run has {what} {_text(mine)}"
        return "" if self.digest == other.digest else "is of other pictures, or of another way to name or store them"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)


def apart(source: Path, destination: Path) -> None:
    """Raise BadDestination where one of the two lies in the other: a run must not read what it writes."""
    one, other = source.resolve(), destination.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise BadDestination(
            f"{destination} and {source} lie in one another", hint="choose a destination outside of the source"
        )


@contextlib.contextmanager
def locked(folder: Path, *, private: bool = False) -> Iterator[None]:
    """Make the folder and hold it for one run; BadDestination when it cannot be made or another run has it.

    The hold is the system's, on an open file: it ends with the last process of the run, however that ends.

    Parameters
    ----------
    private
        Nobody but its owner may open it, where it is made now.
    """
    here(folder)
    made = not folder.exists()
    try:
        folder.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise BadDestination(f"{folder} cannot be used as a folder: {error.strerror or error}") from error
    try:
        _lock(handle, folder)
        with pool.holding(handle):
            yield
    finally:
        os.close(handle)
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()  # only where nothing was written into it


def _lock(handle: int, folder: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise BadDestination(f"another run is writing to {folder} now", hint="wait for its end") from error
            time.sleep(0.05)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP):  # a file system without locks: go without
                raise
            return None


def look(folder: Path, job: Job) -> Manifest | None:
    """What the folder holds: nothing or a run of this job (None), or this job done (its manifest).

    Raises BadDestination for anything else.
    """
    names = {entry.name for entry in os.scandir(folder)} - {f".{RUN}.part"}
    if FILE in names:
        try:
            manifest = read_manifest(folder)
        except BadManifest as error:
            raise BadDestination(f"{folder} holds a broken data set: {error.message}", hint=_ELSEWHERE) from error
        _refuse(folder, "holds a data set that", job.differs(_done(manifest)))
        return manifest
    if RUN in names:
        _refuse(folder, "holds an interrupted run that", job.differs(_read(folder / RUN)))
    elif names:
        raise BadDestination(f"{folder} is not empty: it holds {min(names)!r}", hint=_ELSEWHERE)
    return None


def shard_size(folder: Path) -> int | None:
    """How many images a shard has of what lies there, a run or a whole data set; None where nobody knows."""
    try:
        if (folder / RUN).exists():
            return _read(folder / RUN).shard
        return max((shard.count for shard in read_manifest(folder).shards), default=None)
    except (BadDestination, BadManifest):  # `look` says what is wrong
        return None


def holds(folder: Path, job: Job) -> bool:
    """Whether the folder holds this job, begun or done."""
    try:
        found = _read(folder / RUN) if (folder / RUN).exists() else _done(read_manifest(folder))
        return not job.differs(found)
    except (BadDestination, BadManifest):
        return False


def _done(manifest: Manifest) -> Job:
    return Job(manifest.scheme, dict(manifest.fields), manifest.fingerprint, manifest.job or "")


def begin(folder: Path, job: Job) -> None:
    """Say in the folder which job is at work."""
    write_file(folder / RUN, json.dumps(_HEAD | asdict(job), indent=1).encode(), sync=True)


_ELSEWHERE = "choose a destination that is empty or does not exist"


def _refuse(folder: Path, holds: str, differs: str) -> None:
    if differs:
        raise BadDestination(f"{folder} {holds} {differs}", hint=_ELSEWHERE)


def _read(path: Path) -> Job:
    try:
        facts = json.loads(path.read_bytes())
        if {name: facts.pop(name, None) for name in _HEAD} != _HEAD:
            raise BadDestination(f"{path} was written by another version of imveil", hint=_ELSEWHERE)
        return Job(**facts)
    except (ValueError, TypeError, AttributeError) as error:
        if isinstance(error, BadDestination):
            raise
        raise BadDestination(f"{path} is damaged", hint=_ELSEWHERE) from error
