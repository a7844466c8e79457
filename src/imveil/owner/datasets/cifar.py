"""CIFAR-10 and CIFAR-100 as arrays, always verified by SHA-1; fetched once, kept in the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import UnknownName
from imveil.owner.datasets import locate
from imveil.owner.datasets.cifar_facts import SETS, SIDE, CifarSet
from imveil.owner.datasets.download import Progress, on_terminal
from imveil.registry import unknown

U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]


def find(name: str | CifarSet) -> CifarSet:
    """What the set `name` is. Raises UnknownName."""
    if isinstance(name, CifarSet):
        return name
    if name not in SETS:
        raise _unknown(name)
    return SETS[name]


def _unknown(name: str) -> UnknownName:
    return unknown("data set", name, SETS)


def load(name: str | CifarSet, *, coarse: bool = False, progress: Progress = on_terminal) -> dict[str, tuple[U8, I64]]:
    """All pictures and labels of "cifar10" or "cifar100", in the official order.

    Parameters
    ----------
    coarse
        The 20 superclasses of CIFAR-100 in place of its 100 classes.
    progress
        Told of downloads. Returns {"train": (images (50000, 32, 32, 3) uint8, labels (50000,) int64), "test": (...)}.

    Raises
    ------
    Unavailable
        When it is found nowhere and cannot be fetched.
    UnknownName
        For another name.
    """
    which = find(name)
    paths = locate.files(which, progress)
    return {
        split: (pixels(which, records), labels(which, records, coarse))
        for split in which.splits
        for records in [np.concatenate([read(which, paths[p.name]) for p in which.parts if p.split == split])]
    }


def classes(name: str | CifarSet, *, coarse: bool = False) -> list[str]:
    """The names of the classes in the official order.

    >>> classes("cifar10")[3]
    'cat'
    >>> len(classes("cifar100")), len(classes("cifar100", coarse=True))
    (100, 20)
    """
    return list(find(name).classes[0 if coarse else -1])


def read(which: CifarSet, path: Path) -> U8:
    """The records of one official file, (n, bytes of a record)."""
    return np.fromfile(path, np.uint8).reshape(-1, which.record)


def pixels(which: CifarSet, records: npt.NDArray[Any]) -> U8:
    """Records (n, bytes) into images (n, 32, 32, 3)."""
    planes = records[:, which.labels :].reshape(-1, 3, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))


def labels(which: CifarSet, records: npt.NDArray[Any], coarse: bool = False) -> I64:
    """Records (n, bytes) into labels (n,), by default the finest ones."""
    return records[:, 0 if coarse else which.labels - 1].astype(np.int64)
