"""Runs that are killed at random: the parent, a worker, with other numbers of workers, in every container. Encrypting,
decrypting, re-keying, sealing and unsealing.

Every kill must have hit a live run: it had begun, it had not ended, and it ended by the signal. After each, whatever
has its final name is whole; at the end the data set is, byte for byte, that of a run that nobody disturbed. No two
sealed files are the same: what they hold is compared.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imveil
import long_run
from imveil import Key, registry
from imveil.errors import BadDestination, BadSource
from imveil.keys.files import write_key
from imveil.owner import encryption
from imveil.owner.decryption import decrypt_set
from imveil.owner.encryption import encrypt_set
from imveil.owner.run import place, pool
from imveil.owner.shards import plan
from imveil.owner.shards.sealed_file import SealedReader
from imveil.owner.sources import open_source
from imveil.store.containers import base
from imveil.store.sets import open_set
from made_source import made, tree

SCRIPT = Path(__file__).parents[1] / "helpers" / "long_run.py"
KEY = Key(b"k" * 32)
SCHEME = imveil.find("aes-ctr-control/1")
ENCRYPT, OTHERS = ["encrypt"] * 3 + ["decrypt"], ["rekey", "seal", "move", "unseal"]
EACH = 5  # kills at most on the way to one data set
FINAL = (".png", ".jpg", ".sha256", ".npz", ".parquet", ".tar", ".safetensors")


class Undisturbed:
    """Data sets that nobody disturbed, and their pictures, made when asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def made(self, what: str, name: str) -> Path:
        """What the run `what` makes in the container `name`."""
        folder = self.root / f"{name}-{what}"
        if not folder.exists():
            finish(what, self.source(what, name), folder, 1, name)
        return folder

    def source(self, what: str, name: str) -> Path:
        """What it makes that of."""
        needs = {"encrypt": "", "unseal": "seal"}.get(what, "encrypt")
        return self.made(needs, name) if needs else self.root


