"""Silence: no socket of the internet, and no plain pixel in any file that a run writes, not even for a moment."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import forms
from imveil.keys.files import write_key
from imveil.keys.key import Key
from imveil.owner.picture import read_picture
from imveil.owner.sources.prepared import Preparation
from silent import possible
from terminal import IMVEIL

HERE = Path(__file__).parents[1] / "helpers"
MARK = bytes(range(7, 55))  # sixteen pixels that no picture has by chance
SOURCES = {
    "csv": "parquet",
    "webdataset": "webdataset",
    "parquet": "safetensors",
    "npz": "folder",
    "safetensors": "npz",
}
pytestmark = pytest.mark.skipif(not possible(), reason="a filter of system calls is for Linux on x86-64 and ARM")


def plain(data: bytes) -> bool:
    """Whether bytes show the mark: as they are, or in a picture that they are, or that is part of them."""
    if MARK in data:
        return True
    for found in re.finditer(re.escape(b"\x89PNG\r\n\x1a\n"), data):
        with contextlib.suppress(OSError, ValueError, SyntaxError):
            if MARK in np.asarray(Image.open(io.BytesIO(data[found.start() :]))).tobytes():
                return True
    with contextlib.suppress(OSError):
        return MARK in np.asarray(Image.open(io.BytesIO(data))).tobytes()
    return False


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

    def went(self) -> list[tuple[str, bytes]]:
        """Files that were removed, renamed, replaced or emptied: their paths, and what was in them."""
        copies = sorted(self.log.with_name(f"{self.log.name}.kept").glob("*"))
        found = [copy.read_bytes().partition(b"\n") for copy in copies]
        return [(path.decode(), data) for path, _, data in found]

    def forget(self) -> None:
        self.log.unlink(missing_ok=True)
        shutil.rmtree(self.log.with_name(f"{self.log.name}.kept"), ignore_errors=True)

    @contextlib.contextmanager
    def silence(self, *names: str, temporary: bool = False) -> Iterator[None]:
        """What runs in the block opens no socket, leaves nothing but the places `names`, writes into these, beside
        them, and where it may into the folder of temporary files, and no plain pixels, not even for a moment."""
        self.forget()
        before = {path for path in self.home.rglob("*") if path != self.log}
        yield
        assert not self.noted("socket")
        assert not [path for path in self.noted("unnamed") if "__pycache__" not in path]  # numba asks if it may write
        places = {self.work / name for name in names}
        for path in map(Path, self.noted("write")):
            beside = path.parent == self.work or any(str(path).startswith(str(place)) for place in places)
            elsewhere = "__pycache__" in str(path) or str(path).startswith("/dev/")
            known = beside or elsewhere or (temporary and self.home / "tmp" in path.parents)
            assert known, f"{path} was written to"
        for path, data in self.went():
            assert not plain(data), f"{path} held plain pixels"
        self.forget()
        new = [path for path in self.home.rglob("*") if path not in before]
        assert not [path for path in new if not {path, *path.parents} & places]
        for path in new:
            assert not path.is_file() or not plain(path.read_bytes()), f"{path} holds plain pixels"
        assert all(place.exists() for place in places)


def marked(images: Any) -> Any:
    """Pictures (n, h, w, c) with the mark in each."""
    images = images.copy()
    images.reshape(len(images), -1)[:, 10 : 10 + len(MARK)] = np.frombuffer(MARK, np.uint8)
    return images


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Pictures with the mark in every one, as PNGs and as a stored TIFF, in every form; and keys."""
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms, "IMAGES", marked(forms.IMAGES))
        for form in SOURCES:
            forms.FORMS[form](run.work / form)
    # Rows that are all the same stay as they are when the picture is made less high.
    row = rng.integers(0, 256, (1, 32, 3), np.uint8)
    row[0, 3:19] = np.frombuffer(MARK, np.uint8).reshape(16, 3)
    (run.work / "high").mkdir()
    for i in range(6):
        Image.fromarray(np.repeat(row, 48, axis=0)).save(run.work / "high" / f"{i}.png")
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
        "import os, pathlib, shutil, sys, tempfile; p = pathlib.Path(tempfile.mkdtemp()) / 'x';"
        "p.write_bytes(bytes(range(60))); p.unlink(); p.parent.rmdir(); tempfile.TemporaryFile();"
        "d = tempfile.TemporaryDirectory(); q = pathlib.Path(d.name) / 'y'; shutil.copy('high/0.png', q);"
        "d.cleanup(); p = pathlib.Path('z'); p.write_bytes(bytes(range(60))); p.write_text(''); p.unlink()"
    )
    assert run(sys.executable, "-c", code).returncode == 0
    assert [Path(path).name for path, data in run.went() if plain(data)] == ["x", "y", "z"]
    assert len(run.noted("unnamed")) == 1
    assert len(run.noted("socket")) == 2
    assert plain((run.work / "webdataset" / "tars" / "train-000.tar").read_bytes())
    assert plain(next((run.work / "pictures").rglob("*.tiff")).read_bytes())
    run.forget()


