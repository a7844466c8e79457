"""The plan of a run over a data set: which pictures go into which shard under which name, and what came of them.

It follows from the source, the scheme and the key alone. A run may be over many millions of pictures, so nothing is
kept of a picture but 16 bytes of its name: its id and its path are made when its shard is at hand.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput, BadSource
from imveil.keys.key import Key
from imveil.owner.run.place import Job
from imveil.owner.shards import labels, names, writing
from imveil.owner.shards.sealed_table import Row, job_digest
from imveil.owner.shards.writing import EncryptShard, ShardDone, ShardTask, Todo
from imveil.store.containers.base import find
from imveil.store.manifest import ALL

SHARD = 1000  # images, at most
_SHARD_BYTES = (1 << 22, 1 << 26)
_PEEK = 16
_SMALL = (2000, 1 << 24)  # images and bytes: less than both is done before workers have started

I32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class ShardPlan:
    """What there is to do.

    Attributes
    ----------
    items
        The pictures as the source names them.
    shown
        Classes as the cloud sees them.
    """

    items: Sequence[Any]
    classes: list[str]
    shown: list[str]
    splits: list[str]
    tasks: Tasks
    job: Job
    keep_names: bool
    hide_labels: bool
    small: bool
    container: str

    @classmethod
    def of(
        cls, work: EncryptShard, keep_names: bool, hide_labels: bool, shard: int | None = None, most: int = SHARD
    ) -> ShardPlan:
        """The plan for the source, scheme and key of `work`.

        Parameters
        ----------
        shard
            Pictures in one, None for as many as suit.

        Raises
        ------
        BadSource
            For a source without pictures, or with names that are none.
        """
        source, scheme, key = work.source, work.scheme, work.key
        items, classes, store = source.items, list(source.classes), find(work.container)
        if not items:
            raise BadSource("the source has no pictures")
        found = {item.split for item in items}
        if None in found and len(found) > 1:
            raise BadSource("some pictures lie in splits and some do not", hint="put all of them into splits, or none")
        splits = [ALL] if None in found else [split for split in source.splits if split in found]
        shown = labels.shown(len(classes)) if hide_labels else classes
        place = _Place(items, classes, shown, labels.order(key, len(classes)) if hide_labels else None)
        order, path = (_kept if keep_names else _keyed)(place, key, store.extension)
        nbytes = _peek(work, place)
        # About sixteen shards for cores to share, of 4 to 64 MiB: neither many lists nor much to do again.
        share = min(max(nbytes * len(items) // 16, _SHARD_BYTES[0]), _SHARD_BYTES[1])
        size = shard or min(max(share // nbytes, 1), most)
        groups: list[tuple[str | None, I32]] = [(None, order)]
        if store.by_split:
            groups = [(split, _of_split(order, items, split)) for split in splits]
        cuts = [(split, of[at : at + size]) for split, of in groups for at in range(0, len(of), size)]
        facts = [
            scheme.id,
            scheme.config(),
            keep_names,
            work.container,
            size,
            classes,
            splits,
            [[item.split, item.label, item.name] for item in items],
            *(["hide_labels"] if hide_labels else []),
            *getattr(source, "preparation", ()),
        ]
        job = Job(scheme.id, scheme.config(), key.fingerprint, job_digest(key, facts), size)
        small = len(items) < _SMALL[0] and nbytes * len(items) < _SMALL[1]
        tasks = Tasks(cuts, place.id, path)
        return cls(items, classes, shown, splits, tasks, job, keep_names, hide_labels, small, work.container)


class Tasks(Sequence[ShardTask]):
    """The shards, each made when it is asked for. cuts: split and places in the source of each."""

    def __init__(
        self, cuts: list[tuple[str | None, I32]], id: Callable[[int], str], path: Callable[[int], str]
    ) -> None:
        self._cuts, self._id, self._path = cuts, id, path

    def __len__(self) -> int:
        return len(self._cuts)

    @overload
    def __getitem__(self, number: int) -> ShardTask: ...
    @overload
    def __getitem__(self, number: slice) -> list[ShardTask]: ...
    def __getitem__(self, number: int | slice) -> ShardTask | list[ShardTask]:
        """Shard `number`."""
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        split, places = self._cuts[number]
        return ShardTask(number, [Todo(at, self._id(at), self._path(at)) for at in places.tolist()], split)

    def folders(self) -> set[str]:
        """The folders that images are put into, without a slash at their end."""
        return {todo.path.rpartition("/")[0] for task in self for todo in task.pictures}


class Facts(Sequence[Row]):
    """What is known of each picture once it is encrypted: rows of the sealed table, held in 17 bytes each."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items
        self._depths, self._checks = bytearray(len(items)), bytearray(16 * len(items))

    def add(self, done: ShardDone) -> ShardDone:
        """Take in what a shard says of its pictures; the rest of what it says comes back."""
        for at, depth, check in done.facts:
            self._depths[at] = depth
            self._checks[16 * at : 16 * at + 16] = bytes.fromhex(check)
        return done._replace(facts=[])

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, at: Any) -> Any:
        """The row of a picture; depth 8 and no check where it was left out."""
        item, depth = self._items[at], self._depths[at]
        check = self._checks[16 * at : 16 * at + 16].hex() if depth else None
        return Row(item.split, item.label, item.name, depth or 8, check)


