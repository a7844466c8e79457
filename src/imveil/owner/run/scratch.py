"""Scratch: the cipher images of a set one by one in files, to be read in another order than they lie in.

A shard that is one file is read as a whole. Re-keying orders pictures anew, and would read each shard once for every
new one; with a scratch beside the destination each is read once. It holds cipher images under the old key, nothing
plain.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imveil.errors import StoreProblem
from imveil.keys.key import Key
from imveil.owner.run import pool
from imveil.store.containers import npz
from imveil.store.containers._single import Single
from imveil.store.containers.base import Packed
from imveil.store.files import write_file
from imveil.store.sets import CipherSet

FEW = 4  # shards that may be read again and again


@contextlib.contextmanager
def scratch(
    cipher_set: CipherSet, destination: Path, key: Key, workers: int | None, engine: pool.Engine
) -> Iterator[Path | None]:
    """A folder beside `destination` with every image of the set, gone when the block ends well; None where none is
    needed. What an interrupted run had there is used again.

    Parameters
    ----------
    key
        Any; the workers have to have one.
    """
    manifest, home = cipher_set.manifest, destination.with_name(f"{destination.name}.rekey")
    if not isinstance(cipher_set.container, Single) or len(manifest.shards) <= FEW:
        yield None
        return
    folder = home / manifest.sha256[:16]
    folder.mkdir(parents=True, exist_ok=True)
    count = engine.default_workers() if workers is None else workers
    with contextlib.closing(engine.run(make, (cipher_set, folder), key, range(len(manifest.shards)), count)) as run:
        for _ in run:
            pass
    yield folder
    shutil.rmtree(home, ignore_errors=True)


def read(folder: Path, number: int, position: int, path: str) -> Packed | None:
    """The image `path` of shard `number`; None where it is not there, because the shard or the image is broken."""
    file = _file(folder, number, position)
    return npz.unpack(file.read_bytes()).get(path) if file.exists() else None


@dataclass(frozen=True)
class Spread:
    """The work of one worker: the images of a shard, each into its file."""

    cipher_set: CipherSet
    folder: Path

    def __call__(self, number: int, stop: pool.Stop) -> int:
        """The number of the shard, which is done when its folder is there."""
        target, aside = self.folder / f"{number:05}", self.folder / f".{number:05}.part"
        if target.exists():
            return number
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        with contextlib.suppress(StoreProblem):  # it is told when the image is wanted
            opened = self.cipher_set.container.open(self.cipher_set.path, self.cipher_set.manifest.shards[number])
            for position, (line, found) in enumerate(zip(opened.lines, opened.read(opened.lines), strict=True)):
                if stop():
                    raise pool.Stopped
                if isinstance(found, Packed) and found.tag is not None:
                    write_file(aside / f"{position}.npz", npz.pack([(line.path, found.image, found.tag)]))
        aside.rename(target)
        return number


def make(key: Key, cipher_set: CipherSet, folder: Path) -> Spread:
    """The work of one worker."""
    del key
    return Spread(cipher_set, folder)


def _file(folder: Path, number: int, position: int) -> Path:
    return folder / f"{number:05}" / f"{position}.npz"
