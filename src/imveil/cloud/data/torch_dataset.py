"""CipherDataset: the pictures of a cipher data set for torch's DataLoader, one by one or as a stream. No key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from imveil.cloud.data.cipher_dataset import pick_split
from imveil.cloud.data.tensors import tensor
from imveil.errors import StoreProblem
from imveil.extras import torch
from imveil.store.containers.base import Opened, Packed
from imveil.store.joined import open_sets
from imveil.store.manifest import Manifest
from imveil.store.sets import Entry

Transform = Callable[[Any], Any]
_KEPT = 2  # shards held open


class CipherDataset(torch.utils.data.Dataset[tuple[Any, int]]):
    """Item i is (image (c, h, w), label), -1 without labels; uint8, or float32 where cipher images are no bytes.

    path: the data set's folder, or one whose folders are its parts.   split: "train", "test", ...; None: "train", or
    the only one.   transform: of an image. classes, names, manifest say what the pictures are. Digests are checked as
    pictures are read.

    Items of one shard lie together, and containers of one file a shard are read shard by shard: for those, and for
    more pictures than memory holds, `stream` is the way. Raises BadManifest, BadShard, TrainingProblem.
    """

    def __init__(self, path: str | Path, split: str | None = None, *, transform: Transform | None = None) -> None:
        self._set = open_sets(path)
        splits = self._set.manifest.splits
        self.split = "train" if split is None and "train" in splits else pick_split(splits, split)
        self.transform = transform
        self._open: OrderedDict[int, Opened] = OrderedDict()
        self._items: list[tuple[int, Entry]] = [
            (number, entry)
            for number in range(len(self._set.manifest.shards))
            for entry in self._set.entries_of(number)
            if entry.split == self.split
        ]

    @property
    def manifest(self) -> Manifest:
        """What the data set is: scheme, fields, the key's fingerprint."""
        return self._set.manifest

    @property
    def classes(self) -> list[str]:
        """Names in the order of labels."""
        return list(self._set.manifest.classes)

    @property
    def names(self) -> list[str]:
        """The path of each picture in the data set."""
        return [entry.path for _, entry in self._items]

    @property
    def labels(self) -> list[int]:
        """The label of each picture, without reading any."""
        return [entry.label for _, entry in self._items]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, i: int) -> tuple[Any, int]:
        number, entry = self._items[range(len(self._items))[i]]
        (found,) = self._shard(number).read([entry])
        return self._item(found, entry)

    def stream(self, *, shuffle: bool = False, seed: int = 0) -> CipherStream:
        """The same pictures shard by shard, shared out to the workers of a DataLoader.

        Parameters
        ----------
        shuffle
            Shards, and pictures within each, in an order drawn from `seed` and the epoch; with workers, from torch's
            own seed too.
        """
        return CipherStream(self, shuffle, seed)

    def _item(self, found: Packed | StoreProblem, entry: Entry) -> tuple[Any, int]:
        if isinstance(found, StoreProblem):
            raise found
        image = tensor(found.image).permute(2, 0, 1)
        return (self.transform(image) if self.transform else image), entry.label

    def _shard(self, number: int) -> Opened:
        if number not in self._open:
            while len(self._open) >= _KEPT:
                self._open.popitem(last=False)
            self._open[number] = self._set.opened(number)
        self._open.move_to_end(number)
        return self._open[number]

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_open": OrderedDict()}

    def __repr__(self) -> str:
        facts = f"{len(self)} pictures of {self.split!r}, {self.manifest.scheme}, key {self.manifest.fingerprint}"
        return f"CipherDataset({str(self._set.path)!r}: {facts})"


class CipherStream(torch.utils.data.IterableDataset[tuple[Any, int]]):
    """What `CipherDataset.stream` gives. Each worker of a DataLoader reads its own shards; `epoch` counts by itself."""

    def __init__(self, pictures: CipherDataset, shuffle: bool, seed: int) -> None:
        self.pictures, self.shuffle, self.seed, self.epoch = pictures, shuffle, seed, 0

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[tuple[Any, int]]:
        worker = torch.utils.data.get_worker_info()
        mine, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        # Workers are copies that never saw an epoch end: what is new in each is the seed that the loader gives all.
        epoch = worker.seed - worker.id if worker else self.epoch
        rng = np.random.Generator(np.random.PCG64([self.seed, epoch]))
        self.epoch += 1
        groups: dict[int, list[Entry]] = {}
        for number, entry in self.pictures._items:
            groups.setdefault(number, []).append(entry)
        order = rng.permutation(len(groups)).tolist() if self.shuffle else range(len(groups))
        shards = list(groups.items())
        for number, entries in [shards[k] for k in order][mine::workers]:
            if self.shuffle:
                entries = [entries[k] for k in rng.permutation(len(entries)).tolist()]
            found = self.pictures._shard(number).read(entries)
            yield from (self.pictures._item(one, entry) for one, entry in zip(found, entries, strict=True))
