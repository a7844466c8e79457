"""CIFAR-10 and CIFAR-100 as a source, named as `imveil data` writes them: the ids are the same for both."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.owner.datasets import cifar, locate
from imveil.owner.datasets.cifar_facts import CifarSet
from imveil.owner.datasets.download import Progress, on_terminal
from imveil.owner.picture import Picture
from imveil.owner.sources.base import Item, Source


class CifarSource(Source):
    """One of the two sets, in the official order, train before test. Raises Unavailable when it cannot be had.

    The official files are verified when the source is opened and mapped when pictures are read.
    """

    def __init__(self, name: str | CifarSet, *, coarse: bool = False, progress: Progress = on_terminal) -> None:
        self.which = cifar.find(name)
        self.coarse = coarse
        self.spec = self.which.name + ("-coarse" if coarse else "")
        self.classes = cifar.classes(self.which, coarse=coarse)
        self.notes = []
        self._paths = locate.files(self.which, progress)
        self._maps: list[npt.NDArray[Any]] | None = None
        self.items = self._items()

    def _records(self) -> list[npt.NDArray[Any]]:
        if self._maps is None:
            shape = (-1, self.which.record)
            files = [np.memmap(self._paths[part.name], np.uint8, "r") for part in self.which.parts]
            self._maps = [np.asarray(file).reshape(shape) for file in files]
        return self._maps

    def _items(self) -> list[Item]:
        items: list[Item] = []
        counts = dict.fromkeys(self.which.splits, 0)
        for part, records in zip(self.which.parts, self._records(), strict=True):
            for label in cifar.labels(self.which, records, self.coarse).tolist():
                items.append(Item(part.split, label, f"{counts[part.split]:05d}.png"))
                counts[part.split] += 1
        return items

    def read(self, i: int) -> Picture:
        """Picture i, (32, 32, 3)."""
        i = range(len(self.items))[i]
        for records in self._records():
            if i < len(records):
                return Picture(cifar.pixels(self.which, records[i : i + 1])[0], 8)
            i -= len(records)
        raise IndexError(i)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the maps and the items: both come back from the files."""
        return {name: value for name, value in vars(self).items() if name not in ("_maps", "items")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _maps=None)
        self.items = self._items()
