"""The browser's half: types, the tests of `web/test/` in Node, Chromium and Firefox, and whether its build is fresh.

Skipped, with the reason, where Node or its packages are missing: `npm ci` in web/ installs them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import imveil

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
PAGE = ROOT / "src" / "imveil" / "cloud" / "serve" / "page"
MISSING = (
    "Node is missing" if not (shutil.which("node") and shutil.which("npm"))
    else "the packages of web/ are missing: npm ci in web/" if not (WEB / "node_modules").is_dir()
    else ""
)  # fmt: skip
needs_node = pytest.mark.skipif(bool(MISSING), reason=MISSING or "there")
LEFT_OUT = {"ldp-slicing/1", "pevit-rs/1"}  # docs/web.md says why


def run(*command: str, **options: Any) -> str:
    """What a command in web/ prints; a failure shows it."""
    env = os.environ | {"IMVEIL_PYTHON": sys.executable, "NO_COLOR": "1", "CI": "1"}
    done = subprocess.run(command, cwd=WEB, env=env, capture_output=True, text=True, timeout=240, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_node
def test_types() -> None:
    run("npx", "--no-install", "tsc", "-p", "tsconfig.json")
    run("npx", "--no-install", "tsc", "-p", "page/tsconfig.json")


@needs_node
@pytest.mark.parametrize("file", sorted(file.stem for file in (WEB / "test").glob("*.test.ts")))
def test_in_node_and_browsers(file: str) -> None:
    run("npx", "--no-install", "vitest", "run", f"test/{file}.ts")


@needs_node
def test_the_build_is_fresh(tmp_path: Path) -> None:
    run("node", "build.mjs", "--page", str(tmp_path))
    built = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert built == {file.name: file.read_bytes() for file in PAGE.iterdir()}, "run make web"


def test_what_is_left_out_is_named() -> None:
    """Every scheme of the package is in the browser, or docs/web.md says why it is not."""
    there = {file.stem for file in (WEB / "src" / "schemes").glob("[a-z]*.ts")}
    missing = {name for name in imveil.schemes.names() if name.split("/")[0].replace("-", "_") not in there}
    assert missing == LEFT_OUT
    words = (ROOT / "docs" / "web.md").read_text()
    assert all(name in words for name in LEFT_OUT)
