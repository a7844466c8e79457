"""Small sets of real pictures, as a user has them: 400 to train on, 200 to ask."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from imveil.errors import Unavailable

TRAIN, TEST = 400, 200
SETS = ("x-rays of 28 px, 2 classes", "photographs of 32 px, 2 classes", "photographs of 32 px, 10 classes",
        "photographs of 224 px, 2 classes", "photographs of 224 px, 10 classes")  # fmt: skip


@lru_cache(maxsize=1)
def small(name: str) -> tuple[Any, Any, Any, Any]:
    """Pictures (n, h, w, c) and labels to train on, and those to ask. Raises Unavailable where the data is not there.

    X-rays are PneumoniaMNIST's, half of each class; photographs are CIFAR-10's, repeated 7 by 7 for 224 px.
    """
    from imveil.owner.datasets.cifar import load
    from imveil.system import data_folder

    parts = []
    if name.startswith("x-rays"):
        folder = data_folder()
        if folder is None or not (folder / "pneumoniamnist").is_dir():
            raise Unavailable("pneumoniamnist was not found")
        with np.load(folder / "pneumoniamnist/pneumoniamnist.npz", allow_pickle=False) as file:
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
