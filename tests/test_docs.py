"""The examples in README and docs run, as written, from top to bottom of each page; its tables are fresh."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(?P<kind>python|console)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    return [(m["kind"], m["body"]) for m in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def make_pictures(folder: Path) -> None:
    """What the examples call `pictures`: two classes that a net can tell apart, in two splits."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 24), ("test", 6)):
        for name, level in (("cat", 60), ("dog", 190)):
            home = folder / split / name
            home.mkdir(parents=True)
            for i in range(count):
                pixels = rng.normal(level, 20, (32, 32, 3)).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(home / f"{i:03d}.png")


def make_scans(folder: Path) -> None:
    """What the tutorial calls `pictures`: chest X-rays where they are at hand, else bright and dark noise."""
    sets = Path(os.environ.get("IMVEIL_DATA", "nowhere")) / "pneumoniamnist" / "pneumoniamnist.npz"
    found = np.load(sets) if sets.exists() else None
    rng = np.random.default_rng(0)
    for split, count in (("train", 150), ("test", 30)):
        for label, name in enumerate(("normal", "pneumonia")):
            home = folder / split / name
            home.mkdir(parents=True)
            if found is not None:
                pictures = found[f"{split}_images"][found[f"{split}_labels"].ravel() == label][:count]
            else:
                pictures = rng.normal(100 * label, 20, (count, 28, 28)).clip(0, 255).astype(np.uint8)
            for i, pixels in enumerate(pictures):
                Image.fromarray(pixels).save(home / f"{i:03d}.png")


def make_hospitals(folder: Path) -> None:
    """What the page of the private path calls a, b and c: pictures of three hospitals, and a cloud without any."""
    make_scans(folder / "all")
    (folder / "cloud").mkdir()
    files = sorted((folder / "all" / "train").rglob("*.png"))
    for number, home in enumerate("abc"):
        for file in files[number::3]:
            place = folder / home / "pictures" / file.parent.name / file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            file.rename(place)
    (folder / "all" / "test").rename(folder / "a" / "test")


# Other people's packages leave files open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_examples_run_as_written(page: Path, tmp_path: Path) -> None:
    if page.name == "flower.md":
        pytest.importorskip("flwr")
    if page.name == "private.md":
        make_hospitals(tmp_path)
    else:
        (make_scans if page.name == "tutorial.md" else make_pictures)(tmp_path / "pictures")
    environment = {
        **os.environ,
        "IMVEIL_STATE": str(tmp_path / "state"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    scope: dict[str, object] = {}
    for kind, body in blocks(page):
        if kind == "python":
            here = Path.cwd()
            os.chdir(tmp_path)
            try:
                exec(compile(body, f"{page.name} example", "exec"), scope)
            finally:
                os.chdir(here)
            continue
        for line in body.splitlines():
            if line.startswith("$ "):
                words = shlex.split(line[2:], comments=True)
                done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
                assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
