"""Decrypt a cipher data set: pixels, names and classes exactly as they were, each picture as its check says.

The owner's proof, fingerprint and sealed table are checked before anything is decoded. A picture that is missing or
altered takes no other along. One that is there already, from an interrupted run, is read and checked instead of
decrypted: a run leaves nothing but the pictures themselves, and a list of those that had to be called otherwise.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from imveil.errors import BadDestination, BadImage, BadInput, BadManifest, brief
from imveil.keys.key import Key
from imveil.owner.run import pool
from imveil.owner.run.place import apart, locked
from imveil.owner.run.progress import Progress, Report, Watch, cannot_write, writing
from imveil.owner.shards import names
from imveil.owner.shards.contents import Contents, Own, contents, expected, find_scheme, read_table
from imveil.owner.shards.fitting import Holds, fitted
from imveil.owner.shards.proof import UNPROVEN, check_key, owned
from imveil.owner.shards.reading import ELSEWHERE, PRIVATE, PUBLIC, DecryptShard, Done, Task, Todo, as_file
from imveil.owner.shards.sealed_table import checks, pixel_digest
from imveil.owner.shards.writing import part
from imveil.schemes.base import Cipher
from imveil.store.files import read_bytes, write_file
from imveil.store.sets import one_image

RENAMED = "renamed.jsonl"
_SMALL = (2000, 1 << 24)  # images and bytes: less than both is done before workers have started


def decrypt_set(
    source: str | Path,
    destination: str | Path,
    key: Key,
    *,
    classes: Collection[str] | None = None,
    ids: Collection[str] | None = None,
    public: bool = False,
    scheme: Own = None,
    workers: int | None = None,
    progress: Watch | None = None,
) -> Report:
    """Restore the pictures of the cipher data set `source` as PNG files in `destination`; go on where a run ended.

    Names, splits and classes are the original ones, with the extension .png; a name that the destination cannot hold is
    shortened and listed in `renamed.jsonl`. Cipher images that are missing or were altered are left out and reported.
    The order of the original source is that of `read_table`.

    Parameters
    ----------
    classes, ids
        Only pictures of these classes, or of these ids (SPLIT/CLASS/NAME).
    public
        Let others than their owner read the pictures, as far as the umask does.
    scheme
        "mine.py:Stripes" or a Scheme, where the data set names one that is not installed.

    Raises
    ------
    WrongKey
        With both fingerprints.
    BadManifest
    NotInvertible
    BadDestination
    BadInput
        For a class or id that the data set has not.
    """
    started, root = time.monotonic(), Path(destination)
    apart(Path(source), root)
    cipher_set, wrong, proven = owned(Path(source), key)
    chosen = find_scheme(cipher_set.manifest.scheme, cipher_set.manifest.fields, scheme)
    held = contents(cipher_set, key)
    with locked(root, private=not public), writing(root):
        paths = names.as_png(held.ids)
        renamed = fitted(paths, Holds.of(root))
        known = {renamed.get(i, path) for i, path in enumerate(paths)}
        tasks = _tasks(held, [renamed.get(i, path) for i, path in enumerate(paths)], _chosen(held, classes, ids))
        total = sum(len(task.pictures) for task in tasks)
        _check_destination(root, known | {part(number) for number in range(len(held.shards))})
        if workers is None:
            small = total < _SMALL[0] and cipher_set.manifest.size < _SMALL[1]
            workers = 1 if small else pool.default_workers()
        results: list[Done] = []
        work = pool.run(DecryptShard, (cipher_set, chosen, root, held.table.version, public), key, tasks, workers)
        with contextlib.closing(work):
            for result in work:
                results.append(result)
                if progress:
                    progress(_progress(results, total, started))
        if renamed:
            lines = [json.dumps({"file": renamed[i], "name": held.ids[i]}) + "\n" for i in sorted(renamed)]
            write_file(root / RENAMED, "".join(lines).encode(), mode=PUBLIC if public else PRIVATE)
    end = _progress(results, total, started)
    rejects = sorted(reject for result in results for reject in result.rejects)
    notes = [] if proven else [f"{source}: {UNPROVEN}"]
    if cipher_set.container.lossy:
        notes.append("pixels carry the loss of JPEG: each file was checked, and not the samples")
    elif chosen.traits.error:
        notes.append(f"{chosen.id} rounds: samples are within {chosen.traits.error} of 255 of what they were")
    if renamed:
        notes.append(f"{len(renamed):,} names cannot be held there and were changed; {root / RENAMED} has both")
    images = end.done - len(rejects)
    already = end.kept == total and not rejects
    return Report(images, end.kept, end.bytes, end.seconds, rejects, already=already, notes=notes, wrong=wrong)


def decrypt_file(
    source: str | Path,
    destination: str | Path,
    key: Key,
    *,
    of: str | Path | None = None,
    public: bool = False,
    scheme: Own = None,
) -> str:
    """The one cipher image of a file into one PNG, by `decrypt_image`; the id of the picture where `of` proves it.

    Parameters
    ----------
    of
        The data set that the image belongs to: its sealed table says which picture it must be.
    public, scheme
        As for `decrypt_set`.

    Raises
    ------
    BadDestination
        Where it cannot be written.
    """
    image, id = decrypt_proven(read_bytes(source), key, str(source), of, scheme)
    try:
        write_file(Path(destination), image, mode=PUBLIC if public else PRIVATE)
    except OSError as error:
        raise cannot_write(Path(destination), error) from error
    return id


def decrypt_image(data: bytes, key: Key, where: str, *, scheme: Own = None) -> bytes:
    """A cipher PNG, or .npz of one image, by what it says of itself, as the PNG file of the picture.

    Nothing proves the result: whoever wrote the file may have written another picture.

    Parameters
    ----------
    where
        Names it in errors.

    Raises
    ------
    BadImage
    WrongKey
    NotInvertible
    """
    return decrypt_proven(data, key, where, None, scheme)[0]


def decrypt_proven(data: bytes, key: Key, where: str, of: str | Path | None, own: Own = None) -> tuple[bytes, str]:
    """As `decrypt_image`, and the id that the picture has in the data set `of`, "" without.

    Raises BadImage too for a picture that is none of that data set.
    """
    image, tag = one_image(data, where)
    if tag is None:
        raise BadImage(
            f"{where} has no chunk imVl, so it does not say how it was encrypted",
            hint="give a cipher PNG as imveil wrote it",
        )
    scheme = find_scheme(tag.scheme, tag.fields, own)
    check_key(key, tag.fingerprint, where)
    if not scheme.material(key, scheme.plain_shape(image.shape)):
        raise BadImage(
            f"{where} says that it is of {scheme.id}, which takes no key: anybody could have made it",
            hint="open it with any viewer of pictures",
        )
    h, w = scheme.plain_shape(image.shape)[:2]
    if tag.size and (tag.size[0] > h or tag.size[1] > w):
        raise BadImage(f"{where} says that its picture is {tag.size[0]}x{tag.size[1]}, of {h}x{w} that are there")
    cipher = Cipher(image[None], None if tag.nonce is None else [tag.nonce], tag.size)
    picture = scheme.decrypt(cipher, key)[0]
    return as_file(picture, tag.depth), "" if of is None else _which(Path(of), key, picture, tag.depth, where, data)


def _which(home: Path, key: Key, picture: Any, depth: int, where: str, data: bytes) -> str:
    """The id of a picture in the data set in `home`, by the check that is sealed there, or the digest of a JPEG."""
    cipher_set, _, proven = owned(home, key)
    if not proven:
        raise BadManifest(f"{home} has no proof of its own, so it proves no picture either")
    if cipher_set.container.lossy:
        held, sha256 = contents(cipher_set, key), hashlib.sha256(data).hexdigest()
        place = dict(zip(held.paths, held.ids, strict=True))
        for entry in cipher_set.entries():
            if entry.sha256 == sha256 and entry.path in place:
                return place[entry.path]
        raise BadImage(f"{where} is no picture of {home}: it was altered, or belongs to another data set")
    table, digest = read_table(cipher_set, key), pixel_digest(picture)
    check = checks(table.version, key)
    for id, row in zip(names.ids(table.rows, table.classes), table.rows, strict=True):
        if row.mac is not None and check(id, picture, depth, digest) == row.mac:
            return id
    raise BadImage(f"{where} decrypts to no picture of {home}: it was altered, or belongs to another data set")


def _chosen(held: Contents, classes: Collection[str] | None, ids: Collection[str] | None) -> set[int] | None:
    """The places in the table of what is asked for; None for all."""
    if classes is None and ids is None:
        return None
    chosen: set[int] = set(range(len(held.ids)))
    if classes is not None:
        unknown = sorted(set(classes) - set(held.table.classes))
        if unknown:
            raise BadInput(
                f"the data set has no class {brief(unknown[0])}", hint=f"it has {', '.join(held.table.classes[:20])}"
            )
        of = {i for i, name in enumerate(held.table.classes) if name in set(classes)}
        chosen &= {i for i, row in enumerate(held.table.rows) if row.label in of}
    if ids is not None:
        place = {id: i for i, id in enumerate(held.ids)} | {path: i for i, path in enumerate(held.paths)}
        lost = [id for id in ids if id not in place]
        if lost:
            raise BadInput(
                f"the data set has no picture {brief(lost[0])}"
                + (f", nor {len(lost) - 1:,} others" if lost[1:] else ""),
                hint="an id is SPLIT/CLASS/NAME as the owner had it",
            )
        chosen &= {place[id] for id in ids}
    return chosen


def _tasks(held: Contents, paths: Sequence[str], chosen: set[int] | None) -> list[Task]:
    """What to restore and where to, shard by shard."""
    tasks = []
    for number, places in enumerate(held.shards):
        wanted = places if chosen is None else [i for i in places if i in chosen]
        if wanted:
            pictures = [Todo(i, held.ids[i], held.paths[i], paths[i], held.table.rows[i]) for i in wanted]
            tasks.append(Task(number, pictures))
    return tasks


def _check_destination(root: Path, known: set[str]) -> None:
    """Nothing may lie there but pictures of this very data set, from an interrupted run."""
    for folder, _, files in os.walk(root):
        for file in files:
            path = (Path(folder) / file).relative_to(root).as_posix()
            if path not in known and path != RENAMED:
                raise BadDestination(f"{root} is not empty: it holds {path!r}", hint=ELSEWHERE)
    for path in known:
        if path.startswith(".imveil-"):
            (root / path).unlink(missing_ok=True)


def _progress(results: list[Done], total: int, started: float) -> Progress:
    done = sum(r.images + len(r.rejects) for r in results)
    return Progress(
        done, total, sum(r.bytes for r in results), time.monotonic() - started, sum(r.kept for r in results)
    )


__all__ = [
    "RENAMED", "check_key", "decrypt_file", "decrypt_image", "decrypt_proven", "decrypt_set", "expected", "find_scheme",
    "read_table",
]  # fmt: skip
