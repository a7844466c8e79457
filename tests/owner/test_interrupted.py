"""Runs that are interrupted or killed: nothing half written, no process left behind, and the next run goes on."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import imveil
from imveil import Key
from imveil.owner import encryption
from imveil.owner.decryption import decrypt_set
from imveil.owner.encryption import encrypt_set
from imveil.store import png, shards
from made_source import made, tree

SCRIPT = Path(__file__).parents[1] / "helpers" / "long_run.py"
KEY = Key(b"k" * 32)


@pytest.fixture(scope="module", params=["folder"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set that nobody disturbed, in a folder called as its container is."""
    folder = tmp_path_factory.mktemp("whole") / request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "SHARD", 20)
        encrypt_set(made(1000), folder, imveil.find("aes-ctr-control/1"), KEY, container=folder.name, workers=1)
    return folder


def interrupted(what: str, whole: Path, destination: Path, workers: int, steps: int, how: signal.Signals) -> int:
    """Start a run, wait until it has told `steps` steps, send the signal, wait until every process has ended."""
    command = [sys.executable, str(SCRIPT), what, str(whole), str(destination), str(workers), whole.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(steps):
            process.stdout.readline()
        process.send_signal(how)
        # Workers hold the pipe too: its end comes when the last of them is gone. The limit is there for a failure only.
        process.communicate(timeout=60)
        return process.returncode


def check_encrypted(folder: Path, whole: Path) -> int:
    """Whatever lies there is what an undisturbed run writes, but for the aside files of a killed one."""
    want, found = tree(whole), tree(folder)
    assert "imveil.json" not in found
    for path, data in found.items():
        if path.endswith((".png", ".sha256", ".npz")):
            assert data == want[path], path
    for path in [p for p in found if p.endswith(".sha256")]:
        for line in shards.parse(found[path], path):
            assert hashlib.sha256(found[line.path]).hexdigest() == line.sha256
    return sum(path.startswith("imveil-shard-") for path in found)


def go_on(destination: Path, whole: Path, workers: int) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "SHARD", 20)
        scheme = imveil.find("aes-ctr-control/1")
        return encrypt_set(made(1000), destination, scheme, KEY, container=whole.name, workers=workers).kept


@pytest.mark.parametrize(("whole", "workers"), [("folder", 1), ("folder", 2), ("npz", 2)], indirect=["whole"])
def test_killed_encryption(tmp_path: Path, whole: Path, workers: int) -> None:
    done = 0
    for steps in (1, 6, 14):
        interrupted("encrypt", whole, tmp_path / "c", workers, steps, signal.SIGKILL)
        now = check_encrypted(tmp_path / "c", whole)
        assert now >= max(steps, done)
        done = now
    assert go_on(tmp_path / "c", whole, workers=1) >= 20 * done
    assert tree(tmp_path / "c") == tree(whole)


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_encryption(tmp_path: Path, whole: Path, workers: int) -> None:
    code = interrupted("encrypt", whole, tmp_path / "c", workers, 3, signal.SIGINT)
    assert code == 130
    assert 3 <= check_encrypted(tmp_path / "c", whole) < 50
    assert not [path for path in tree(tmp_path / "c") if path.endswith(".part")]
    assert go_on(tmp_path / "c", whole, workers=1) >= 60
    assert tree(tmp_path / "c") == tree(whole)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_decryption(tmp_path: Path, whole: Path, how: signal.Signals) -> None:
    interrupted("decrypt", whole, tmp_path / "p", 2, 4, how)
    for path, data in tree(tmp_path / "p").items():
        if path.endswith(".png"):
            png.decode(data)
    report = decrypt_set(whole, tmp_path / "p", KEY, workers=1)
    assert report.images == 1000
    assert report.kept >= 80
    decrypt_set(whole, tmp_path / "q", KEY, workers=1)
    assert tree(tmp_path / "p") == tree(tmp_path / "q")
