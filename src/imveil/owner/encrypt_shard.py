"""One shard of pictures, read, encrypted and written: what each worker of `imveil encrypt` does.

A shard is done when its list is there; the list is written last. A shard that was done by an earlier run is believed
only after all its digests were checked again, else it is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from imveil.cipher.scheme import Scheme
from imveil.errors import BadDtype, BadImage, BadInput, BadShape, StoreProblem
from imveil.keys.key import Key
from imveil.owner.pool import Stop, Stopped
from imveil.owner.progress import Reject
from imveil.owner.sealing import seal, unseal
from imveil.owner.table import pixel_key, pixel_mac
from imveil.store import png, shards
from imveil.store.files import read_bytes, write_file
from imveil.store.manifest import Shard
from imveil.store.tag import Tag

BATCH_BYTES = 1 << 25  # pixels that are encrypted in one call


class Todo(NamedTuple):
    """One picture to encrypt: its place in the source, its id, and the path of its cipher image."""

    at: int
    id: str
    path: str


class ShardTask(NamedTuple):
    """A shard: its number and its pictures."""

    number: int
    pictures: list[Todo]


class ShardDone(NamedTuple):
    """What came of a shard. facts: (place, depth, HMAC of the pixels) of each picture. kept: done by an earlier run."""

    number: int
    shard: Shard
    facts: list[tuple[int, int, str]]
    rejects: list[Reject]
    kept: bool


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

    def __call__(self, task: ShardTask, stop: Stop) -> ShardDone:
        """Encrypt one shard, or find that it is done. OSError means that writing failed."""
        kept = self._kept(task, stop)
        if kept is not None:
            return kept
        # Paths of pictures are texts here: joining Path objects would cost more than encrypting.
        aside, macs = self.root / part(task.number), pixel_key(self.key)
        for folder in {(self.root / todo.path).parent for todo in task.pictures}:
            folder.mkdir(parents=True, exist_ok=True)
        facts: list[tuple[int, int, str]] = []
        rejects: list[Reject] = []
        lines: dict[str, str] = {}
        total = 0
        for group in self._groups(task.pictures, rejects):
            todos, pixels, depth = group
            if stop():
                raise Stopped
            try:
                files = list(encrypted(self.scheme, self.key, todos, pixels, depth))
            except (BadShape, BadDtype) as error:
                rejects += [Reject(*todo, str(error)) for todo in todos]
                continue
            for todo, picture, data in zip(todos, returned(self.scheme, pixels), files, strict=True):
                write_file(f"{self.root}/{todo.path}", data, aside=aside)
                facts.append((todo.at, depth, pixel_mac(macs, todo.id, picture, depth)))
                lines[todo.path] = hashlib.sha256(data).hexdigest()
                total += len(data)
        for reject in rejects:  # an earlier run may have read what cannot be read now
            (self.root / reject.path).unlink(missing_ok=True)
        listed = [shards.Line(todo.path, lines[todo.path]) for todo in task.pictures if todo.path in lines]
        return self._finish(task, listed, total, sorted(facts), sorted(rejects))

    def _finish(
        self, task: ShardTask, listed: list[shards.Line], total: int, facts: list[Any], rejects: list[Reject]
    ) -> ShardDone:
        aside, data = self.root / part(task.number), shards.dump(listed)
        write_sidecar(self.root, task.number, facts, self.key, aside)
        name = shards.file_name(task.number)
        write_file(self.root / name, data, aside=aside, sync=True)
        shard = Shard(file=name, count=len(listed), bytes=total, sha256=hashlib.sha256(data).hexdigest())
        return ShardDone(task.number, shard, facts, rejects, kept=False)

    def _groups(self, todos: list[Todo], rejects: list[Reject]) -> Iterator[tuple[list[Todo], list[Any], int]]:
        """Pictures of equal shape and depth, read together up to `BATCH_BYTES`; unreadable ones go to `rejects`."""
        groups: dict[Any, tuple[list[Todo], list[Any]]] = {}
        held = 0
        for todo in todos:
            try:
                picture = self.source.read(todo.at)
            except (BadInput, OSError, MemoryError) as error:
                rejects.append(Reject(*todo, str(error) or type(error).__name__))
                continue
            members = groups.setdefault((picture.pixels.shape, picture.depth), ([], []))
            members[0].append(todo)
            members[1].append(picture.pixels)
            held += picture.pixels.nbytes
            if held >= BATCH_BYTES:
                yield from ((*pair, depth) for (_, depth), pair in groups.items())
                groups, held = {}, 0
        yield from ((*pair, depth) for (_, depth), pair in groups.items())

    def _kept(self, task: ShardTask, stop: Stop) -> ShardDone | None:
        """The shard as an earlier run left it, if it is whole: list, sealed facts, and every image's digest."""
        name = shards.file_name(task.number)
        try:
            data = (self.root / name).read_bytes()
            lines = shards.parse(data, name)
            sealed = (self.root / sidecar(task.number)).read_bytes()
            facts = [tuple(row) for row in json.loads(unseal(sealed, self.key, f"shard {task.number}", name))]
            if [line.path for line in lines] != [todo.path for todo in task.pictures]:
                return None  # something was rejected then: it may be readable now
            if sorted(todo.at for todo in task.pictures) != [row[0] for row in facts]:
                return None
            total = 0
            for line in lines:
                if stop():
                    raise Stopped
                image = read_bytes(f"{self.root}/{line.path}")
                if hashlib.sha256(image).hexdigest() != line.sha256:
                    return None
                total += len(image)
        except (OSError, ValueError, BadImage, StoreProblem):
            return None
        shard = Shard(file=name, count=len(lines), bytes=total, sha256=hashlib.sha256(data).hexdigest())
        return ShardDone(task.number, shard, facts, [], kept=True)


def write_sidecar(root: Path, number: int, facts: Iterable[Any], key: Key, aside: Path) -> None:
    """Write the sealed facts of one shard."""
    text = json.dumps([list(row) for row in facts], separators=(",", ":"))
    write_file(root / sidecar(number), seal(text.encode(), key, f"shard {number}"), aside=aside, sync=True)


def encrypted(scheme: Scheme, key: Key, todos: list[Todo], pictures: list[Any], depth: int) -> Iterator[bytes]:
    """The PNG file of each picture; all have one shape. Raises BadShape, BadDtype."""
    import numpy as np

    cipher = scheme.encrypt(np.stack(pictures), key, [todo.id for todo in todos], pad=True)
    config, fingerprint = scheme.config(), key.fingerprint
    for i, image in enumerate(cipher.images):
        nonce = cipher.nonces[i] if cipher.nonces else None
        yield png.encode(image, Tag(scheme.id, config, fingerprint, nonce, cipher.size, depth))


def returned(scheme: Scheme, pictures: list[Any]) -> Any:
    """What decryption will give, and so what is checked after it: for some schemes the pictures have been rounded."""
    import numpy as np

    return scheme.returned(np.stack(pictures)) if scheme.traits.error else pictures


def make(key: Key, source: Any, scheme: Scheme, root: Path) -> EncryptShard:
    """The work of one worker."""
    return EncryptShard(key, source, scheme, root)
