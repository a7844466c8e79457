"""A folder of JPEGs of 224x224 on all cores: against the identity plan, `datasets.map` and a torch DataLoader.

All of them decode, encrypt and leave cipher PNGs with a SHA-256 each. Ours also checks, orders, syncs, seals and can be
killed. Time is that of processors, all of them together, workers' start included; files go where the system keeps
temporary ones (TMPDIR), and in memory (/dev/shm) no disk evens the ratios out. The other two are written twice: as
people do, with Pillow's writer of PNGs at its fastest, and "lean", with our own writer.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _rounds import milliseconds, processors, ratio, rounds
from PIL import Image

import imveil
from imveil.owner.encryption import encrypt_set
from imveil.owner.run import pool
from imveil.store import png
from imveil.store.tag import Tag

COUNT, SIDE = 9000, 224
ROUNDS = 3
KEY = imveil.Key(bytes(32))
IDENTITY = "the identity plan"
XOR = "XOR (logistic-xor/1)"
SCHEMES = {
    XOR: imveil.find("logistic-xor/1"),
    "gather of bytes (pixel-shuffle/1)": imveil.find("pixel-shuffle/1"),
    "gather of nibbles (le/1)": imveil.find("le/1"),
    "a key stream per image (aes-ctr-control/1)": imveil.find("aes-ctr-control/1"),
    "a plan per image (negpos/1)": imveil.find("negpos/1", per_image=True),
}
NAME = f"{COUNT:,} JPEGs of {SIDE}x{SIDE}"


def make(root: Path) -> int:
    """Smooth pictures with a little grain, as photographs are; bytes of all."""
    rng, total = np.random.default_rng(0), 0
    for i in range(COUNT):
        coarse = Image.fromarray(rng.integers(0, 256, (14, 14, 3), np.uint8))
        picture = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32)
        grain = rng.normal(0, 3, picture.shape)
        place = root / ("test" if i % 6 == 5 else "train") / f"class{i % 10}" / f"{i:05}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(picture + grain, 0, 255).astype(np.uint8)).save(place, quality=90)
        total += place.stat().st_size
    return total


class Loop:
    """What somebody would write: a picture in, the bytes of a cipher PNG out."""

    def __init__(self, scheme: Any, lean: bool) -> None:
        self.scheme, self.lean, self.tag = scheme, lean, Tag(scheme.id, scheme.config(), KEY.fingerprint)
        self.key: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"key": None}

    def __call__(self, image: Any) -> bytes:
        self.key = self.key or imveil.Key(bytes(32))
        cipher = self.scheme.encrypt(np.asarray(image)[None], self.key).images[0]
        if self.lean:
            return png.encode(cipher, self.tag)
        out = io.BytesIO()
        Image.fromarray(cipher).save(out, "PNG", compress_level=0)
        return out.getvalue()


def mapped(source: Any, loop: Loop, target: Path) -> None:
    """`datasets.map` into an Arrow file."""

    def work(row: dict[str, Any]) -> dict[str, Any]:
        data = loop(row["image"])
        return {"cipher": data, "sha256": hashlib.sha256(data).hexdigest()}

    target.mkdir()
    source.map(
        work,
        remove_columns=["image"],
        num_proc=pool.default_workers(),
        load_from_cache_file=False,
        cache_file_name=str(target / "x.arrow"),
        new_fingerprint=os.urandom(8).hex(),  # hashing the function is not what is measured
    )


class Files:
    """A data set for torch whose items are written when they are asked for."""

    def __init__(self, paths: list[Path], loop: Loop, target: Path) -> None:
        self.paths, self.loop, self.target = paths, loop, target

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> str:
        with Image.open(io.BytesIO(self.paths[i].read_bytes())) as image:
            data = self.loop(image)
        with open(self.target / f"{i:05}.png", "wb", buffering=0) as out:
            out.write(data)
        return hashlib.sha256(data).hexdigest()


def loaded(paths: list[Path], loop: Loop, target: Path) -> None:
    """A DataLoader whose workers do everything."""
    import torch

    target.mkdir()
    loader = torch.utils.data.DataLoader(
        Files(paths, loop, target), batch_size=64, num_workers=pool.default_workers(), collate_fn=list
    )
    assert sum(map(len, loader)) == len(paths)


def main() -> None:
    """All rounds."""
    with tempfile.TemporaryDirectory() as folder:
        root, numbers = Path(folder), itertools.count()
        size = make(root / "jpegs")
        facts = {
            "pictures": COUNT,
            "jpeg_bytes": size // COUNT,
            "workers": pool.default_workers(),
            "where": where(root),
        }

        def ours(scheme: Any) -> None:
            encrypt_set(root / "jpegs", root / f"o{next(numbers)}", scheme, KEY)

        def clean() -> None:
            for place in root.glob("o*"):
                shutil.rmtree(place)

        things: dict[str, Any] = {IDENTITY: lambda: ours(imveil.find("plain/1")), "clean": clean}
        for name, scheme in SCHEMES.items():
            things |= {name: lambda scheme=scheme: ours(scheme), f"clean {name}": clean}
        others = []
        if "--alone" not in sys.argv:
            import datasets

            datasets.disable_progress_bars()
            found = datasets.load_dataset("imagefolder", data_dir=str(root / "jpegs"), cache_dir=str(root / "cache"))
            rows = datasets.concatenate_datasets([found["train"], found["test"]])
            paths = sorted((root / "jpegs").rglob("*.jpg"))
            for how in ("", ", lean"):
                loop = Loop(SCHEMES[XOR], bool(how))
                pair: dict[str, Any] = {
                    f"datasets.map{how}": lambda loop=loop: mapped(rows, loop, root / f"o{next(numbers)}"),
                    f"a torch DataLoader{how}": lambda loop=loop: loaded(paths, loop, root / f"o{next(numbers)}"),
                }
                for name, thing in pair.items():
                    things |= {name: thing, f"clean {name}": clean}
                    others.append(name)
        times = rounds(things, ROUNDS, processors)
        milliseconds(f"{NAME}: {IDENTITY}", times[IDENTITY], **facts)
        for name in SCHEMES:
            ratio(f"{NAME}: {name}", IDENTITY, times[IDENTITY], times[name], **facts)
        for other in others:
            ratio(f"{NAME}: {XOR}", other, times[other], times[XOR], **facts)


def where(folder: Path) -> str:
    """Whether files lie in memory or on a disk."""
    return "memory" if str(folder).startswith("/dev/shm") else "disk"


if __name__ == "__main__":
    main()
