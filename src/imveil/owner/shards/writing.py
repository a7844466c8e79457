"""One shard of pictures, read, encrypted and written: what each worker of `imveil encrypt` does.

A shard is done when its file is there, which is written last. A shard that was done by an earlier run is believed
only after all its digests were checked again, else it is made anew.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from imveil.errors import BadDtype, BadInput, BadShape, BadSource, StoreProblem
from imveil.keys.key import Key
from imveil.owner.picture import is_grey
from imveil.owner.run.pool import Stop, Stopped
from imveil.owner.run.progress import Reject, line_of
from imveil.owner.shards.mixed import Shape, shape_of
from imveil.owner.shards.sealed_table import pixel_check, pixel_digest
from imveil.owner.shards.sealing import seal, unseal
from imveil.schemes.base import Scheme
from imveil.store.containers import base
from imveil.store.files import write_file
from imveil.store.manifest import Shard
from imveil.store.tag import Tag

BATCH_BYTES = 1 << 21  # pixels that are encrypted in one call: what fits into the caches of a core


class Todo(NamedTuple):
    """One picture to encrypt: its place in the source, its id, and the path of its cipher image."""

    at: int
    id: str
    path: str


class ShardTask(NamedTuple):
    """A shard: its number, its pictures, and the split of all of them where the container keeps splits apart."""

    number: int
    pictures: list[Todo]
    split: str | None = None


class ShardDone(NamedTuple):
    """What came of a shard.

    Attributes
    ----------
    facts
        (place, depth, check of the pixels) of each picture.
    kept
        By an earlier run.
    greys
        Pictures with three channels that are grey.
    """

    number: int
    shard: Shard
    facts: list[tuple[int, int, str]]
    rejects: list[Reject]
    kept: bool
    shapes: dict[Shape, int] = {}  # noqa: RUF012 - how many pictures have this one; nobody changes it
    greys: int = 0


def sidecar(number: int) -> str:
    """The sealed facts of one shard while the run lasts; they go into `imveil.names` at its end."""
    return f".imveil-{number:05}.sealed"


def part(number: int) -> str:
    """Where files of one shard are written before they are moved into place: one name, so that little is left over."""
    return f".imveil-{number:05}.part"


@dataclass(frozen=True)
class EncryptShard:
    """The work, as `pool.run` calls it."""

    key: Key
    source: Any
    scheme: Scheme
    root: Path
    container: str
    classes: Sequence[str] = ()
    strict: bool = False

    def __call__(self, task: ShardTask, stop: Stop) -> ShardDone:
        """Encrypt one shard, or find that it is done. OSError means that writing failed; BadSource, where `strict`,
        that a picture cannot be encrypted."""
        if stop():
            raise Stopped
        kept = self._kept(task)
        if kept is not None:
            return kept
        aside = self.root / part(task.number)
        about = base.About(self.classes, task.split)
        writer = base.find(self.container).writer(self.root, task.number, aside, about)
        facts: list[tuple[int, int, str]] = []
        rejects: list[Reject] = []
        shapes, greys = Counter[Shape](), 0
        for todos, pictures in self._groups(task.pictures, rejects):
            if stop():
                raise Stopped
            shapes[shape_of(pictures[0])] += len(pictures)
            greys += sum(is_grey(picture.pixels) for picture in pictures)
            try:
                made = list(self.made(todos, pictures))
            except (BadShape, BadDtype) as error:
                for todo in todos:
                    self._reject(rejects, todo, error)
                continue
            for todo, (image, tag, check) in zip(todos, made, strict=True):
                writer.add(todo.path, image, tag)
                facts.append((todo.at, tag.depth, check))
        for reject in rejects:  # an earlier run may have read what cannot be read now
            writer.drop(reject.path)
        left_out = {reject.at for reject in rejects}
        shard, data = writer.close([todo.path for todo in task.pictures if todo.at not in left_out])
        facts.sort()
        write_sidecar(self.root, task.number, shard, facts, self.key, aside)
        write_file(self.root / shard.file, data, aside=aside, sync=True)
        return ShardDone(task.number, shard, facts, sorted(rejects), False, dict(shapes), greys)

    def made(self, todos: list[Todo], pictures: list[Any]) -> Iterable[tuple[Any, Tag, str]]:
        """Cipher image, tag and check of each picture; all have one shape and depth. Raises BadShape, BadDtype."""
        pixels, depth = [picture.pixels for picture in pictures], pictures[0].depth
        base.find(self.container).check(pixels[0].shape[2], depth)
        digests = [pixel_digest(picture) for picture in pixels]
        ciphers = encrypted(self.scheme, self.key, todos, pixels, depth, digests)
        back = pixels
        if self.scheme.traits.error:  # then the pictures have been rounded, and it is that which is checked
            back = self.scheme.returned(np.stack(pixels))
            digests = [pixel_digest(picture) for picture in back]
        checks = map(pixel_check, (todo.id for todo in todos), back, repeat(depth), digests)
        return [(image, tag, check) for (image, tag), check in zip(ciphers, checks, strict=True)]

    def _groups(self, todos: list[Todo], rejects: list[Reject]) -> Iterator[tuple[list[Todo], list[Any]]]:
        """Pictures of equal shape and depth, read together up to `BATCH_BYTES`; unreadable ones go to `rejects`."""
        groups: dict[Any, tuple[list[Todo], list[Any]]] = {}
        held = 0
        for todo in todos:
            try:
                picture = self.source.read(todo.at)
            except (BadInput, OSError, MemoryError) as error:
                still_there(self.source)
                self._reject(rejects, todo, error)
                continue
            members = groups.setdefault((picture.pixels.shape, picture.depth), ([], []))
            members[0].append(todo)
            members[1].append(picture)
            held += picture.pixels.nbytes
            if held >= BATCH_BYTES:
                yield from groups.values()
                groups, held = {}, 0
        yield from groups.values()

    def _reject(self, rejects: list[Reject], todo: Todo, error: Exception) -> None:
        """Leave a picture out; where `strict`, end the run."""
        reason = str(error) or type(error).__name__
        if self.strict:
            raise BadSource(
                line_of(todo.id, reason), hint="mend or remove it and run the same command again, or leave out --strict"
            )
        rejects.append(Reject(*todo, reason))

    def _kept(self, task: ShardTask) -> ShardDone | None:
        """The shard as an earlier run left it, if it is whole: sealed facts, the shard's file, every image's digest."""
        name = sidecar(task.number)
        try:
            sealed = (self.root / name).read_bytes()
            said, rows = json.loads(unseal(sealed, self.key, f"shard {task.number}", name))
            shard, facts = Shard(**said), [tuple(row) for row in rows]
            if sorted(todo.at for todo in task.pictures) != [row[0] for row in facts]:
                return None  # something was rejected then: it may be readable now
            store = base.find(self.container)
            if [line.path for line in store.open(self.root, shard).lines] != [todo.path for todo in task.pictures]:
                return None
            store.verify(self.root, shard)
        except (OSError, ValueError, TypeError, StoreProblem):
            return None
        return ShardDone(task.number, shard, facts, [], kept=True)


def still_there(source: Any) -> None:
    """Raise BadSource where all of the source has gone, as a disk does: its pictures are not to be called broken."""
    place = getattr(source, "place", None)
    if place is None or place.is_file():
        return
    with contextlib.suppress(OSError):
        if next(place.iterdir(), None) is not None:
            return
    raise BadSource(f"{place} is there no more", hint="run the same command again when it is back, to go on")


def write_sidecar(root: Path, number: int, shard: Shard, facts: Iterable[Any], key: Key, aside: Path) -> None:
    """Write the sealed facts of one shard."""
    text = json.dumps([shard.model_dump(), [list(row) for row in facts]], separators=(",", ":"))
    write_file(root / sidecar(number), seal(text.encode(), key, f"shard {number}"), aside=aside, sync=True)


def encrypted(
    scheme: Scheme, key: Key, todos: list[Todo], pictures: list[Any], depth: int, digests: list[bytes] | None = None
) -> list[tuple[Any, Tag]]:
    """The cipher image of each picture, and its tag; all have one shape. Raises BadShape, BadDtype."""
    if depth == 16 and scheme.traits.error:
        raise BadDtype(f"{scheme.id} rounds, which a picture of 16 bits, kept as two of 8, does not stand")
    cipher = scheme.encrypt(np.stack(pictures), key, [todo.id for todo in todos], pad=True, digests=digests)
    config, fingerprint = scheme.config(), key.fingerprint
    nonces: list[bytes | None] = list(cipher.nonces) if cipher.nonces else [None]
    tags = [Tag(scheme.id, config, fingerprint, nonce, cipher.size, depth) for nonce in nonces]
    tags = tags if cipher.nonces else tags * len(pictures)
    return list(zip(cipher.images, tags, strict=True))
