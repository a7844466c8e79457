"""Encrypt into a folder that is elsewhere: each shard is made in a temporary folder, sent, and forgotten. The temporary
folder holds cipher images and sealed facts only. Plan, bytes and markers are those of a run on this machine.

Object stores have no locks: two runs at once on one destination are told apart only when their jobs differ. Two of the
same job write the same bytes and do no harm.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from imveil.errors import BadDestination, BadShard, ImveilError
from imveil.keys.key import Key
from imveil.owner.encryption import encrypt_set
from imveil.owner.run import pool
from imveil.owner.run.place import RUN
from imveil.owner.run.progress import Report
from imveil.owner.shards import writing
from imveil.owner.shards.sealing import AUTH, unseal
from imveil.owner.shards.writing import EncryptShard, ShardDone, ShardTask
from imveil.schemes.base import Scheme
from imveil.store.containers._single import Single
from imveil.store.containers.base import find
from imveil.store.far import Far
from imveil.store.manifest import FILE, NAMES, REJECTED, Shard
from imveil.store.sets import CipherSet

_DESK = (FILE, RUN, NAMES, AUTH, REJECTED)


def encrypt_far(source: Any, url: str, scheme: Scheme, key: Key, engine: pool.Engine = pool, **options: Any) -> Report:
    """As `encrypt_set`, to the folder at `url`. Raises BadDestination too where it cannot be reached."""
    far = Far(url)
    there = far.list()
    own = [name for name in _DESK if name in there]
    if there and not {FILE, RUN} & set(own):
        raise BadDestination(
            f"{far.name} is not empty: it holds {min(there)!r}", hint="choose a destination that is empty or not there"
        )
    with tempfile.TemporaryDirectory(prefix="imveil-desk-") as folder:
        desk = Path(folder)
        for name in own:
            (desk / name).write_bytes(far.read(name))
        look, sending = _Look(far, there), _Sending(engine, far, desk)
        try:
            report = encrypt_set(source, desk, scheme, key, engine=sending, present=look, **options)
        except ImveilError as error:
            raise type(error)(error.message.replace(folder, far.name), hint=error.hint) from error
        if not report.already:
            written = {path.name: path.read_bytes() for path in desk.iterdir() if path.is_file()}
            last = {FILE: written.pop(FILE)}  # it says that the rest is there
            far.write(written)
            far.write(last)
        left = [name for name in far.list() if _of_a_run(name) or (name == REJECTED and not report.rejected)]
        far.remove(left)
    return report


@dataclass(frozen=True)
class _Sending:
    """An engine whose work sends what it made."""

    engine: pool.Engine
    far: Far
    desk: Path

    def default_workers(self) -> int:
        return self.engine.default_workers()

    def run(
        self, make: Callable[..., Any], parts: tuple[Any, ...], key: Key, tasks: Sequence[Any], workers: int
    ) -> Generator[Any]:
        del make
        there = self.far.list()
        self.far.write({path.name: path.read_bytes() for path in self.desk.iterdir() if _of_a_run(path.name)})
        self.far.remove([FILE] if FILE in there else [])
        yield from self.engine.run(_made, (self.far, *parts), key, tasks, workers)


@dataclass
class _Far:
    """The work of one worker: a shard in a temporary folder, and then elsewhere."""

    far: Far
    work: EncryptShard

    def __call__(self, task: ShardTask, stop: pool.Stop) -> ShardDone:
        with tempfile.TemporaryDirectory(prefix="imveil-shard-") as folder:
            stage, work = Path(folder), replace(self.work, root=Path(folder))
            self._fetch(task, work)
            done = work(task, stop)
            if not done.kept:
                files = {p.relative_to(stage).as_posix(): p.read_bytes() for p in stage.rglob("*") if p.is_file()}
                last = {done.shard.file: files.pop(done.shard.file)}
                self.far.write(files)
                self.far.write(last)
        return done

    def _fetch(self, task: ShardTask, work: EncryptShard) -> None:
        """What an earlier run left of this shard: the work itself finds out whether it is whole."""
        name = writing.sidecar(task.number)
        try:
            sealed = self.far.read(name)
            said, _ = json.loads(unseal(sealed, work.key, f"shard {task.number}", name))
            shard = Shard(**said)
            held = {name: sealed, shard.file: self.far.read(shard.file)}
            for file, data in held.items():
                (work.root / file).write_bytes(data)
            store = find(work.container)
            if not isinstance(store, Single):
                for file, _ in store.files(work.root, shard)[1:]:
                    (work.root / file).parent.mkdir(parents=True, exist_ok=True)
                    (work.root / file).write_bytes(self.far.read(file))
        except Exception:  # nothing there, half of it, or another's: made anew
            shutil.rmtree(work.root)
            work.root.mkdir(mode=0o700)


@dataclass(frozen=True)
class _Look:
    """Whether all files of a finished set are there with their sizes."""

    far: Far
    there: dict[str, int]

    def __call__(self, cipher_set: CipherSet) -> None:
        for shard in cipher_set.manifest.shards:
            store = cipher_set.container
            if shard.file not in self.there:
                raise BadShard(
                    f"{self.far.name}/{shard.file} is missing", hint="take the data set away and make it anew"
                )
            if isinstance(store, Single):
                size = self.there[shard.file]
            else:
                (cipher_set.path / shard.file).write_bytes(self.far.read(shard.file))
                names = [name for name, _ in store.files(cipher_set.path, shard)[1:]]
                size = sum(self.there.get(name, 0) for name in names)
            if size != shard.bytes:
                raise BadShard(
                    f"the images of {self.far.name}/{shard.file} should have {shard.bytes} bytes, they have {size}",
                    hint="take the data set away and make it anew",
                )


def _of_a_run(name: str) -> bool:
    return name == RUN or (name.startswith(".imveil-") and name.endswith((".sealed", ".part")))


def _made(key: Key, far: Far, *parts: Any) -> _Far:
    return _Far(far, EncryptShard(key, *parts))


__all__ = ["encrypt_far"]
