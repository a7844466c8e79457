"""What encrypting a source will take, before anything starts: pictures, broken ones, bytes of the output, time.

Some pictures, spread evenly over the source, are encrypted for the purpose, under a key that is thrown away, with all
that a run does: read, encrypt, digest, write, into a temporary folder that is gone at the end. The rest is
proportion. No key of the owner's is needed.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imveil.errors import BadInput, BadSource
from imveil.keys.key import Key
from imveil.owner.encryption import pick_container
from imveil.owner.picture import is_grey
from imveil.owner.run import pool
from imveil.owner.shards import names
from imveil.owner.shards.mixed import Shape, of_shapes, shape_of
from imveil.owner.shards.sealed_table import Row
from imveil.owner.shards.writing import BATCH_BYTES, EncryptShard, ShardTask, Todo
from imveil.schemes.base import Scheme
from imveil.store.containers._single import Single
from imveil.store.containers.base import find
from imveil.store.manifest import ALL

SAMPLE = 256
_START = 1.0  # seconds in which workers start


@dataclass(frozen=True)
class Estimate:
    """What was found and what follows.

    Attributes
    ----------
    pictures
        In the source, by split in `splits`.
    looked
        How many were read.
    broken
        (id, reason) of those among them that cannot be encrypted.
    bytes
        Of the data set.
    seconds
        With `workers` processes.
    shapes
        Of pictures looked at, (h, w, c), and how many, the most frequent first; those of 16 bits are (h, 2w, c).
    memory
        Bytes at the most, of all workers.
    advice
        What would make the data set fit better.
    left_out
        A line for each thing that should be a picture and cannot become one, as of `Source`.
    """

    pictures: int
    splits: dict[str, int]
    classes: int
    looked: int
    broken: list[tuple[str, str]]
    bytes: int
    seconds: float
    workers: int
    container: str
    shapes: list[tuple[tuple[int, ...], int]]
    memory: int = 0
    advice: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def all_read(self) -> bool:
        """Whether `broken` is of all pictures."""
        return self.looked == self.pictures


def estimate(
    source: Any,
    scheme: Scheme,
    *,
    container: str | None = None,
    workers: int | None = None,
    sample: int = SAMPLE,
    read_all: bool = False,
) -> Estimate:
    """Look at `sample` pictures of an opened source, or at all of them for broken ones (`read_all`), and estimate.

    Raises BadDtype, UnknownName for a container, BadSource where nothing could be encrypted.
    """
    store, total, key = pick_container(scheme, container), len(source.items), Key.generate()
    if not total:
        raise BadSource("the source has no pictures")
    workers = workers or pool.default_workers()
    count = min(sample, total)
    chosen = [i * total // count for i in range(count)]
    ids = names.ids(source.items, source.classes)
    watched = _Watched(source)
    with tempfile.TemporaryDirectory(prefix="imveil-estimate-") as folder:
        # The first picture compiles and plans, which a long run does once.
        _shard(watched, scheme, key, Path(folder) / "first", store, chosen[:1], ids)
        started = time.perf_counter()
        done = _shard(watched, scheme, key, Path(folder) / "all", store, chosen, ids)
        seconds = (time.perf_counter() - started) / count
        files = [file for file in (Path(folder) / "all").rglob("[!.]*") if file.is_file()]
        size = sum(file.stat().st_size for file in files)
    broken = [(reject.id, reject.reason) for reject in done.rejects]
    if len(broken) == count:
        raise BadSource(f"none of {count} pictures could be encrypted; the first: {broken[0][1]}")
    each = size / (count - len(broken))
    if read_all:
        broken = _broken(source, ids, key, workers)
    good = total - len(broken) if read_all else total * (count - len(broken)) / count
    start = 0.0 if workers == 1 else _START
    shapes = Counter(watched.shapes).most_common()
    return Estimate(
        total, source.splits, len(source.classes), total if read_all else count, broken, round(each * good),
        start + seconds * total / workers, workers, store, shapes, _memory(shapes, total, workers, store),
        of_shapes(watched.seen, watched.greys, scheme), list(getattr(source, "left_out", ())),
    )  # fmt: skip


_PROCESS, _HELD = 150 << 20, 8  # bytes of a worker at rest; how often the pixels of a batch are held at the most
_PACKED = 4 << 26  # bytes of a shard in one file while it is put together, at the most


def _memory(shapes: Sequence[tuple[tuple[int, ...], int]], pictures: int, workers: int, store: str) -> int:
    """Bytes that a run takes at the most: workers, their batches and shards, and what is kept of each picture."""
    largest = max((math.prod(shape) for shape, _ in shapes), default=0)
    packed = _PACKED if isinstance(find(store), Single) else 0
    return (workers + 1) * _PROCESS + workers * (_HELD * (BATCH_BYTES + largest) + packed) + 600 * pictures


class _Watched:
    """A source that notes the shapes of its pictures, and how many with three channels are grey."""

    def __init__(self, source: Any) -> None:
        self.source, self.shapes, self.place = source, list[tuple[int, ...]](), getattr(source, "place", None)
        self.greys, self.seen = 0, Counter[Shape]()

    def read(self, i: int) -> Any:
        picture = self.source.read(i)
        self.shapes.append(picture.pixels.shape)
        self.seen[shape_of(picture)] += 1
        self.greys += is_grey(picture.pixels)
        return picture


def _shard(
    source: _Watched, scheme: Scheme, key: Key, root: Path, store: str, chosen: Sequence[int], ids: list[str]
) -> Any:
    root.mkdir()
    source.shapes.clear()
    source.seen.clear()
    source.greys = 0
    items, classes = [source.source.items[i] for i in chosen], list(source.source.classes)
    rows = [Row(item.split, item.label, item.name) for item in items]
    paths = names.cipher_paths(rows, classes, key, False, find(store).extension)
    task = ShardTask(0, [Todo(i, ids[i], path) for i, path in zip(chosen, paths, strict=True)], rows[0].split or ALL)
    return EncryptShard(key, source, scheme, root, store, classes)(task, lambda: False)


def _broken(source: Any, ids: list[str], key: Key, workers: int) -> list[tuple[str, str]]:
    """Read every picture, on all cores."""
    tasks = [range(at, min(at + 500, len(ids))) for at in range(0, len(ids), 500)]
    found = sorted(pair for part in pool.run(_reader, (source,), key, tasks, workers) for pair in part)
    return [(ids[at], reason) for at, reason in found]


def _reader(key: Key, source: Any) -> Any:
    del key

    def work(places: range, stop: pool.Stop) -> list[tuple[int, str]]:
        found = []
        for i in places:
            if stop():
                raise pool.Stopped
            try:
                source.read(i)
            except (BadInput, OSError, MemoryError) as error:
                found.append((i, str(error) or type(error).__name__))
        return found

    return work