def test_the_owner_is_silent(run: Run) -> None:
    key = ["--key", "my.key"]
    words = [*key, "--scheme", "negpos/1", "--workers", "2", "--container"]
    with run.silence("ciphers", "query.png", "sealed", "old", "new"):
        run.imveil("encrypt", "pictures", "ciphers", *words, "folder")
        run.imveil("encrypt", "pictures", "sealed", *words, "npz", "--seal")
        run.imveil("encrypt", "pictures/train/cat/1.png", "query.png", *key, "--scheme", "diffuse/1")
        run.imveil("encrypt", "pictures", "old", *key, "--scheme", "diffuse/1", "--workers", "1")
        run.imveil("rekey", "old", "new", "--from", "my.key", "--to", "new.key")


@pytest.mark.parametrize(("form", "container"), SOURCES.items())
def test_every_source_and_destination_is_silent(run: Run, form: str, container: str) -> None:
    words = ["--key", "my.key", "--scheme", "negpos/1", "--workers", "1", "--container", container]
    (source,) = (run.work / form).iterdir()
    with run.silence(f"{form}-c"):
        run.imveil("encrypt", str(source), f"{form}-c", *words)


def test_resizing_is_silent(run: Run) -> None:
    assert MARK in Preparation.of("32x32")(read_picture(run.work / "high" / "0.png")).pixels.tobytes()
    words = ["--key", "my.key", "--scheme", "negpos/1", "--workers", "1", "--resize", "32x32"]
    with run.silence("small"):
        run.imveil("encrypt", "high", "small", *words, "--container", "parquet")


def test_an_estimate_is_silent_and_leaves_nothing(run: Run) -> None:
    with run.silence(temporary=True):
        run.imveil("estimate", "pictures", "--scheme", "etc/1", "--workers", "2")
        run.imveil("estimate", "high", "--scheme", "negpos/1", "--resize", "32x32", "--container", "webdataset")


def test_a_destination_elsewhere_is_silent(run: Run) -> None:
    """Its shards are made in a temporary folder first."""
    words = ["--key", "my.key", "--scheme", "negpos/1", "--workers", "2", "--container", "folder"]
    with run.silence("far", temporary=True):
        run.imveil("encrypt", "pictures", f"file://{run.work}/far", *words)
    assert len(list((run.work / "far").rglob("*.png"))) == 32


def test_the_cloud_and_the_auditor_are_silent(run: Run) -> None:
    if not (run.work / "ciphers").exists():
        run.imveil("encrypt", "pictures", "ciphers", "--key", "my.key", "--scheme", "negpos/1")
    image = next((run.work / "ciphers" / "test").rglob("*.png"))
    run.imveil("train", "ciphers", "model.safetensors", "--epochs", "1", "--batch", "8", "--width", "8")
    assert image.name in run.imveil("predict", "model.safetensors", str(image))
    words = ["--data", "pictures", "--view", "kpa", "--budget", "1", "--json", "-"]
    assert json.loads(run.imveil("audit", "--scheme", "negpos/1", *words))
    assert not run.noted("socket")