def finish(what: str, source: Path, destination: Path, workers: int, name: str) -> None:
    """The run in this process, undisturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "SHARD", 20)
        long_run.run(what, source, destination, workers, name)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(tmp_path_factory.mktemp("undisturbed"))


def children(process: int) -> list[int]:
    """The workers of a run: its children but for the one that tracks resources."""
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def kill(what: str, source: Path, destination: Path, name: str, rng: random.Random, kills: Counter[str]) -> bool:
    """Start a run with a random number of workers and kill something of it at a random moment; False where it ended
    before."""
    workers, steps, wait, aim = rng.randint(1, 3), rng.randint(0, 14), rng.random() * 0.04, rng.random()
    command = [sys.executable, str(SCRIPT), what, str(source), str(destination), str(workers), name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(steps)]
        begun = destination, destination.with_name(f"{destination.name}.rekey")
        while not any(place.exists() for place in begun) and process.poll() is None:
            time.sleep(0.002)
        time.sleep(wait)
        workers_now = children(process.pid) if process.poll() is None else []
        if aim < 0.5 and workers_now:
            kind, victim = "worker", rng.choice(workers_now)
        else:
            kind, victim = "parent", process.pid
        live = process.poll() is None and set(told) <= {"step\n"}
        if live:
            os.kill(victim, signal.SIGKILL)
        process.communicate(timeout=120)  # workers hold the pipe too: it ends with the last of them
    complete = process.returncode == 0
    if kind == "parent" and live:
        live = process.returncode == -signal.SIGKILL
    if live and not complete:
        kills[kind] += 1
    return not complete


def campaign(count: int, kinds: list[str], rng: random.Random, undisturbed: Undisturbed, root: Path) -> Counter[str]:
    """Kill until `count` kills have hit, on as many data sets as that takes. What was killed is counted."""
    kills: Counter[str] = Counter()
    runs = 0
    while kills.total() < count:
        runs += 1
        assert runs < 10 * count, "kills come too late: make the runs longer"
        name, what = rng.choice(list(registry.files(base.PACKAGE))), rng.choice(kinds)
        source, destination = undisturbed.source(what, name), root / f"{runs}-{what}"
        if what == "move":
            source = Path(shutil.copytree(source, root / f"{runs}-source"))
        most = min(count, kills.total() + EACH)
        while kills.total() < most and kill(what, source, destination, name, rng, kills):
            whole(what, destination, undisturbed, name)
        finish(what, source, destination, rng.randint(1, 2), name)
        whole(what, destination, undisturbed, name)
        if what in ("seal", "move"):
            assert what == "seal" or not source.exists()
            source, destination = destination, root / f"{runs}-unsealed"
            finish("unseal", source, destination, 1, name)
            assert tree(destination) == tree(undisturbed.made("encrypt", name))
        elif what == "unseal":
            assert tree(destination) == tree(undisturbed.made("encrypt", name))
        else:
            assert tree(destination) == tree(undisturbed.made(what, name))
        assert not destination.with_name(f"{destination.name}.rekey").exists()
        kills[f"{what} {name}"] += 0
    return kills


def whole(what: str, destination: Path, undisturbed: Undisturbed, name: str) -> None:
    """Everything that has its final name is as it should be."""
    if what in ("seal", "move"):
        digest = open_set(undisturbed.made("encrypt", name)).manifest.sha256
        for file in destination.glob("imveil-shard-*.sealed"):
            with file.open("rb") as sealed:
                number = int(file.stem.rpartition("-")[2])
                reader = SealedReader(sealed, KEY, f"shard {number} of {digest}", str(file))
                while reader.read(1 << 20):
                    pass
        return
    want = tree(undisturbed.made("encrypt" if what == "unseal" else what, name))
    for path, data in tree(destination).items():
        if path.endswith(FINAL):
            assert data == want[path], f"{path} is not whole"


def told(capfd: pytest.CaptureFixture[str], kills: Counter[str]) -> None:
    with capfd.disabled():
        words = ", ".join(f"{kills[kind]} {kind}s" for kind in ("parent", "worker"))
        print(f"\n{kills.total()} kills hit live runs: {words}", flush=True)


def test_five_kills(tmp_path: Path, undisturbed: Undisturbed, capfd: pytest.CaptureFixture[str]) -> None:
    told(capfd, campaign(5, ENCRYPT, random.Random(20), undisturbed, tmp_path))


@pytest.mark.parametrize("what", OTHERS)
def test_a_kill_of_every_other_run(
    tmp_path: Path, undisturbed: Undisturbed, capfd: pytest.CaptureFixture[str], what: str
) -> None:
    told(capfd, campaign(1, [what], random.Random(f"killed {what}"), undisturbed, tmp_path))


@pytest.mark.soak
def test_fifty_kills(tmp_path: Path, undisturbed: Undisturbed, capfd: pytest.CaptureFixture[str]) -> None:
    kills = campaign(50, ENCRYPT, random.Random(), undisturbed, tmp_path)
    told(capfd, kills)
    assert kills["parent"] >= 10
    assert kills["worker"] >= 5


@pytest.mark.soak
def test_forty_kills_of_other_runs(tmp_path: Path, undisturbed: Undisturbed, capfd: pytest.CaptureFixture[str]) -> None:
    kills: Counter[str] = Counter()
    for what in OTHERS:
        kills += campaign(10, [what], random.Random(), undisturbed, tmp_path / what)
    told(capfd, kills)
    assert kills["parent"] >= 8


# The lock.


def _hold(folder: str, ready: Any) -> None:
    with place.locked(Path(folder)):
        ready.set()
        time.sleep(600)


def holder(folder: Path) -> Any:
    """Another process that has the folder."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(str(folder), ready))
    process.start()
    assert ready.wait(60)
    return process


def test_a_dead_process_holds_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_PATIENCE", 0.1)
    process = holder(tmp_path / "c")
    try:
        with pytest.raises(BadDestination, match=r"another run is writing to .* now; wait for its end"):
            encrypt_set(made(4), tmp_path / "c", SCHEME, KEY, workers=1)
    finally:
        process.kill()
        process.join()
    assert encrypt_set(made(4), tmp_path / "c", SCHEME, KEY, workers=1).images == 4


def make_lock_test(key: Key, folder: str) -> Callable[..., bool]:
    """Whether a worker has the lock: it does where the folder cannot be locked by another opening of it, once the
    parent's own is closed."""
    del key

    def work(task: int, stop: pool.Stop) -> bool:
        del task, stop
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    return work


