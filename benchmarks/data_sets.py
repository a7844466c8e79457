"""Whole data sets encrypted and decrypted on all cores, beside as many processes that only write the same files.

The measure writes each file in one step, without a name aside, digest, check or order: the least that any program does
to leave these files there. Ours counts from the call to the last file, workers' start included. Files go where the
system keeps temporary ones (TMPDIR): on a slow disk creating files is the limit of both.
"""

from __future__ import annotations

import itertools
import multiprocessing
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _rounds import milliseconds, ratio, rounds

import imveil
from imveil.owner.decryption import decrypt_set
from imveil.owner.encryption import encrypt_set
from imveil.owner.run import pool

SETS = {"20,000 pictures of 32x32": (20_000, 32), "600 pictures of 224x224": (600, 224)}
SCHEMES = {
    "logistic-xor/1": imveil.find("logistic-xor/1"),
    "negpos/1, a key per image": imveil.find("negpos/1", per_image=True),
}
ROUNDS = 3
KEY = imveil.Key(bytes(32))


def write(files: list[tuple[str, bytes]]) -> None:
    """Every file, as plainly as can be."""
    for folder in {name.rpartition("/")[0] for name, _ in files}:
        Path(folder).mkdir(parents=True, exist_ok=True)
    for name, data in files:
        with open(name, "wb", buffering=0) as out:
            out.write(data)


def files_of(folder: Path, target: Path) -> list[list[tuple[str, bytes]]]:
    """The cipher images of a data set with their new places, dealt to as many lists as there are workers."""
    found = [(str(target / p.relative_to(folder)), p.read_bytes()) for p in sorted(folder.rglob("*.png"))]
    count = pool.default_workers()
    return [found[i::count] for i in range(count)]


def measure(root: Path, name: str, count: int, side: int) -> None:
    """One size of pictures under every scheme."""
    images = np.random.default_rng(side).integers(0, 256, (count, side, side, 3), np.uint8)
    source = root / f"{side}.npz"
    np.savez(source, images=images, labels=np.arange(count) % 10)
    numbers = itertools.count()
    with multiprocessing.Pool(pool.default_workers()) as writers:
        for scheme_name, scheme in SCHEMES.items():
            whole = root / f"whole-{side}"
            encrypt_set(source, whole, scheme, KEY)
            dealt = files_of(whole, root / "plainly")
            things: dict[str, Any] = {
                "write": lambda dealt=dealt: writers.map(write, dealt, 1),
                "encrypt": lambda s=scheme: encrypt_set(source, root / f"e{next(numbers)}", s, KEY),
                "decrypt": lambda w=whole: decrypt_set(w, root / f"d{next(numbers)}", KEY),
                "clean": lambda w=whole: [shutil.rmtree(p) for p in root.iterdir() if p.is_dir() and p != w],
            }
            times = rounds(things, ROUNDS)
            milliseconds(f"{name}: the same files written plainly", times["write"])
            for verb in ("encrypt", "decrypt"):
                milliseconds(f"{name}: {verb}, {scheme_name}", times[verb])
                ratio(f"{name}: {verb}, {scheme_name}", "writing the same files plainly", times["write"], times[verb])
            shutil.rmtree(whole)


def main() -> None:
    """All sizes."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (count, side) in SETS.items():
            measure(Path(folder), name, count, side)


if __name__ == "__main__":
    main()
