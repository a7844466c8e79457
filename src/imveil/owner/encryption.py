"""Encrypt a data set: a plan of shards fixed at the start, worked on by all cores, whole or resumable at any moment.

The plan follows from the source, the scheme and the key alone, and so does every byte of the result: not from the
number of workers, nor from how often the run was interrupted. Images lie in shards in the order of their keyed names,
so that lists and times of files say nothing of the order of the source.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from imveil.errors import BadDestination, BadDtype, BadInput, BadSource
from imveil.keys.key import Key
from imveil.owner.run import pool
from imveil.owner.run.place import RUN, apart, begin, holds, locked, look, shard_size
from imveil.owner.run.progress import Progress, Reject, Report, Watch, cannot_write
from imveil.owner.shards import labels, writing
from imveil.owner.shards.mixed import of_shapes
from imveil.owner.shards.plan import SHARD, Facts, ShardPlan
from imveil.owner.shards.sealed_table import VERSION, Table
from imveil.owner.shards.sealing import AUTH, seal
from imveil.owner.shards.writing import EncryptShard, ShardDone, Todo
from imveil.owner.sources._likeness import Likeness
from imveil.owner.sources.prepared import Preparation
from imveil.schemes.base import Scheme
from imveil.store.containers.base import find
from imveil.store.files import sync_all, write_file
from imveil.store.manifest import ALL, FILE, NAMES, REJECTED, Manifest, write_manifest
from imveil.store.sets import CipherSet

Make = Callable[..., EncryptShard]  # key, source, scheme, root, container, classes: as `EncryptShard`


def encrypt_set(
    source: Any,
    destination: str | Path,
    scheme: Scheme,
    key: Key,
    *,
    keep_names: bool = False,
    hide_labels: bool = False,
    container: str | None = None,
    workers: int | None = None,
    engine: pool.Engine = pool,
    strict: bool = False,
    make: Make = EncryptShard,
    progress: Watch | None = None,
    present: Callable[[CipherSet], None] = CipherSet.check_present,
) -> Report:
    """Encrypt all pictures of `source` into the cipher data set `destination`; go on where an earlier run ended.

    Parameters
    ----------
    source
        What `open_source` gives, or its argument.
    keep_names
        Cipher images are called as the pictures are; the default is a name from the key.
    hide_labels
        Classes are called class-0, class-1, ... in an order from the key.
    container
        How cipher images are stored: "folder" (PNG files), "npz", "parquet", "safetensors", "webdataset"; None: a
        folder where they are bytes, else npz.
    workers
        Processes; None: as many as there are cores, one for a small set.
    engine
        What runs them: the pool of processes on this machine, or a `Cluster`; every byte of the result is the same.
    strict
        Stop at the first picture that cannot be encrypted, with BadSource; else pictures that cannot be read, or that
        the scheme does not take, are left out and reported.
    make
        What gives the work of a worker.
    present
        How a finished set is looked at.

    Raises
    ------
    BadDestination
    BadSource
    UnknownName
    BadDtype
        Where the container cannot hold the cipher images.
    """
    store = pick_container(scheme, container)
    if isinstance(source, (str, Path)):
        from imveil.owner.sources import open_source

        source = open_source(source)
    spec = getattr(source, "spec", "")
    if spec and Path(spec).exists():
        apart(Path(spec), Path(destination))
    root, started = Path(destination), time.monotonic()
    work = make(key, source, scheme, root, store)
    plan = ShardPlan.of(work, keep_names, hide_labels, most=SHARD)
    with locked(root):
        begun = shard_size(root)
        if begun not in (None, plan.job.shard):
            again = ShardPlan.of(work, keep_names, hide_labels, begun)
            plan = again if holds(root, again.job) else plan
        done = look(root, plan.job)
        if done is not None and _finished(root, done, plan, present):
            left_out = list(getattr(source, "left_out", ()))
            return Report(done.count, done.count, done.size, 0.0, already=True, wrong=left_out)
        try:
            if done is not None:
                _reopen(root, done, plan, key)
            begin(root, plan.job)
            (root / FILE).unlink(missing_ok=True)
            if workers is None:
                workers = 1 if plan.small and engine is pool else engine.default_workers()
            results: list[ShardDone] = []
            facts = Facts(plan.items)
            parts = (source, scheme, root, store, plan.shown, strict)
            run = engine.run(make, parts, key, plan.tasks, workers)
            with contextlib.closing(run):  # an exception in here ends the workers now, not when it is forgotten
                for result in run:
                    results.append(facts.add(result))
                    if progress:
                        progress(_progress(results, plan, started))
            report = _close(
                root, plan, scheme, key, sorted(results), facts, time.monotonic() - started,
                dict(getattr(source, "prepared", {})),
            )  # fmt: skip
            return replace(report, wrong=[*report.wrong, *getattr(source, "left_out", ())])
        except OSError as error:
            raise cannot_write(root, error) from error


def encrypt_file(
    source: str | Path,
    destination: str | Path,
    scheme: Scheme,
    key: Key,
    *,
    form: str | None = None,
    prepare: Preparation | None = None,
    like: Likeness | None = None,
    container: str | None = None,
    force: bool = False,
) -> None:
    """Encrypt one picture into one cipher PNG, .npz file or JPEG, as the name of the file says; its id is its own name.

    Parameters
    ----------
    form
        "dicom" or "dicom-window" for a DICOM file, which one that ends with .dcm is in any case.
    prepare
        What is done to it before.
    like
        What it must be like, in size and channels.
    container
        "jpeg:QUALITY:CHROMA" for a JPEG; of 90 and 444 unless given.
    force
        Replace the file that is there.

    Raises
    ------
    BadInput
        For a JPEG where the scheme does not survive it.
    BadImage
    BadDtype
    BadShape
    BadDestination
        Where it cannot be written.
    """
    from imveil.owner.sources import read_one

    target = Path(destination)
    suffix = target.suffix.lower()
    own = {".npz": "npz", ".jpg": container or "jpeg", ".jpeg": container or "jpeg"}.get(suffix, "folder")
    store = find(pick_container(scheme, own))
    picture = read_one(Path(source), form)
    picture = prepare(picture) if prepare else picture
    picture = like.fitted(picture) if like else picture
    if target.exists() and not force:
        raise BadDestination(f"{target} exists already", hint="choose another name, or overwrite it with --force")
    store.check(picture.pixels.shape[2], picture.depth)
    todo = Todo(0, Path(source).name, "")
    ((image, tag),) = writing.encrypted(scheme, key, [todo], [picture.pixels], picture.depth)
    try:
        write_file(target, store.one("picture", image, tag))
    except OSError as error:
        raise cannot_write(target, error) from error


def pick_container(scheme: Scheme, asked: str | None = None) -> str:
    """The container `asked` for, or the one for the scheme's kind of numbers.

    Raises UnknownName, and BadDtype where it cannot hold them.
    """
    dtype = scheme.traits.dtype
    name = asked or ("folder" if dtype == "uint8" else "npz")
    if dtype not in find(name).dtypes:
        raise BadDtype(f"cipher images of {scheme.id} are {dtype}, a PNG holds uint8 only", hint="store them as .npz")
    if find(name).lossy and not scheme.traits.survives_jpeg:
        raise BadInput(
            f"cipher images of {scheme} do not survive JPEG",
            hint="etc/1 with block=16 and etc-grey/1 do; see docs/jpeg.md",
        )
    return f"{name}:90:444" if name == "jpeg" else name


def jpeg_of(container: str) -> dict[str, int] | None:
    """Quality and chroma in the name of a container, "jpeg:90:444"; None where it has none."""
    _, colon, options = container.partition(":")
    return dict(zip(("quality", "chroma"), map(int, options.split(":")), strict=True)) if colon else None


def container_of(manifest: Manifest) -> str:
    """The name of the container of a data set, with its options."""
    jpeg = manifest.jpeg
    return f"{manifest.container}:{jpeg['quality']}:{jpeg['chroma']}" if jpeg else manifest.container


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _progress(results: list[ShardDone], plan: ShardPlan, started: float) -> Progress:
    images = sum(r.shard.count + len(r.rejects) for r in results)
    size, kept = sum(r.shard.bytes for r in results), sum(r.shard.count for r in results if r.kept)
    return Progress(images, len(plan.items), size, time.monotonic() - started, kept)


def _close(
    root: Path,
    plan: ShardPlan,
    scheme: Scheme,
    key: Key,
    results: list[ShardDone],
    rows: Facts,
    seconds: float,
    prepared: dict[str, str],
) -> Report:
    """Everything is in place but what says so: rejects, sealed table, manifest; then the traces of the run go."""
    rejects = sorted(reject for result in results for reject in result.rejects)
    if len(rejects) == len(plan.items):
        _undo(root, plan)
        raise BadSource(f"none of the {len(rejects)} pictures could be encrypted; the first: {rejects[0].reason}")
    listed = b"".join(_told(reject, plan) for reject in rejects)
    if rejects:
        write_file(root / REJECTED, listed, sync=True)
    else:
        (root / REJECTED).unlink(missing_ok=True)
    sealed = Table(plan.classes, plan.keep_names, rows, plan.hide_labels).sealed(key)
    write_file(root / NAMES, sealed, sync=True)
    sync_all(root)  # images of a folder are not waited for one by one: a run that goes on reads every byte again
    counts = Counter(row.split or ALL for row in rows if row.mac is not None)
    manifest = Manifest(
        container=plan.container.partition(":")[0],
        jpeg=jpeg_of(plan.container),
        scheme=scheme.id,
        fields=scheme.config(),
        traits=_traits(scheme),
        fingerprint=key.fingerprint,
        classes=plan.shown,
        splits={split: counts[split] for split in plan.splits},
        shards=[result.shard for result in results],
        job=plan.job.digest,
        rejected=len(rejects),
        names=hashlib.sha256(sealed).hexdigest(),
        rejects=hashlib.sha256(listed).hexdigest() if rejects else None,
        preparation=prepared,
        class_check=labels.digest(plan.classes, key) if plan.classes else None,
    )
    write_file(root / AUTH, seal(manifest.to_bytes(), key, "manifest"), sync=True)
    write_manifest(root, manifest)
    _sweep(root, plan)
    size, kept = sum(r.shard.bytes for r in results), sum(r.shard.count for r in results if r.kept)
    shapes = sum((Counter(result.shapes) for result in results), Counter())
    notes = of_shapes(shapes, sum(result.greys for result in results), scheme)
    return Report(len(rows) - len(rejects), kept, size, seconds, rejects, notes=notes)


def _finished(root: Path, manifest: Manifest, plan: ShardPlan, present: Callable[[CipherSet], None]) -> bool:
    """Whether nothing is left to do. Pictures that were rejected are tried again: they may have been mended."""
    if manifest.rejected:
        return False
    present(CipherSet(root, manifest))
    _sweep(root, plan)
    return True


def _reopen(root: Path, manifest: Manifest, plan: ShardPlan, key: Key) -> None:
    """Turn a complete set with rejects into an interrupted run: each shard gets its sealed facts back."""
    table = Table.opened((root / NAMES).read_bytes(), key, str(root / NAMES))
    if table.version != VERSION:  # its checks are of another kind: everything is done anew
        return
    for (number, pictures, _), shard in zip(plan.tasks, manifest.shards, strict=True):
        rows = ((todo.at, table.rows[todo.at]) for todo in pictures)
        facts = sorted((at, row.depth, row.mac) for at, row in rows if row.mac is not None)
        writing.write_sidecar(root, number, shard, facts, key, root / writing.part(number))


def _sweep(root: Path, plan: ShardPlan) -> None:
    for number in range(len(plan.tasks)):
        for name in (writing.sidecar(number), writing.part(number)):
            with contextlib.suppress(FileNotFoundError):
                (root / name).unlink()
    (root / RUN).unlink(missing_ok=True)


def _undo(root: Path, plan: ShardPlan) -> None:
    """Take away what a run wrote that encrypted nothing."""
    _sweep(root, plan)
    for task in plan.tasks:
        (root / find(plan.container).file_name(task.number, task.split)).unlink(missing_ok=True)
    within = {root / name for name in plan.tasks.folders()}
    for folder in sorted({parent for path in within for parent in (path, *path.parents)}, reverse=True):
        if root in folder.parents:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _told(reject: Reject, plan: ShardPlan) -> bytes:
    """One line of `rejected.jsonl`. It lies where the cloud reads: it tells where no picture lies, nor a picture's
    name unless all do, nor its class where labels are hidden."""
    named = {"name": reject.id} if plan.keep_names and not plan.hide_labels else {}
    return json.dumps({"file": reject.path, **named, "reason": _without_places(reject)}).encode() + b"\n"


def _without_places(reject: Reject) -> str:
    """The reason without names, folders and digests; what it says is said of the file."""
    reason = reject.reason
    for name in (reject.id, reject.id.partition("/")[2], reject.path, _name(reject.id)):
        if name and name in reason:
            reason = reason.rpartition(name)[2].lstrip(" :")
    reason = re.sub(r"[^\s:;,]*/[^\s:;,]*", "...", reason)
    return re.sub(r": its SHA-256 should be [0-9a-f]{64}, it is [0-9a-f]{64}", "", reason)


def _traits(scheme: Scheme) -> dict[str, Any]:
    traits: dict[str, Any] = json.loads(json.dumps(asdict(scheme.traits)))
    return traits
