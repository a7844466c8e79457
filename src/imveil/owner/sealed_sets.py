"""Sealed data sets: a cipher data set as sealed files, for the time it lies or travels where nobody should read it.

    imveil.sealed                      a tar of the manifest, its proof, the sealed table and the list of rejects
    imveil-shard-00000.sealed ...      a tar of the files of each shard, bound to its number and to the manifest

The key may be any: the owner's own, or one that was shared with whoever is to unseal. Nothing in the folder tells
names, classes or how many pictures there are. `imveil.sealed` is written last, and a run that was interrupted goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, NamedTuple

from imveil.errors import BadDestination, BadManifest, BadShard, KeyProblem, StoreProblem, WrongKey
from imveil.keys.key import Key
from imveil.owner.run import pool
from imveil.owner.run.place import RUN, Job, apart, begin, locked, look
from imveil.owner.run.progress import Progress, Report, Watch, writing
from imveil.owner.shards.labels import shown
from imveil.owner.shards.proof import owned
from imveil.owner.shards.sealed_file import SealedReader, SealedWriter
from imveil.owner.shards.sealing import AUTH
from imveil.owner.shards.strangers import strangers
from imveil.owner.verification import Verdict
from imveil.statuses import status_of
from imveil.store.files import opened_regular, read_regular, sync_all, sync_folder
from imveil.store.manifest import FILE, NAMES, SEALED, Manifest, Shard
from imveil.store.sets import CipherSet, open_set

_BESIDE = (AUTH, NAMES, "rejected.jsonl", FILE)  # the manifest at the end: a set is there when it is
_SMALL = 1 << 26  # bytes: less is done before workers have started


class Task(NamedTuple):
    """One shard, and where its files are sealed to or unsealed from."""

    number: int
    shard: Shard

    @property
    def file(self) -> str:
        """The sealed file."""
        return f"imveil-shard-{self.number:05}.sealed"


class Done(NamedTuple):
    """What came of a shard. kept: done by an earlier run."""

    images: int
    bytes: int
    kept: bool


def seal_set(
    source: str | Path,
    destination: str | Path,
    key: Key,
    *,
    move: bool = False,
    workers: int | None = None,
    progress: Watch | None = None,
) -> Report:
    """Seal the cipher data set `source` into the folder `destination`; go on where an earlier run ended.

    Every byte is checked against the manifest before it is sealed.

    Parameters
    ----------
    move
        Take each shard's own files away when it is sealed, and the rest of the source at the end.

    Raises
    ------
    BadManifest
    BadShard
    BadDestination
    """
    apart(Path(source), Path(destination))
    cipher_set, root = _source(Path(source), key), Path(destination)
    manifest = cipher_set.manifest
    job = _job(manifest, key, "seal")
    with locked(root), writing(root):
        if (root / SEALED).exists():
            if _opened(root, key).sha256 != manifest.sha256:
                raise BadDestination(f"{root} holds another sealed data set", hint="choose an empty destination")
            (root / RUN).unlink(missing_ok=True)
            return Report(manifest.count, manifest.count, 0, 0.0, already=True)
        look(root, job)
        begin(root, job)
        work = (cipher_set, root, manifest.sha256, move)
        report = replace(_run(SealShard, work, key, manifest, workers, progress), notes=[_facts_of(manifest)])
        _sweep(root)
        with _aside(root / SEALED) as out, SealedWriter(out, key, "set") as sealed:
            present = [(name, "") for name in _BESIDE if (cipher_set.path / name).exists()]
            _pack(cipher_set.path, present, sealed)
        (root / RUN).unlink(missing_ok=True)
        if move:
            for name, _ in present:
                (cipher_set.path / name).unlink()
            _tidy(cipher_set.path)
        return report


def _facts_of(manifest: Manifest) -> str:
    """What is sealed, for whoever archives it or sends it."""
    count = len(manifest.classes)
    classes = (
        f"{count:,} classes, {'hidden' if manifest.classes == shown(count) else 'named'}" if count else "no classes"
    )
    return f"sealed: {classes}; {manifest.scheme}: {status_of(manifest.scheme, manifest.fields)}"


def unseal_set(
    source: str | Path,
    destination: str | Path,
    key: Key,
    *,
    workers: int | None = None,
    progress: Watch | None = None,
) -> Report:
    """Restore the cipher data set that was sealed into `source`, byte for byte; go on where an earlier run ended.

    Raises WrongKey, BadManifest, BadShard with the name of the file that was altered, dropped or exchanged.
    """
    apart(Path(source), Path(destination))
    home, root = Path(source), Path(destination)
    manifest = _opened(home, key)
    job = _job(manifest, key, "unseal")
    with locked(root), writing(root):
        if (root / FILE).exists():
            if open_set(root).manifest.sha256 != manifest.sha256:
                raise BadDestination(f"{root} holds another data set", hint="choose an empty destination")
            (root / RUN).unlink(missing_ok=True)
            return Report(manifest.count, manifest.count, 0, 0.0, already=True)
        look(root, job)
        begin(root, job)
        report = _run(UnsealShard, (home, root, manifest), key, manifest, workers, progress)
        _sweep(root)
        sync_all(root)
        with _tar(home / SEALED, key, "set") as tar:
            for member in tar:
                if member.name not in _BESIDE:
                    raise BadShard(f"{home / SEALED} holds {member.name!r}, which is no file of a data set")
                _extract(tar, member, root / member.name)
        (root / RUN).unlink(missing_ok=True)
        return report


def check_sealed(source: str | Path, key: Key) -> Verdict:
    """Read every byte of a sealed data set: the verdict has a line for each sealed file that is not what it was.

    Raises WrongKey, BadManifest, BadShard where the set says nothing at all.
    """
    home = Path(source)
    manifest = _opened(home, key)
    known, wrong = {SEALED}, []
    for number, shard in enumerate(manifest.shards):
        task = Task(number, shard)
        known.add(task.file)
        try:
            with opened_regular(home / task.file) as file:
                reader = SealedReader(file, key, _purpose(task, manifest.sha256), str(home / task.file))
                while reader.read(1 << 20):
                    pass
        except OSError as error:
            wrong.append(f"{home / task.file} cannot be read: {error.strerror or error}")
        except (StoreProblem, KeyProblem) as error:
            wrong.append(error.message)
    wrong += strangers(home, known)
    return Verdict.of(manifest, True, wrong)


def _source(home: Path, key: Key) -> CipherSet:
    """The data set to seal. BadManifest where the key is its owner's and it is not as he wrote it: what is sealed is
    believed later."""
    try:
        cipher_set, wrong, _ = owned(home, key)
    except WrongKey:  # it may be sealed for somebody else
        return open_set(home)
    if wrong:
        raise BadManifest(wrong[-1], hint="imveil verify --key tells what was changed")
    return cipher_set


def _job(manifest: Manifest, key: Key, what: str) -> Job:
    digest = key.derive("imveil", "job").mac(f"{what} {manifest.sha256}".encode()).hex()
    return Job(manifest.scheme, dict(manifest.fields), manifest.fingerprint, digest)


def _run(
    make: object, parts: tuple[object, ...], key: Key, manifest: Manifest, workers: int | None, watch: Watch | None
) -> Report:
    started, results = time.monotonic(), list[Done]()
    tasks = [Task(number, shard) for number, shard in enumerate(manifest.shards)]
    if workers is None:
        workers = 1 if sum(shard.bytes for shard in manifest.shards) < _SMALL else pool.default_workers()
    with contextlib.closing(pool.run(make, parts, key, tasks, workers)) as work:  # type: ignore[arg-type]
        for done in work:
            results.append(done)
            images, kept = sum(r.images for r in results), sum(r.images for r in results if r.kept)
            size, seconds = sum(r.bytes for r in results), time.monotonic() - started
            if watch:
                watch(Progress(images, manifest.count, size, seconds, kept))
    kept, size = sum(r.images for r in results if r.kept), sum(r.bytes for r in results)
    return Report(manifest.count, kept, size, time.monotonic() - started)


@dataclass(frozen=True)
class SealShard:
    """The work of sealing, as `pool.run` calls it."""

    key: Key
    source: CipherSet
    root: Path
    manifest: str
    move: bool

    def __call__(self, task: Task, stop: pool.Stop) -> Done:
        """Seal one shard, or find that it is sealed."""
        if stop():
            raise pool.Stopped
        target, purpose = self.root / task.file, _purpose(task, self.manifest)
        kept = _whole(target, self.key, purpose)
        if not kept:
            files = self.source.container.files(self.source.path, task.shard)
            with _aside(target) as out, SealedWriter(out, self.key, purpose) as sealed:
                _pack(self.source.path, files, sealed)
        if self.move:
            with contextlib.suppress(StoreProblem):  # an earlier run may have been interrupted while it did this
                for name, _ in reversed(self.source.container.files(self.source.path, task.shard)):
                    (self.source.path / name).unlink(missing_ok=True)
        return Done(task.shard.count, target.stat().st_size, kept)


@dataclass(frozen=True)
class UnsealShard:
    """The work of unsealing."""

    key: Key
    home: Path
    root: Path
    manifest: Manifest

    def __call__(self, task: Task, stop: pool.Stop) -> Done:
        """Unseal one shard, or find that its files are there and right."""
        if stop():
            raise pool.Stopped
        store = CipherSet(self.root, self.manifest).container
        with contextlib.suppress(StoreProblem):
            store.verify(self.root, task.shard)
            return Done(task.shard.count, task.shard.bytes, kept=True)
        with _tar(self.home / task.file, self.key, _purpose(task, self.manifest.sha256)) as tar:
            first = tar.next()
            if first is None or first.name != task.shard.file:
                raise BadShard(f"{self.home / task.file} is not sealed as imveil does")
            _extract(tar, first, self.root / first.name)
            known = {name for name, _ in store.files(self.root, task.shard)}
            for member in tar:
                if member.name not in known:
                    raise BadShard(f"{self.home / task.file} holds {member.name!r}, which is no file of this shard")
                # Images are not synced one by one: a run that goes on reads every byte of them again.
                _extract(tar, member, self.root / member.name, sync=False)
        store.verify(self.root, task.shard)
        return Done(task.shard.count, task.shard.bytes, kept=False)


def _purpose(task: Task, manifest: str) -> str:
    return f"shard {task.number} of {manifest}"


def _whole(file: Path, key: Key, purpose: str) -> bool:
    """Whether a sealed file is there, and every chunk of it opens."""
    try:
        with opened_regular(file) as sealed:
            reader = SealedReader(sealed, key, purpose, str(file))
            while reader.read(1 << 20):
                pass
    except (OSError, StoreProblem, KeyProblem):
        return False
    return True


def _opened(home: Path, key: Key) -> Manifest:
    """The manifest inside a sealed data set. Raises BadManifest where there is none."""
    file = home / SEALED
    if not file.is_file():
        raise BadManifest(f"{home} is no sealed data set: it has no {SEALED}")
    with _tar(file, key, "set") as tar:
        for member in tar:
            if member.name == FILE:
                found = tar.extractfile(member)
                return Manifest.from_bytes(found.read() if found else b"", f"{file}: {FILE}")
    raise BadManifest(f"{file} holds no manifest")


def _pack(home: Path, files: list[tuple[str, str]], out: Any) -> None:
    """A tar of these files, digests checked where they are given, without times, owners and modes."""
    with tarfile.open(fileobj=out, mode="w|", bufsize=1 << 20, format=tarfile.PAX_FORMAT) as tar:
        for name, digest in files:
            path = home / name
            try:
                data = read_regular(path)
            except OSError as error:
                raise BadShard(f"{path} cannot be read: {error.strerror or error}") from error
            found = hashlib.sha256(data).hexdigest()
            if digest and found != digest:
                raise BadShard(f"{path} was altered: its SHA-256 should be {digest}, it is {found}")
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))


@contextlib.contextmanager
def _tar(file: Path, key: Key, purpose: str) -> Iterator[tarfile.TarFile]:
    try:
        with (
            opened_regular(file) as sealed,
            io.BufferedReader(SealedReader(sealed, key, purpose, str(file)), 1 << 17) as reader,
            tarfile.open(fileobj=reader, mode="r:") as tar,
        ):
            yield tar
    except (tarfile.TarError, KeyError) as error:
        raise BadShard(f"{file} is not sealed as imveil does: {error}") from error
    except FileNotFoundError as error:
        if error.filename not in (None, str(file), file):
            raise
        raise BadShard(f"{file} is missing", hint="ask for it again where the data set came from") from error


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, *, sync: bool = True) -> None:
    found = tar.extractfile(member) if member.isreg() and not member.issparse() else None
    if found is None:
        raise BadShard(f"{member.name!r} is no file")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _aside(target, sync=sync) as out:
        shutil.copyfileobj(found, out, 1 << 20)


@contextlib.contextmanager
def _aside(target: Path, *, sync: bool = True) -> Iterator[IO[bytes]]:
    """A file to write beside `target`, moved into place at the end; nothing of it is left after an error."""
    aside = target.with_name(f".{target.name}.part")
    try:
        with open(aside, "wb") as out:
            yield out
            out.flush()
            if sync:
                os.fsync(out.fileno())
        aside.replace(target)
        if sync:
            sync_folder(target.parent)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _sweep(root: Path) -> None:
    """Take away what a killed worker began to write and another finished."""
    for begun in root.rglob(".*.part"):
        begun.unlink(missing_ok=True)


def _tidy(root: Path) -> None:
    """Take away the folders that are empty now, `root` last."""
    folders = sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True)
    for folder in [*folders, root]:
        with contextlib.suppress(OSError):
            folder.rmdir()