def test_a_worker_keeps_the_lock_of_a_parent_that_died(tmp_path: Path) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pool.holding(held):
        work = pool.run(make_lock_test, (str(tmp_path),), KEY, range(64), 2)
        assert next(work)
        os.close(held)  # as the end of the parent would
        assert all(work)
    again = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(again)


# What else goes wrong.


def test_a_source_that_vanishes(tmp_path: Path) -> None:
    whole, away = tmp_path / "pictures", tmp_path / "away"
    encrypt_set(made(200), tmp_path / "c", SCHEME, KEY, workers=1)
    decrypt_set(tmp_path / "c", whole, KEY, workers=1)
    source = open_source(whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "SHARD", 20)

        def vanish(at: Any) -> None:
            if at.done == 60:
                whole.rename(away)

        for empty in (False, True):
            with pytest.raises(BadSource, match="is there no more; run the same"):
                encrypt_set(source, tmp_path / "d", SCHEME, KEY, workers=1, progress=vanish)
            assert not (tmp_path / "d" / "rejected.jsonl").exists()
            assert not (tmp_path / "d" / "imveil.json").exists()
            if not empty:
                whole.mkdir()  # a disk that is gone leaves its empty place
        whole.rmdir()
        away.rename(whole)
        report = encrypt_set(source, tmp_path / "d", SCHEME, KEY, workers=1)
        assert (report.images, report.kept, report.rejected) == (200, 60, [])
        encrypt_set(source, tmp_path / "e", SCHEME, KEY, workers=1)
    assert tree(tmp_path / "d") == tree(tmp_path / "e")


def test_a_polite_end(tmp_path: Path) -> None:
    """SIGTERM to the command: between two pictures, with one line and code 130, and the same command goes on."""
    write_key(tmp_path / "my.key", KEY)
    encrypt_set(made(1000, shape=(64, 64, 3)), tmp_path / "c", imveil.find("plain/1"), KEY, workers=1)
    decrypt_set(tmp_path / "c", tmp_path / "p", KEY, workers=1)
    line = ["-m", "imveil", "encrypt", "p", "d", "--key", "my.key", "--scheme", SCHEME.id, "--workers", "2"]
    with subprocess.Popen([sys.executable, *line], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob("d/.imveil-*.sealed")) and process.poll() is None:
            time.sleep(0.01)
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.count("\n") == 1
    assert not [path for path in tree(tmp_path / "d") if path.endswith((".part", "imveil.json"))]
    done = subprocess.run([sys.executable, *line], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "of them by an earlier run" in done.stdout
    encrypt_set(tmp_path / "p", tmp_path / "e", SCHEME, KEY, workers=1)
    assert tree(tmp_path / "d") == tree(tmp_path / "e")


@pytest.mark.parametrize("name", ["folder", "parquet"])
def test_a_destination_that_is_read_only(tmp_path: Path, name: str) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "imveil-test", str(place)]
    try:
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("this user may not mount a file system")
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    try:
        for folder in (place, place / "c"):
            with pytest.raises(BadDestination, match="Read-only file system"):
                encrypt_set(made(4), folder, SCHEME, KEY, container=name, workers=1)
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("complete", [False, True])
def test_the_plan_holds_where_the_first_picture_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complete: bool
) -> None:
    """How large shards are follows from the first picture that can be read, which is another one then."""
    monkeypatch.setattr(plan, "_SHARD_BYTES", (600, 600))
    first = {0: (16, 16, 3)}

    def stop(at: Any) -> None:
        if at.done >= 12 and not complete:
            raise KeyboardInterrupt

    try:
        encrypt_set(made(24, broken=frozenset({0}), shapes=first), tmp_path, SCHEME, KEY, workers=1, progress=stop)
    except KeyboardInterrupt:
        assert not complete
    report = encrypt_set(made(24, shapes=first), tmp_path, SCHEME, KEY, workers=1)
    assert (report.images, report.rejected) == (24, [])
    assert report.kept >= 9
    assert max(shard.count for shard in open_set(tmp_path).manifest.shards) == 3
