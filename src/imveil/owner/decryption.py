"""Decrypt a cipher data set: pixels, names and classes exactly as they were, each picture as its check says.

Fingerprint, sealed table, lists and sizes are checked before anything is written. A picture that is there already,
from an interrupted run, is read and checked instead of decrypted: a run leaves nothing but the pictures themselves.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path
from typing import Any

import imveil
from imveil.errors import BadDestination, BadImage, BadManifest, BadShard, NotInvertible, WrongKey
from imveil.keys.key import Key
from imveil.owner.run import pool
from imveil.owner.run.place import apart, locked
from imveil.owner.run.progress import Progress, Report, Watch, cannot_write
from imveil.owner.shards import labels, names
from imveil.owner.shards.reading import ELSEWHERE, Done, Task, Todo, as_file, make
from imveil.owner.shards.sealed_table import Table
from imveil.owner.shards.writing import part
from imveil.schemes.base import Cipher, Scheme
from imveil.store.files import read_bytes, write_file
from imveil.store.manifest import NAMES
from imveil.store.sets import CipherSet, one_image, open_set

_SMALL = (2000, 1 << 24)  # images and bytes: less than both is done before workers have started


def decrypt_set(
    source: str | Path,
    destination: str | Path,
    key: Key,
    *,
    workers: int | None = None,
    progress: Watch | None = None,
) -> Report:
    """Restore the pictures of the cipher data set `source` as PNG files in `destination`; go on where a run ended.

    Names, splits and classes are the original ones, with the extension .png. Cipher images that were altered are left
    out and reported. The order of the original source is that of `read_table`.

    Raises WrongKey with both fingerprints, BadManifest, BadShard, NotInvertible, BadDestination.
    """
    started, root = time.monotonic(), Path(destination)
    apart(Path(source), root)
    cipher_set = open_set(source)
    scheme = find_scheme(cipher_set.manifest.scheme, cipher_set.manifest.fields)
    check_key(key, cipher_set.manifest.fingerprint, str(source))
    table = read_table(cipher_set, key)
    tasks = _plan(cipher_set, table, key)
    total = sum(len(task.pictures) for task in tasks)
    if workers is None:
        small = total < _SMALL[0] and sum(s.bytes for s in cipher_set.manifest.shards) < _SMALL[1]
        workers = 1 if small else pool.default_workers()
    with locked(root):
        _check_destination(root, tasks)
        results: list[Done] = []
        try:
            work = pool.run(make, (cipher_set, scheme, root, table.version), key, tasks, workers)
            with contextlib.closing(work):
                for result in work:
                    results.append(result)
                    if progress:
                        progress(_progress(results, total, started))
        except OSError as error:
            raise cannot_write(root, error) from error
    end = _progress(results, total, started)
    rejects = sorted(reject for result in results for reject in result.rejects)
    images = end.done - len(rejects)
    return Report(images, end.kept, end.bytes, end.seconds, rejects, already=end.kept == total)


def read_table(cipher_set: CipherSet, key: Key) -> Table:
    """The sealed table of a data set: classes, and splits, labels and names in the order of the source."""
    file = cipher_set.path / NAMES
    if cipher_set.manifest.names is None:
        raise BadManifest(f"{cipher_set.path} has no table of names, so it cannot be decrypted as a whole")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadManifest(f"{file} cannot be read: {error.strerror or error}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != cipher_set.manifest.names:
        raise BadManifest(f"{file} was altered: its SHA-256 should be {cipher_set.manifest.names}, it is {found}")
    return Table.opened(data, key, str(file))


def find_scheme(id: str, fields: Any) -> Scheme:
    """The scheme of a manifest or tag, if it can be decrypted; else NotInvertible with the reason."""
    scheme = imveil.find(id, **fields)
    if not scheme.traits.invertible:
        raise NotInvertible(f"{scheme.id} {scheme.why_not_invertible}")
    return scheme


def check_key(key: Key, fingerprint: str, what: str) -> None:
    """Raise WrongKey where `what` was encrypted under another key."""
    if key.fingerprint != fingerprint:
        raise WrongKey(
            f"{what} was encrypted under key {fingerprint}, this is key {key.fingerprint}", hint="use the other key"
        )


def decrypt_file(source: str | Path, destination: str | Path, key: Key) -> None:
    """The one cipher image of a file into one PNG, by `decrypt_image`. BadDestination where it cannot be written."""
    data = decrypt_image(read_bytes(source), key, str(source))
    try:
        write_file(Path(destination), data)
    except OSError as error:
        raise cannot_write(Path(destination), error) from error


def decrypt_image(data: bytes, key: Key, where: str) -> bytes:
    """A cipher PNG, or .npz of one image, by what it says of itself, as the PNG file of the picture.

    where: names it in errors. There is nothing to check the result by. Raises BadImage, WrongKey, NotInvertible.
    """
    image, tag = one_image(data, where)
    if tag is None:
        raise BadImage(
            f"{where} has no chunk imVl, so it does not say how it was encrypted",
            hint="give a cipher PNG as 'imveil encrypt' wrote it",
        )
    scheme = find_scheme(tag.scheme, tag.fields)
    check_key(key, tag.fingerprint, where)
    cipher = Cipher(image[None], None if tag.nonce is None else [tag.nonce], tag.size)
    return as_file(scheme.decrypt(cipher, key)[0], tag.depth)


def expected(cipher_set: CipherSet, table: Table, key: Key) -> tuple[list[str], list[str]]:
    """Id, and path of the cipher image, of every row of the table. BadManifest where classes are others."""
    seen = labels.hide(table.rows, table.classes, key) if table.hide_labels else (table.rows, table.classes)
    if seen[1] != cipher_set.manifest.classes:
        raise BadManifest(f"the classes of {cipher_set.path} are not those that were sealed")
    ids, extension = names.ids(table.rows, table.classes), cipher_set.container.extension
    return ids, names.cipher_paths(table.rows, table.classes, key, table.keep_names, extension, seen)


def _plan(cipher_set: CipherSet, table: Table, key: Key) -> list[Task]:
    """What to restore and where to; every list and file is looked at. BadShard where they are not what was sealed."""
    cipher_set.check_present()
    ids, paths = expected(cipher_set, table, key)
    plain = names.as_png(ids)
    where = {path: i for i, path in enumerate(paths) if table.rows[i].mac is not None}
    tasks = []
    for number, shard in enumerate(cipher_set.manifest.shards):
        pictures = []
        for entry in cipher_set.shard(shard):
            i = where.pop(entry.path, None)
            if i is None:
                raise BadShard(f"{cipher_set.path / entry.path} is no picture that was encrypted, or is listed twice")
            pictures.append(Todo(i, ids[i], entry, plain[i], table.rows[i]))
        tasks.append(Task(number, pictures))
    if where:
        raise BadShard(f"{len(where)} pictures that were encrypted are missing; the first: {min(where)}")
    return tasks


def _check_destination(root: Path, tasks: list[Task]) -> None:
    """Nothing may lie there but pictures of this very data set, from an interrupted run."""
    known = {todo.path for task in tasks for todo in task.pictures} | {part(task.number) for task in tasks}
    for folder, _, files in os.walk(root):
        for file in files:
            path = (Path(folder) / file).relative_to(root).as_posix()
            if path not in known:
                raise BadDestination(f"{root} is not empty: it holds {path!r}", hint=ELSEWHERE)
    for task in tasks:
        (root / part(task.number)).unlink(missing_ok=True)


def _progress(results: list[Done], total: int, started: float) -> Progress:
    done = sum(r.images + len(r.rejects) for r in results)
    return Progress(
        done, total, sum(r.bytes for r in results), time.monotonic() - started, sum(r.kept for r in results)
    )
