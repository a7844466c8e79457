"""Parts of other packages: a small one with a scheme, an attack and a metric is built, installed, and played."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil import owner
from imveil.errors import Mismatch, UnknownName

PARTS = Path(__file__).parent / "helpers" / "parts"
SOURCE = str(Path(imveil.__file__).parents[1])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package is installed, from nothing but its own files and what is here already."""
    pytest.importorskip("hatchling")
    root = tmp_path_factory.mktemp("package")
    shutil.copytree(PARTS, root / "source", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*pip, "--target", root / "site", root / "source"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return root / "site"


def python(site: Path, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), SOURCE])} | more
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, timeout=300)


def test_they_are_found_and_played(site: Path) -> None:
    code = """
import numpy as np, imveil
from imveil import attacks, metrics, schemes
from imveil.audit import audit
assert "stripes/1" in schemes.names() and "by-eye" in attacks.names() and "brightness" in metrics.names("images")
images = np.add.outer(np.arange(16), np.arange(16))[None, :, :, None] * np.ones((1, 1, 1, 3))
shades = np.random.default_rng(0).integers(0, 60, (120, 1, 1, 3))
images = (images * 4 + shades).astype(np.uint8)
assert metrics.find("brightness")(images).shape == (120,)
assert schemes.known("stripes/1") == imveil.find("stripes/1")
report = audit(imveil.find("stripes/1"), images, budget="20s", views=["coa"], seeds=1)
played = [one for one in report.findings if one.trial.attack.id == "by-eye"]
assert played and played[0].recovery > 0.5, report
assert any(line["name"] == "brightness" for line in report.metrics)
print(report)
"""
    done = python(site, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "not protected" in done.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ('"stripes/1" =', '"negpos/1" ='),
            "two schemes are called 'negpos/1': imveil.schemes.negpos and stripes:Stripes",
        ),
        (("stripes:Stripes", "stripes:Spots"), "cannot be imported: AttributeError"),
        (("stripes:Stripes", "nothing_here:Spots"), "cannot be imported: ModuleNotFoundError"),
        (('"stripes/1" =', '"dots/1" ='), "id of what is there is 'stripes/1'"),
        (("stripes:Stripes", "stripes:ByEye"), "id of what is there is 'by-eye'"),
    ],
    ids=["taken", "name", "module", "another id", "no scheme"],
)
def test_a_package_that_is_wrong_is_one_line(site: Path, tmp_path: Path, change: tuple[str, str], words: str) -> None:
    shutil.copytree(site, tmp_path / "site")
    [entries] = (tmp_path / "site").glob("*.dist-info/entry_points.txt")
    before = entries.read_text()
    entries.write_text(before.replace(change[0].replace('"', ""), change[1].replace('"', "")))
    assert entries.read_text() != before
    id = "dots/1" if "dots" in change[1] else "negpos/1" if "negpos" in change[1] else "stripes/1"
    done = python(tmp_path / "site", "-m", "imveil", "schemes", id)
    assert done.returncode == 2, done.stdout
    assert words in done.stderr
    assert "imveil-stripes" in done.stderr
    assert done.stderr.startswith("imveil: ")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def ciphers(tmp_path: Path) -> Path:
    """A data set of a scheme that only its owner has, by the command line."""
    (tmp_path / "mine.py").write_text((PARTS / "stripes.py").read_text())
    for i in range(4):
        (tmp_path / "pictures" / "a").mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / "a" / f"{i}.png")
    for words in (
        ["keygen", "key"],
        ["encrypt", "pictures", "ciphers", "--key", "key", "--scheme", "mine.py:Stripes", "--workers", "2"],
    ):
        done = command(tmp_path, *words)
        assert done.returncode == 0, done.stderr
    return tmp_path


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": SOURCE}
    return subprocess.run(
        [sys.executable, "-m", "imveil", *words], cwd=home, env=environment, capture_output=True, text=True, timeout=300
    )


def test_a_scheme_of_a_file_by_the_command_line(ciphers: Path) -> None:
    assert json.loads((ciphers / "ciphers" / "imveil.json").read_text())["scheme"] == "stripes/1"
    refused = command(ciphers, "decrypt", "ciphers", "restored", "--key", "key")
    assert refused.returncode == 2
    assert "no scheme is called 'stripes/1'" in refused.stderr
    assert "mine.py:Name" in refused.stderr
    assert not (ciphers / "restored").exists()
    own = ["--scheme", "mine.py:Stripes"]
    for words in (
        ["decrypt", "ciphers", "restored", "--key", "key", *own],
        ["verify", "ciphers", "--key", "key", *own],
        ["keygen", "new.key"],
        ["rekey", "ciphers", "again", "--from", "key", "--to", "new.key", *own],
        ["decrypt", "again", "restored2", "--key", "new.key", *own],
    ):
        done = command(ciphers, *words)
        assert done.returncode == 0, done.stderr
    for i in range(4):
        truth = np.asarray(Image.open(ciphers / "pictures" / "a" / f"{i}.png"))
        for name in ("restored", "restored2"):
            np.testing.assert_array_equal(np.asarray(Image.open(ciphers / name / "a" / f"{i}.png")), truth)
    with pytest.raises(Mismatch, match="'stripes/1' was needed, negpos/1 is negpos/1"):
        owner.decrypt(ciphers / "ciphers", ciphers / "x", str(ciphers / "key"), scheme="negpos/1")


def test_a_hostile_manifest_runs_nothing(ciphers: Path) -> None:
    """A cloud that names a file: what lies there is not opened, by any command that reads the set or its pictures."""
    trap = ciphers / "trap.py"
    trap.write_text(f"open({str(ciphers / 'ran')!r}, 'w')\n" + (PARTS / "stripes.py").read_text())
    from imveil.owner.decryption import decrypt_image
    from imveil.owner.shards.contents import named
    from imveil.store import png
    from imveil.store.manifest import Manifest
    from imveil.store.tag import Tag

    file = ciphers / "ciphers" / "imveil.json"
    manifest = Manifest.from_bytes(file.read_bytes(), "manifest")
    key = imveil.KeyRef(str(ciphers / "key")).open()
    commands = (
        ["decrypt", "ciphers", "restored", "--key", "key"],
        ["verify", "ciphers", "--key", "key"],
        ["rekey", "ciphers", "again", "--from", "key", "--to", "key"],
        ["train", "ciphers", "model"],
    )
    for i, name in enumerate((f"{trap}:Stripes", str(trap), "trap.py", "trap.py:Stripes", "trap:Stripes")):
        file.write_bytes(manifest.model_copy(update={"scheme": name, "sha256": ""}).to_bytes())
        for words in commands if i == 0 else commands[i - 1 : i]:
            done = command(ciphers, *words)
            assert done.returncode != 0, f"{words}: {done.stdout}"
            assert "Traceback" not in done.stderr
        with pytest.raises(UnknownName):
            named(name, {})
        pixels = np.zeros((8, 8, 3), np.uint8)
        with pytest.raises(UnknownName):
            decrypt_image(png.encode(pixels, Tag(name, {}, key.fingerprint, None, None, 8)), key, "a picture")
    assert not (ciphers / "ran").exists()
