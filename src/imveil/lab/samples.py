"""Samples: the pictures that records are measured on, by name; a few drawn by a seed; small sets of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from imveil.errors import BadSource, Unavailable
from imveil.metrics.base import U8
from imveil.owner.datasets.cifar import load
from imveil.owner.picture import read_picture
from imveil.registry import unknown
from imveil.system import data_folder

TRAIN, TEST = 400, 200  # pictures of a small set
SETS = ("x-rays of 28 px, 2 classes", "photographs of 32 px, 2 classes", "photographs of 32 px, 10 classes",
        "photographs of 224 px, 2 classes", "photographs of 224 px, 10 classes")  # fmt: skip
_TILES = {"kodak tiles": 224, "kodak tiles of 64": 64, "kodak tiles of 512": 512}


@lru_cache(maxsize=2)
def pictures_of(data: str) -> U8:
    """The pictures of records: "cifar10 test" (10,000), "pneumoniamnist" (5,856 of 28x28, grey), "kodak tiles" (144 of
    224x224, six from each photograph), "kodak tiles of 64" (2,304 of 64x64), "kodak tiles of 512" (24 of 512x512, one
    from each). All but the first lie in the folder that IMVEIL_DATA names.

    Raises Unavailable, UnknownName.
    """
    if data == "cifar10 test":
        return load("cifar10")["test"][0]
    if data == "pneumoniamnist":
        with np.load(place_of(data) / f"{data}.npz", allow_pickle=False) as file:
            return np.concatenate([file[f"{split}_images"] for split in ("train", "val", "test")])[..., None]
    if data not in _TILES:
        raise unknown("set of pictures", data, ["cifar10 test", "pneumoniamnist", *_TILES])
    side = _TILES[data]
    tiles = [
        p[i : i + side, j : j + side]
        for p in photographs()
        for i in range(0, p.shape[0] - side + 1, side)
        for j in range(0, p.shape[1] - side + 1, side)
    ]
    return np.stack(tiles)


def photographs() -> list[U8]:
    """The Kodak photographs, (h, w, 3) each. Raises Unavailable, BadSource."""
    place = place_of("kodak")
    found = [read_picture(file).pixels for file in sorted(place.glob("*.png"))]
    if not found:
        raise BadSource(f"{place} holds no photographs")
    return found


def place_of(name: str) -> Path:
    """The folder of some data, below what IMVEIL_DATA names. Raises Unavailable."""
    folder = data_folder()
    if folder is None or not (folder / name).is_dir():
        raise Unavailable(f"{name} was not found", hint=f"name a folder that holds {name}/ in IMVEIL_DATA")
    return folder / name


def drawn(data: str, count: int, seed: int, purpose: int = 8) -> U8:
    """`count` of the pictures of `data`, or all where there are fewer. (n, h, w, c) uint8.

    Parameters
    ----------
    purpose
        Draws with other numbers are of their own.
    """
    pictures = pictures_of(data)
    return pictures[np.random.default_rng([seed, purpose]).permutation(len(pictures))[:count]]


@lru_cache(maxsize=1)
def small_set(name: str) -> tuple[Any, Any, Any, Any]:
    """Pictures (n, h, w, c) and labels to train on, and those to ask. Raises Unavailable where the data is not there.

    X-rays are PneumoniaMNIST's, half of each class; photographs are CIFAR-10's, repeated 7 by 7 for 224 px.
    """
    parts = []
    if name.startswith("x-rays"):
        with np.load(place_of("pneumoniamnist") / "pneumoniamnist.npz", allow_pickle=False) as file:
            for split, count in (("train", TRAIN), ("test", TEST)):
                parts += _some(file[f"{split}_images"][..., None], file[f"{split}_labels"].ravel(), 2, count)
    else:
        data = load("cifar10")
        classes, side = int(name.split(", ")[1].split()[0]), int(name.split()[2])
        for split, count in (("train", TRAIN), ("test", TEST)):
            images, labels = _some(*data[split], classes, count)
            parts += [images.repeat(side // 32, 1).repeat(side // 32, 2), labels]
    return parts[0], parts[1], parts[2], parts[3]


def _some(images: Any, labels: Any, classes: int, count: int) -> list[Any]:
    rng, rows = np.random.default_rng(11), []
    for label in range(classes):
        rows.append(rng.permutation(np.flatnonzero(labels == label))[: count // classes])
    chosen = rng.permutation(np.concatenate(rows))
    return [images[chosen], labels[chosen].astype(np.int64)]
