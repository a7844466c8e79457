"""From a key to a plan, cold and from the cache, for every scheme and size; and folder runs with a key per image.

usage: python benchmarks/keys.py [--record]
"""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from _rounds import SIZES, milliseconds, ratio, rounds
from PIL import Image

import imveil
from imveil.owner.encryption import encrypt_set
from imveil.schemes import base as schemes

FOLDERS = {32: 1900, 224: 200}  # pictures: less than what starts worker processes


def cold(scheme: schemes.Scheme, key: Any, shape: Any) -> None:
    """Build the plan as if for the first time."""
    schemes._plan.cache_clear()
    scheme.plan(key, shape)


def plans() -> None:
    """Milliseconds to build each scheme's plan, and to get it again."""
    key = imveil.Key.generate()
    for id in imveil.schemes.names():
        scheme = imveil.find(id)
        channels = scheme.traits.channels or (3,)
        for side in SIZES:
            shape = (side, side, 3 if 3 in channels else channels[0])
            times = rounds({"cold": partial(cold, scheme, key, shape), "cached": partial(scheme.plan, key, shape)}, 3)
            for name, each in times.items():
                milliseconds(f"{name} plan, {id}, {side}x{side}", each, plan=id, cache=name, side=side)


def pictures(folder: Path, side: int, count: int) -> None:
    """PNG files of coarse noise."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(side).integers(0, 256, (count, side // 8, side // 8, 3), np.uint8)
    for i, picture in enumerate(noise):
        Image.fromarray(picture.repeat(8, 0).repeat(8, 1)).save(folder / f"{i:05}.png")


def run(source: Path, target: Path, scheme: schemes.Scheme, key: Any) -> None:
    """One folder run, from nothing."""
    shutil.rmtree(target, ignore_errors=True)
    encrypt_set(str(source), target, scheme, key, workers=1)


def folders() -> None:
    """A key per image against one key for all: the same folder, the same kind of cipher."""
    key = imveil.Key.generate()
    negpos = imveil.find("negpos/1"), imveil.find("negpos/1", per_image=True)
    pairs = {"AES-CTR": (imveil.find("aes-xor/1"), imveil.find("aes-ctr-control/1")), "negpos/1": negpos}
    with tempfile.TemporaryDirectory() as name:
        for side, count in FOLDERS.items():
            source = Path(name) / str(side)
            pictures(source / "train" / "a", side, count)
            for what, (fixed, own) in pairs.items():
                target = Path(name) / "out"
                times = rounds(
                    {"fixed": partial(run, source, target, fixed, key), "own": partial(run, source, target, own, key)}
                )
                label = f"folder run with a key per image, {what}"
                ratio(label, "the run with one key", times["fixed"], times["own"], side=side)


if __name__ == "__main__":
    plans()
    folders()