@dataclass(frozen=True)
class _Place:
    """Where pictures are: by their own names, and as the cloud sees their classes."""

    items: Sequence[Any]
    classes: list[str]
    shown: list[str]
    order: list[int] | None

    def id(self, at: int) -> str:
        item = self.items[at]
        return names.folder(item, self.classes) + str(item.name)

    def folder(self, at: int) -> str:
        item = self.items[at]
        label = item.label if item.label is None or self.order is None else self.order[item.label]
        return names.folder(Row(item.split, label, item.name), self.shown)


def _keyed(place: _Place, key: Key, extension: str) -> tuple[I32, Callable[[int], str]]:
    """The order by keyed name, and what gives the path of a picture."""
    mac, count = key.derive("imveil", "names").mac, len(place.items)
    digests = bytearray(16 * count)
    for at in range(count):
        digests[16 * at : 16 * at + 16] = mac(place.id(at).encode("utf-8", "surrogateescape"))[:16]
    words = np.frombuffer(digests, ">u8").reshape(count, 2)
    order = np.lexsort((words[:, 1], words[:, 0])).astype(np.int32)
    if (words[order[1:]] == words[order[:-1]]).all(axis=1).any():
        names.ids(place.items, place.classes)  # says which
        raise BadSource("two pictures would get one name")
    return order, lambda at: f"{place.folder(at)}{digests[16 * at : 16 * at + 16].hex()}{extension}"


def _kept(place: _Place, key: Key, extension: str) -> tuple[I32, Callable[[int], str]]:
    """The order of the source, and what gives the path of a picture: its own name, as a PNG."""
    rows = [Row(i.split, i.label, i.name) for i in place.items]
    seen = labels.hide(rows, place.classes, key) if place.order is not None else (rows, place.classes)
    paths = names.cipher_paths(place.items, place.classes, key, True, extension, seen)
    return np.arange(len(paths), dtype=np.int32), paths.__getitem__


def _of_split(order: I32, items: Sequence[Any], split: str) -> I32:
    return np.fromiter((at for at in order.tolist() if (items[at].split or ALL) == split), np.int32)


def _peek(work: EncryptShard, place: _Place) -> int:
    """Bytes of the first cipher image that can be made. Where the scheme takes none of the first ones, its reason is
    raised now: settings that do not fit the pictures should not be told once for each of them."""
    refused: list[BadInput] = []
    for at in range(min(_PEEK, len(place.items))):
        with contextlib.suppress(BadInput, OSError):
            picture = work.source.read(at)
            try:
                ((image, _, _),) = work.made([Todo(at, place.id(at), "")], [picture])
            except BadInput as error:
                refused.append(error)
                continue
            return int(image.nbytes)
    if refused:
        raise refused[0]
    writing.still_there(work.source)
    return 1 << 20


__all__ = ["SHARD", "Facts", "ShardPlan", "Tasks"]
