"""The page served by `imveil serve --page` itself, driven in Chromium: a model answers, and its attack runs."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from imveil.store import png  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PIXELS = """pane => {
    const canvas = document.getElementById(pane);
    return Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data);
}"""
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


def imveil(*words: str) -> None:
    """A command, as a user runs it."""
    done = subprocess.run([sys.executable, "-m", "imveil", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with two models of pictures of 8x8: keys of each image's own, and one key for all."""
    home = tmp_path_factory.mktemp("page")
    rng = np.random.default_rng(7)
    for split, label, number in product(("train", "test"), range(3), range(8)):
        file = home / "plain" / split / f"class{label}" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png.encode(rng.integers(60 * label, 60 * label + 120, (8, 8, 3), np.uint8)))
    key = str(home / "owner.key")
    imveil("keygen", key)
    models = []
    for name, per_image in (("each", "true"), ("one", "false")):
        models.append(str(home / f"{name}.safetensors"))
        how = ("--key", key, "--scheme", "negpos/1", "--set", f"per_image={per_image}", "--set", "colors=false")
        imveil("encrypt", str(home / "plain"), str(home / name), *how)
        imveil("train", str(home / name), models[-1], "--epochs", "1", "--width", "4", "--batch", "16")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "imveil", "serve", *models, "--page", "--port", port]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        url = f"http://127.0.0.1:{port}/"
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}v2/health/ready", timeout=1)
                break
            except OSError:
                assert running.poll() is None
                time.sleep(0.1)
        yield url
        running.send_signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with api.sync_playwright() as playing:
        opened = playing.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize(("model", "images", "attack"), [("each", 1, "fold"), ("one", 60, "many-time-pad")])
def test_three_panes_and_an_answer(address: str, browser: Any, model: str, images: int, attack: str) -> None:
    page, said = browser.new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{address}#model={model}&intercepted={images}")
    page.locator("#attacker-says", has_text=re.compile(r" \d+\.\d s\.")).wait_for(timeout=60_000)
    assert not said
    assert page.locator("#answer meter").count() == 3
    assert page.inner_text("#key-bytes") == "0"
    assert page.locator("#problem").is_hidden()
    counted = "one cipher image" if images == 1 else f"{images} cipher images"
    assert counted in page.inner_text("#attacker-says")
    assert attack in page.inner_text("#attacker-says")
    assert ("noise" in page.inner_text("#answer-says")) == (model == "one")
    you, guess = (np.array(page.evaluate(PIXELS, pane)) for pane in ("you", "attacker"))
    error = np.abs(you - guess).mean()
    assert error < 20 if model == "one" else error > 1, error
    page.close()


def test_what_the_page_is_served_with(address: str) -> None:
    """Every file of the page, and no other of the package."""
    here = Path(__file__).parents[2] / "src" / "imveil" / "cloud" / "serve" / "page"
    for file in here.iterdir():
        name = "" if file.name == "index.html" else file.name
        with urllib.request.urlopen(address + name) as answer:
            assert answer.read() == file.read_bytes()
            assert "default-src 'none'" in answer.headers["content-security-policy"]
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{address}../app.py")
