"""Silence: no socket of the internet, and no plain pixel in any file that a run writes, not even for a moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imveil.keys.files import write_key
from imveil.keys.key import Key
from imveil.store import png
from silent import possible
from terminal import IMVEIL

HERE = Path(__file__).parent
MARK = bytes(range(7, 55))  # sixteen pixels that no picture has by chance
pytestmark = pytest.mark.skipif(not possible(), reason="a filter of system calls is for Linux on x86-64 and ARM")


class Run:
    """The command line in a folder of its own, watched, where no socket may be opened."""

    def __init__(self, home: Path) -> None:
        self.home, self.log = home, home / "watch.log"
        self.work = home / "work"
        for folder in (self.work, home / "tmp"):
            folder.mkdir()
        self.before = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("XDG", "IMVEIL"))},
            "PYTHONPATH": os.pathsep.join([str(HERE / "watch"), os.environ.get("PYTHONPATH", "")]),
            "WATCH_LOG": str(self.log),
            "WATCH_MARK": MARK.hex(),
            "TMPDIR": str(home / "tmp"),
            "HOME": str(home / "tmp"),
        }

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(HERE / "silent.py"), *words], cwd=self.work, env=self.before,
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    def imveil(self, *words: str) -> str:
        done = self(*IMVEIL, *words)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stderr[-2000:]}"
        return done.stdout

    def noted(self, kind: str) -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{kind} ")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Pictures with the mark in every one, as PNGs and as a stored TIFF, and a key."""
    run = Run(tmp_path_factory.mktemp("silence"))
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 4)):
        for name, level in (("cat", 60), ("dog", 190)):
            (run.work / "pictures" / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = rng.normal(level, 20, (32, 32, 3)).clip(0, 255).astype(np.uint8)
                pixels[5, 3:19] = np.frombuffer(MARK, np.uint8).reshape(16, 3)
                ending = "tiff" if i == 0 else "png"
                Image.fromarray(pixels).save(run.work / "pictures" / split / name / f"{i}.{ending}")
    write_key(run.work / "my.key", Key(bytes(range(32))))
    write_key(run.work / "new.key", Key(bytes(32)))
    return run


def test_a_socket_is_found_and_a_file_is_seen(run: Run) -> None:
    """The watch itself: what it must find, it finds."""
    for family in ("AF_INET", "AF_INET6"):
        assert run(sys.executable, "-c", f"import socket; socket.socket(socket.{family})").returncode == -31
        assert run(sys.executable, "-S", "-c", f"import socket; socket.socket(socket.{family})").returncode == -31
    assert run(sys.executable, "-c", "import socket; socket.socket(socket.AF_UNIX)").returncode == 0
    code = (
        "import os, pathlib, sys, tempfile; p = pathlib.Path(tempfile.mkdtemp()) / 'x';"
        "p.write_bytes(bytes(range(60))); p.unlink(); p.parent.rmdir(); tempfile.TemporaryFile()"
    )
    assert run(sys.executable, "-c", code).returncode == 0
    assert len(run.noted("plain")) == 1
    assert len(run.noted("unnamed")) == 1
    assert len(run.noted("socket")) == 2
    run.log.unlink()


def test_the_owner_is_silent(run: Run) -> None:
    key = ["--key", "my.key"]
    words = [*key, "--scheme", "negpos/1", "--workers", "2", "--container"]
    run.imveil("encrypt", "pictures", "ciphers", *words, "folder")
    run.imveil("encrypt", "pictures", "sealed", *words, "npz", "--seal")
    run.imveil("encrypt", "pictures/train/cat/1.png", "query.png", *key, "--scheme", "diffuse/1")
    run.imveil("encrypt", "pictures", "old", *key, "--scheme", "diffuse/1", "--workers", "1")
    run.imveil("rekey", "old", "new", "--from", "my.key", "--to", "new.key")
    assert not run.noted("socket")
    assert not run.noted("plain")
    assert not [path for path in run.noted("unnamed") if "__pycache__" not in path]  # numba asks whether it may write
    work = {run.work / name for name in ("ciphers", "query.png", "sealed", "sealed.unsealed", "old", "new")}
    cache = ("__pycache__", "/dev/")
    for path in map(Path, run.noted("write")):
        known = {path, *path.parents} & work or path.parent == run.work or any(part in str(path) for part in cache)
        assert known, f"{path} was written to"
    assert not list((run.home / "tmp").rglob("*"))
    for file in (file for place in work for file in [place, *place.rglob("*")] if file.is_file()):
        data = file.read_bytes()
        assert MARK not in data, file
        if file.suffix == ".png":
            assert MARK not in png.decode(data)[0].tobytes(), file


def test_the_cloud_and_the_auditor_are_silent(run: Run) -> None:
    if not (run.work / "ciphers").exists():
        run.imveil("encrypt", "pictures", "ciphers", "--key", "my.key", "--scheme", "negpos/1")
    image = next((run.work / "ciphers" / "test").rglob("*.png"))
    run.imveil("train", "ciphers", "model.safetensors", "--epochs", "1", "--batch", "8", "--width", "8")
    assert image.name in run.imveil("predict", "model.safetensors", str(image))
    words = ["--data", "pictures", "--view", "kpa", "--budget", "1", "--json", "-"]
    assert json.loads(run.imveil("audit", "--scheme", "negpos/1", *words))
    assert not run.noted("socket")
