"""Peak memory of encrypting many small pictures on all cores: of the process that was called, and of each worker.

A source of 100,000 pictures beside one of 10,000: what grows is what has to be known of every picture, its name and
where it goes; pictures themselves pass through.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from _rounds import _record

import imveil
from imveil.owner.encryption import encrypt_set
from imveil.store import png

COUNTS, SIDE = (10_000, 100_000), 64


def make(root: Path, count: int) -> None:
    """A folder of PNGs, a few pictures under many names."""
    rng = np.random.default_rng(0)
    files = [png.encode(rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)) for _ in range(64)]
    for k in range(10):
        (root / f"class{k}").mkdir(parents=True)
    for i in range(count):
        (root / f"class{i % 10}" / f"{i:06}.png").write_bytes(files[i % 64])


def high_water(process: int) -> int:
    """The most memory that a process has held so far, in bytes; 0 when it has ended."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
        return next(1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0


def run(source: str, target: str) -> None:
    """In a process of its own: encrypt, and print the peaks of parent and largest worker."""
    import os

    peaks: dict[int, int] = {}
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for task in Path("/proc/self/task").glob("*/children"):
                for child in map(int, task.read_text().split()):
                    peaks[child] = max(peaks.get(child, 0), high_water(child))
            time.sleep(0.05)

    watcher = threading.Thread(target=look)
    watcher.start()
    encrypt_set(source, target, imveil.find("logistic-xor/1"), imveil.Key(bytes(32)))
    done.set()
    watcher.join()
    print(high_water(os.getpid()), max(peaks.values()))


def main() -> None:
    """Both sizes."""
    if sys.argv[1:2] == ["--one"]:
        return run(*sys.argv[2:4])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for count in COUNTS:
            make(root / "source", count)
            start = time.perf_counter()
            command = [sys.executable, __file__, "--one", str(root / "source"), str(root / "target")]
            found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            for who, peak in zip(("the process that was called", "a worker"), map(int, found), strict=True):
                name = f"{count:,} pictures of {SIDE}x{SIDE}: peak memory of {who}"
                print(f"{name:70} {peak / 1e6:9.1f} MB", flush=True)
                facts = {"pictures": count, "side": SIDE, "of": who}
                _record(name, facts, "MB", peak / 1e6, [peak / 1e6], time.perf_counter() - start)
            shutil.rmtree(root / "source")
            shutil.rmtree(root / "target")
    return None


if __name__ == "__main__":
    main()
