"""Data sets sealed, unsealed, verified and re-keyed by one process, beside copying their folder file by file.

Everything reads each file and its digest; all but verify write it, synced where a shard ends. The pictures are a folder
of PNGs, 64x64 and 224x224, about 25 MB of each.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _rounds import ratio, rounds

import imveil
from imveil.owner.encryption import encrypt_set
from imveil.owner.rekeying import rekey_set
from imveil.owner.sealed_sets import seal_set, unseal_set
from imveil.owner.verification import verify_set

OLD, NEW = imveil.Key(bytes(32)), imveil.Key(bytes(31) + b"\1")
SIDES = {64: 2000, 224: 160}
SCHEMES = ("negpos/1", "etc/1")
ROUNDS = 5


def measure(root: Path, side: int, count: int) -> None:
    """One size of pictures."""
    images = np.random.default_rng(side).integers(0, 256, (count, side, side, 3), np.uint8)
    np.savez(root / "plain.npz", images=images, labels=np.arange(count) % 10)
    sets = {id: root / f"{id.replace('/', '-')}-{side}" for id in SCHEMES}
    for id, place in sets.items():
        encrypt_set(root / "plain.npz", place, imveil.find(id), OLD, workers=1)
    whole, sealed, numbers = sets[SCHEMES[0]], root / f"sealed-{side}", itertools.count()
    seal_set(whole, sealed, OLD, workers=1)

    def new() -> Path:
        return root / "new" / str(next(numbers))

    (root / "new").mkdir()
    things: dict[str, Any] = {
        "copy": lambda: shutil.copytree(whole, new()),
        "seal": lambda: seal_set(whole, new(), OLD, workers=1),
        "unseal": lambda: unseal_set(sealed, new(), OLD, workers=1),
        "verify": lambda: verify_set(whole, OLD),
        **{f"rekey, {id}": lambda p=place: rekey_set(p, new(), OLD, NEW, workers=1) for id, place in sets.items()},
        "clean": lambda: [shutil.rmtree(path) for path in (root / "new").iterdir()],
    }
    times = rounds(things, ROUNDS)
    for name in things:
        if name not in ("copy", "clean"):
            ratio(name, "copying the folder", times["copy"], times[name], side=side)
    for place in (root / "new", sealed, *sets.values()):
        shutil.rmtree(place)


def main() -> None:
    """All sizes."""
    with tempfile.TemporaryDirectory() as folder:
        for side, count in SIDES.items():
            measure(Path(folder), side, count)


if __name__ == "__main__":
    main()
