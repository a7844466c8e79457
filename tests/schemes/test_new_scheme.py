"""The example of CONTRIBUTING.md in a copy of this project: everything picks it up without another edit."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
REFERENCE = '''
"""Stripes, one sample at a time."""


def encrypt(image, fields, rows):
    return [[[255 - v if invert else v for v in pixel] for pixel in row] for row, invert in zip(image, rows)]
'''


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("clone")
    for name in ("src", "tests", "scripts", "docs", "vectors", "records"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in [*ROOT.glob("*.md"), ROOT / "pyproject.toml"]:
        shutil.copy(file, root)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [source] = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    [place] = re.findall(r"`(src/imveil/schemes/\w+\.py)`", text)
    (root / place).write_text(source)
    (root / "tests" / "reference" / Path(place).name).write_text(REFERENCE.lstrip())
    run(root, "-m", "scripts.vectors.vectors")
    return root


def run(root: Path, *words: str) -> str:
    """Python in the copy, with the copy's imveil."""
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONWARNINGS": "error"}
    environment.pop("IMVEIL_DATA", None)
    done = subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_witnesses(copy: Path) -> None:
    assert [f.name for f in (copy / "vectors" / "stripes-1").iterdir()] == ["default.json"]
    files = [f"tests/{name}.py" for name in ("test_every_scheme", "schemes/test_witnesses", "lab/test_jpeg")]
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "stripes", *files)
    passed = int(re.findall(r"(\d+) passed", said)[0])
    assert passed >= 18, "laws, reference, golden bytes, JPEG"
    assert "failed" not in said


def test_the_command_line(copy: Path, tmp_path: Path) -> None:
    assert "stripes/1" in run(copy, "-m", "imveil", "schemes")
    page = json.loads(run(copy, "-m", "imveil", "schemes", "stripes/1", "--json"))
    assert page["what"].startswith("every second row")
    for name in "ab":
        (tmp_path / "pictures" / "train" / name).mkdir(parents=True)
        Image.fromarray(np.full((8, 8, 3), ord(name), np.uint8)).save(tmp_path / "pictures" / "train" / name / "1.png")
    key, there = str(tmp_path / "key"), [str(tmp_path / name) for name in ("pictures", "ciphers", "restored")]
    run(copy, "-m", "imveil", "keygen", key)
    run(copy, "-m", "imveil", "encrypt", *there[:2], "--key", key, "--scheme", "stripes/1")
    run(copy, "-m", "imveil", "decrypt", *there[1:], "--key", key)
    for name in "ab":
        pictures = [np.asarray(Image.open(Path(root) / "train" / name / "1.png")) for root in (there[0], there[2])]
        np.testing.assert_array_equal(*pictures)


def test_the_tables(copy: Path) -> None:
    run(copy, "-m", "scripts.tables")
    page = (copy / "docs" / "schemes.md").read_text()
    assert "| `stripes/1` | every second row" in page
    assert "## stripes/1" in page
