"""The cluster: byte for byte what the pool writes, also when an actor is killed; the key stays where it lies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import forms
import imveil
from imveil import Key
from imveil.errors import BadInput, BadKeyFile
from imveil.keys.files import write_key
from imveil.keys.reference import KeyRef
from imveil.owner import encryption
from imveil.owner.encryption import encrypt_set
from made_source import made, tree

ray = pytest.importorskip("ray", reason="the extra ray is not installed")
from imveil.owner.run.cluster import Cluster  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own: of what it will change, and of sockets it leaves open
KEY = Key(b"k" * 32)
SCHEME = imveil.find("aes-ctr-control/1")
HELPERS = str(Path(__file__).parents[1] / "helpers")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "SHARD", 20)


@pytest.fixture(scope="module")
def one() -> Iterator[None]:
    """One cluster for these tests: starting one takes seconds."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    found = {"env_vars": {"PYTHONPATH": os.pathsep.join([HELPERS, *sys.path])}}
    ray.init(num_cpus=4, runtime_env=found, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    write_key(tmp_path / "owner.key", KEY)
    return tmp_path / "owner.key"


@pytest.mark.usefixtures("one")
def test_the_same_bytes(tmp_path: Path, key_file: Path) -> None:
    for workers in (1, 2):
        cluster = Cluster(KeyRef(str(key_file)))
        encrypt_set(made(200), tmp_path / f"r{workers}", SCHEME, KEY, workers=workers, engine=cluster)
    encrypt_set(made(200), tmp_path / "p", SCHEME, KEY, workers=1)
    assert tree(tmp_path / "r1") == tree(tmp_path / "r2") == tree(tmp_path / "p")


@pytest.mark.usefixtures("one")
def test_a_killed_actor(tmp_path: Path, key_file: Path) -> None:
    killed: list[int] = []

    def watch(at: Any) -> None:
        del at
        if not killed:
            killed.extend(_actors()[:1])
            os.kill(killed[0], signal.SIGKILL)

    cluster = Cluster(KeyRef(str(key_file)))
    encrypt_set(made(1000), tmp_path / "r", SCHEME, KEY, workers=2, engine=cluster, progress=watch)
    assert killed
    encrypt_set(made(1000), tmp_path / "p", SCHEME, KEY, workers=1)
    assert tree(tmp_path / "r") == tree(tmp_path / "p")


@pytest.mark.usefixtures("one")
def test_the_key_stays_where_it_is(tmp_path: Path) -> None:
    key = Key.generate()
    write_key(tmp_path / "k", key)
    encrypt_set(made(60), tmp_path / "r", SCHEME, key, workers=1, engine=Cluster(KeyRef(str(tmp_path / "k"))))
    session = Path(ray._private.worker._global_node.get_session_dir_path())
    told = b"".join(path.read_bytes() for path in session.rglob("*") if path.is_file())
    assert b"MapWorker" in told  # it is the place where Ray tells things
    line = (tmp_path / "k").read_text().split()[-1]
    for secret in (key.reveal(), key.reveal().hex().encode(), line.encode()):
        assert secret not in told


@pytest.mark.usefixtures("one")
def test_wrong_key_at_the_actor(tmp_path: Path) -> None:
    write_key(tmp_path / "other.key", Key(b"o" * 32))
    with pytest.raises(BadKeyFile, match=r"where an actor runs.*give every machine the same key file"):
        encrypt_set(
            made(50), tmp_path / "r", SCHEME, KEY, workers=1, engine=Cluster(KeyRef(str(tmp_path / "other.key")))
        )
    with pytest.raises(BadInput, match="this process alone"):
        Cluster(KeyRef("fd:3"))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "127.0.0.1:999999"])
def test_no_cluster_there(tmp_path: Path, key_file: Path, address: str) -> None:
    with pytest.raises(BadInput, match=f"no Ray cluster answers at {address}"):
        encrypt_set(made(50), tmp_path / "r", SCHEME, KEY, engine=Cluster(KeyRef(str(key_file)), address))
    assert not (tmp_path / "r").exists()


def test_goes_on_after_a_killed_run(tmp_path: Path, key_file: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import imveil; from imveil.owner import encryption; from imveil.keys.reference import KeyRef\n"
        "from imveil.owner.run.cluster import Cluster; from made_source import made\n"
        "encryption.SHARD = 20\n"
        "encryption.encrypt_set(made(600), sys.argv[2], imveil.find('aes-ctr-control/1'), imveil.Key(b'k' * 32),\n"
        "    workers=1, engine=Cluster(KeyRef(sys.argv[3])), progress=lambda at: print('step', flush=True))\n"
    )
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([HELPERS, *sys.path])}
    command = [
        sys.executable,
        "-c",
        script,
        HELPERS,
        str(tmp_path / "c"),
        str(key_file),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=where) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "step\n":
                break
        assert process.poll() is None
        process.kill()
    time.sleep(1)  # its actors end when they miss it
    report = encrypt_set(made(600), tmp_path / "c", SCHEME, KEY, workers=1)
    assert report.kept >= 20
    encrypt_set(made(600), tmp_path / "p", SCHEME, KEY, workers=1)
    assert tree(tmp_path / "c") == tree(tmp_path / "p")


def test_from_address_to_address_by_the_command(tmp_path: Path, key_file: Path) -> None:
    """A cluster of its own, pictures and ciphers by their addresses, and nothing of Ray's on the screen."""
    forms.folder(tmp_path)
    patient = {**os.environ, "RAY_raylet_start_wait_time_s": "300"}  # the machine may be busy
    for engine in ("ray", "pool"):
        words = [f"file://{tmp_path}/pictures", f"file://{tmp_path}/{engine}", "--key", str(key_file)]
        words += ["--scheme", "negpos/1", "--container", "parquet", "--engine", engine, "--workers", "1"]
        command = [sys.executable, "-m", "imveil", "encrypt", *words]
        done = subprocess.run(command, cwd=tmp_path, env=patient, capture_output=True, text=True, timeout=400)
        assert done.returncode == 0, done.stderr
        assert all(
            line.startswith(("imveil: encrypting", "imveil: negpos/1: ")) for line in done.stderr.splitlines()
        ), done.stderr
        assert done.stdout.startswith(f"{forms.COUNT} pictures encrypted")
        assert done.stdout.count("\n") == 1
    found = tree(tmp_path / "ray")
    assert len([name for name in found if name.endswith(".parquet")]) == 2
    assert found == tree(tmp_path / "pool")


def _actors() -> list[int]:
    """Processes that Ray calls by our worker's name: its own list of actors needs its dashboard."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if words.startswith(b"ray::") and b"_Worker" in words:
            found.append(int(folder.name))
    return found
