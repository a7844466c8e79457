"""What a picture costs beside its pixels: memory of the process that plans, time to plan, bytes of manifest and names.

usage: python benchmarks/scale.py [--record]

Two data sets of tiny pictures are encrypted, each in a process of its own; a picture costs the difference.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import imveil
from imveil import record
from imveil.owner.encryption import encrypt_set

COUNTS = (20_000, 80_000)
UNITS = {"memory": "bytes a picture", "time": "microseconds a picture", "names": "bytes a picture",
         "manifest": "bytes a shard"}  # fmt: skip


def child(count: int, root: Path) -> dict[str, float]:
    """Encrypt `count` pictures of 4x4 in this process."""
    source = root / "plain.npz"
    images = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), np.uint8)
    np.savez(source, images=images, labels=np.arange(count) % 10)
    del images
    start = time.perf_counter()
    encrypt_set(source, root / "out", imveil.find("logistic-xor/1"), imveil.Key(bytes(32)), container="npz", workers=1)
    manifest = json.loads((root / "out" / "imveil.json").read_text())
    return {
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "time": 1e6 * (time.perf_counter() - start),
        "names": (root / "out" / "imveil.names").stat().st_size,
        "manifest": (root / "out" / "imveil.json").stat().st_size,
        "shards": len(manifest["shards"]),
    }


def main() -> None:
    """The differences."""
    found: list[dict[str, Any]] = []
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--child", str(count), folder]
            found.append(json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))
    few, many = found
    for what, unit in UNITS.items():
        more = many["shards"] - few["shards"] if what == "manifest" else COUNTS[1] - COUNTS[0]
        value = (many[what] - few[what]) / more
        print(f"{what:12} {value:10.4g} {unit}")
        if "--record" in sys.argv:
            digest = record.digest_of(f"scale {what}")
            facts = {"what": what, "counts": list(COUNTS)}
            numbers = {"value": value, "unit": unit, "n": 1, "low": value, "high": value, "seconds": many["time"] / 1e6}
            record.append(record.measured(kind="scale", name=what, digest=digest, facts=facts, **numbers))


if __name__ == "__main__":
    if "--child" in sys.argv:
        print(json.dumps(child(int(sys.argv[2]), Path(sys.argv[3]))))
    else:
        main()
