"""Pictures that stay on disk: they are read when a step needs them, the next batch while this one is worked on.

It looks like an array (n, h, w, c) to whoever asks for its shape or takes rows of it, so the loop and the score need
not know. As many threads read as there are cores. In memory is a batch or two; where a container keeps a shard in one
file, two shards as well, and those that threads still read from.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadShape, StoreProblem, TrainingProblem
from imveil.extras import torch
from imveil.system import cores, memory

if TYPE_CHECKING:
    from imveil.store.containers.base import Opened
    from imveil.store.joined import AnySet
from imveil.store.sets import Entry

I64 = npt.NDArray[np.int64]
_KEPT = 2  # shards held open


class _Shards:
    """The shards of a data set, each opened once while it is kept, and the threads that read from them."""

    def __init__(self, cipher_set: AnySet) -> None:
        self.set, self.lock = cipher_set, threading.Lock()
        self.open: OrderedDict[int, Opened] = OrderedDict()
        self.is_folder = cipher_set.manifest.container in ("folder", "jpeg")
        self.kept = len(cipher_set.manifest.shards) if self.is_folder else _KEPT
        self.threads = cores()
        self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="imveil-ahead")

    def read(self, number: int, entries: Sequence[Entry]) -> list[Any]:
        """Images of one shard. Raises BadShard."""
        with self.lock:
            if number not in self.open:
                while len(self.open) >= self.kept:
                    self.open.popitem(last=False)
                self.open[number] = self.set.opened(number)
                self.open[number].lines = ()  # they are known already, and many
            self.open.move_to_end(number)
            opened = self.open[number]
        images = []
        for found in opened.read(entries):
            if isinstance(found, StoreProblem):
                raise found
            images.append(found.image)
        return images


class Streamed:
    """The pictures of one split on disk. shape: (n, h, w, c); dtype: as they are stored; labels: (n,) int64."""

    ndim = 4

    def __init__(
        self, shards: _Shards, items: list[tuple[int, Entry]], shape: tuple[int, int, int], dtype: Any
    ) -> None:
        self._shards, self._items = shards, items
        self.shape = (len(items), *shape)
        self.dtype = np.dtype(dtype)
        self.labels: I64 = np.fromiter((entry.label for _, entry in items), np.int64, len(items))
        self._ahead: dict[bytes, tuple[Any, list[Future[None]]]] = {}

    @classmethod
    def open(cls, cipher_set: AnySet, split: str) -> Streamed:
        """The pictures of a split; one is read, to know the size. Raises BadShard, TrainingProblem where there are
        none."""
        shards = _Shards(cipher_set)
        items = [
            (number, entry)
            for number in range(len(cipher_set.manifest.shards))
            for entry in cipher_set.entries_of(number)
            if entry.split == split
        ]
        if not items:
            raise TrainingProblem(f"the split {split!r} has no pictures")
        first = shards.read(items[0][0], [items[0][1]])[0]
        return cls(shards, items, first.shape, first.dtype)

    @property
    def digest(self) -> str:
        """Which pictures these are, from the digests that the data set has of them."""
        state = hashlib.sha256()
        for number, entry in self._items:
            state.update(f"{number} {entry.path} {entry.sha256} {entry.label}\n".encode())
        return state.hexdigest()

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, rows: Any) -> Any:
        """The pictures of these rows (a slice, a mask, or numbers), as an array (k, h, w, c)."""
        wanted = np.arange(len(self))[rows]
        begun = self._ahead.pop(wanted.tobytes(), None)
        out, parts = self._begin(wanted) if begun is None else begun
        for part in parts:
            part.result()
        return out

    def cut(self, rows: npt.NDArray[Any]) -> Streamed:
        """Some of the pictures, as a mask or numbers."""
        items = [self._items[i] for i in np.arange(len(self))[rows]]
        return Streamed(self._shards, items, self.shape[1:], self.dtype)

    def ahead(self, rows: I64) -> None:
        """Begin to read these rows, which will be asked for next."""
        if len(rows):
            self._ahead[rows.tobytes()] = self._begin(rows)

    def order(self, draws: torch.Generator) -> torch.Tensor:
        """A random order of all rows. Of shards that are one file each, pictures of two at a time are mixed, so that
        none is read again and again."""
        if self._shards.is_folder:
            return torch.randperm(len(self), generator=draws)
        numbers = np.array([number for number, _ in self._items])
        found = np.unique(numbers)
        found = found[torch.randperm(len(found), generator=draws).numpy()]
        parts = []
        for at in range(0, len(found), _KEPT):
            rows = torch.from_numpy(np.flatnonzero(np.isin(numbers, found[at : at + _KEPT])))
            parts.append(rows[torch.randperm(len(rows), generator=draws)])
        return torch.cat(parts)

    def _begin(self, rows: I64) -> tuple[Any, list[Future[None]]]:
        """An array for these rows, and what fills it: parts of one shard each, in the order of shards."""
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        groups: dict[int, list[int]] = {}
        for place, row in enumerate(rows.tolist()):
            groups.setdefault(self._items[row][0], []).append(place)
        parts = []
        for number, places in groups.items():
            # A folder reads the pictures of a shard in threads of its own.
            size = len(places) if self._shards.is_folder else -(-len(places) // self._shards.threads)
            for at in range(0, len(places), size):
                some = places[at : at + size]
                entries = [self._items[int(rows[place])][1] for place in some]
                parts.append(self._shards.pool.submit(self._fill, out, some, number, entries))
        return out, parts

    def _fill(self, out: Any, places: list[int], number: int, entries: list[Entry]) -> None:
        for place, entry, image in zip(places, entries, self._shards.read(number, entries), strict=True):
            if image.shape != self.shape[1:]:
                first, other = ("x".join(map(str, s)) for s in (self.shape[1:], image.shape))
                raise BadShape(
                    f"images differ in size (height x width x channels): the first is {first}, {entry.path} is {other}",
                    hint="encrypt them again with --resize, --crop or --channels, which make them alike",
                )
            out[place] = image


def too_large(pictures: Streamed) -> bool:
    """Whether the pictures would take more than a quarter of this machine's memory."""
    return bool(int(np.prod(pictures.shape)) * pictures.dtype.itemsize > memory() // 4)
