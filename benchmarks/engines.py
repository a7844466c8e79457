"""The engines: a folder of JPEGs encrypted by one and by two workers, of the pool and of a Ray cluster on this machine.

usage: python benchmarks/engines.py [--record]

The measure is the pool with one worker. A Ray cluster is there before the clock starts, as it is where one is used.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _rounds import milliseconds, ratio, rounds
from PIL import Image

import imveil
from imveil.keys.files import write_key
from imveil.keys.reference import KeyRef
from imveil.owner.encryption import encrypt_set
from imveil.owner.run import pool
from imveil.owner.run.cluster import Cluster

COUNT, SIDE = 8000, 224  # so many that the start of workers, a second or two, does not count


def pictures(folder: Path) -> None:
    """JPEG files of smooth noise."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(COUNT):
        small = Image.fromarray(rng.integers(0, 256, (14, 14, 3), np.uint8))
        small.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / f"{i:05}.jpg", quality=90)


def main() -> None:
    """Both engines, one and two workers."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    key, scheme, numbers = imveil.Key.generate(), imveil.find("negpos/1", per_image=True), itertools.count()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        pictures(root / "plain" / "a")
        write_key(root / "key", key)
        ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        cluster = Cluster(KeyRef(str(root / "key")))

        def run(engine: Any, workers: int) -> None:
            target = root / f"out{next(numbers)}"
            encrypt_set(str(root / "plain"), target, scheme, key, engine=engine, workers=workers)
            shutil.rmtree(target)

        things = {
            f"{what}, {n} worker{'s' * (n > 1)}": lambda e=engine, n=n: run(e, n)
            for what, engine in (("pool", pool), ("ray", cluster))
            for n in (1, 2)
        }
        times = rounds(things, 3)
        base = "pool, 1 worker"
        milliseconds(f"{COUNT} JPEGs of {SIDE}x{SIDE}, {base}", times[base], engine=base, pictures=COUNT)
        for what, each in times.items():
            if what != base:
                ratio(
                    f"{COUNT} JPEGs of {SIDE}x{SIDE}, {what}",
                    "the pool with one worker",
                    times[base],
                    each,
                    engine=what,
                    pictures=COUNT,
                )
        ray.shutdown()


if __name__ == "__main__":
    main()
