"""The cloud works where the owner's rooms are gone: to train and to answer takes no key and no cipher."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

SOURCE = Path(__file__).parents[2] / "src" / "imveil"
HELPERS = Path(__file__).parents[1] / "helpers"
GONE = ["keys", "schemes", "owner", "audit", "metrics", "lab"]

IMPORT_ALL = """
import importlib, pkgutil, sys
import imveil.cloud, imveil.store
count = 0
for room in (imveil.cloud, imveil.store):
    for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        importlib.import_module(module.name)
        count += 1
gone = [m for m in sys.modules if m.split(".")[:1] == ["imveil"] and m.split(".")[1:2] and m.split(".")[1] in GONE]
assert not gone, gone
assert "cryptography" not in sys.modules, "what decrypts has no place here"
print(count)
"""

TRAIN = """
from pathlib import Path
import numpy as np
from imveil.cloud.training.loop import Settings, fit
from imveil.cloud.modelfile import describe, load_model, save_net
from imveil.cloud.prediction import evaluate
rng = np.random.default_rng(0)
labels = np.arange(64) % 2
images = (rng.integers(0, 100, (64, 8, 8, 3)) + 100 * labels[:, None, None, None]).astype(np.uint8)
trained = fit((images, labels), 2, Settings(width=4, epochs=3, batch=16, lr=0.1))
about = dict(scheme="negpos/1", fields={}, traits={}, fingerprint="k3xd-7q2a-9fz4-mmwp", images=64)
save_net(Path("model"), trained.net, describe(trained, ["dark", "bright"], **about))
print(evaluate(load_model(Path("model")).net, images, labels).right)
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package without the rooms that know keys."""
    home = tmp_path_factory.mktemp("cloud")
    ignored = shutil.ignore_patterns("__pycache__", *GONE)
    shutil.copytree(SOURCE, home / "imveil", ignore=lambda d, names: ignored(d, names) if Path(d) == SOURCE else set())
    assert not [room for room in GONE if (home / "imveil" / room).exists()]
    return home


def run(home: Path, *args: str, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    # -S keeps site hooks of an editable install away, which would find the rooms again.
    paths = os.pathsep.join([str(home), *(p for p in sys.path if p.endswith("site-packages"))])
    environment = {**os.environ, "PYTHONPATH": paths, **variables}
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", *args],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def test_the_rooms_are_really_gone(cloud: Path) -> None:
    for room in GONE:
        assert "ModuleNotFoundError" in run(cloud, "-c", f"import imveil.{room}", code=1).stderr


def test_every_module_of_cloud_and_store_can_be_imported(cloud: Path) -> None:
    assert int(run(cloud, "-c", f"GONE = {GONE}\n{IMPORT_ALL}").stdout) > 15


def test_a_model_is_trained_saved_and_asked(cloud: Path) -> None:
    assert int(run(cloud, "-c", TRAIN).stdout) > 58


def test_the_commands_of_the_cloud_are_there(cloud: Path) -> None:
    for command in ("train", "predict", "evaluate"):
        assert "Examples" in run(cloud, "-m", "imveil", command, "--help").stdout
    line = run(cloud, "-m", "imveil", "predict", "no-such-model", "x.png", code=2).stderr
    assert line.startswith("imveil: no-such-model cannot be read")
    assert line.count("\n") == 1


def test_a_data_set_is_trained_on_and_scored_by_commands(cloud: Path) -> None:
    code = f"import sys; sys.path.append({str(HELPERS)!r}); from cipher_sets import write_set\n"
    run(cloud, "-c", code + "from pathlib import Path; write_set(Path('set'))")
    small = ["--width", "4", "--batch", "16", "--epochs", "2"]
    run(cloud, "-m", "imveil", "train", "set", "set.model", *small)
    assert "accuracy" in run(cloud, "-m", "imveil", "evaluate", "set.model", "set").stdout


@pytest.mark.parametrize("missing", ["torch", "safetensors"])
def test_a_missing_extra_is_named(cloud: Path, missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from imveil.cli import main; main(['predict', 'm', 'x.png'])"
    line = run(cloud, "-c", code, code=2).stderr
    assert f"{missing} is not installed; pip install 'imveil[train]'" in line
    assert line.count("\n") == 1
