"""A small data set in the official format of CIFAR, and its files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from imveil.owner.datasets.cifar_facts import CifarSet, Part

NOWHERE = "http://127.0.0.1:9/small.tar.gz"


def small(labels: int = 1) -> tuple[CifarSet, dict[str, bytes]]:
    """A set of 130 + 40 and 70 pictures in the official format, and its files."""
    parts, files = [], {}
    for name, split, count in (("a.bin", "train", 130), ("b.bin", "train", 40), ("t.bin", "test", 70)):
        data = hashlib.shake_256(f"{name} {labels}".encode()).digest(count * (labels + 3072))
        records = np.frombuffer(data, np.uint8).reshape(count, -1).copy()
        records[:, :labels] %= 3
        files[name] = records.tobytes()
        parts.append(Part(name, split, count, hashlib.sha1(files[name]).hexdigest()))
    if labels == 2:  # as in CIFAR-100, a split is one file
        parts, files = [parts[0], parts[2]], {"a.bin": files["a.bin"], "t.bin": files["t.bin"]}
    names = (("x", "y", "z"), ("p", "q", "r"))[-labels:]
    return CifarSet("small", "small-bin", NOWHERE, labels, tuple(parts), names), files


def lay(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
