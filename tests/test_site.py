"""The documentation site: built with warnings as errors, asks nobody for anything, every link leads somewhere, fits."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("zensical")
pytest.importorskip("playwright")

from playwright.sync_api import Page, sync_playwright
from scripts import site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# A page of each kind: text, wide tables, pictures, code, the reference.
LOOKED_AT = (
    "index.html",
    "schemes.html",
    "attacks/index.html",
    "attacks/jigsaw.html",
    "web.html",
    "api/imveil.schemes.html",
)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def built() -> Path:
    site.main([])
    return site.BUILD / "site"


@pytest.fixture(scope="module")
def address(built: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(built)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(180_000)  # the machine may be busy
        yield page
        browser.close()


def test_every_internal_link_leads_to_a_page_and_a_place_on_it(page: Page, address: str, built: Path) -> None:
    asked: set[str] = set()
    page.on("request", lambda one: asked.add(one.url))
    waiting, seen, places = [address + "index.html"], set(), {}
    targets: set[tuple[str, str]] = set()
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        answer = page.goto(here, wait_until="domcontentloaded")
        assert answer is not None, here
        assert answer.status == 200, here
        places[here] = set(page.eval_on_selector_all("[id], a[name]", "all => all.map(one => one.id || one.name)"))
        for link in page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))"):
            there, anchor = urldefrag(urljoin(here, link))
            if there.startswith(address):
                there = there + "index.html" if there.endswith("/") else there
                targets.add((there, anchor))
                if there.endswith(".html"):
                    waiting.append(there)
    assert {f"{address}{one.relative_to(built).as_posix()}" for one in built.rglob("*.html")} - seen <= {
        address + "404.html"
    }
    lost = {
        f"{there}#{anchor}" for there, anchor in targets if anchor and there in places and anchor not in places[there]
    }
    assert not lost
    assert all((built / there.removeprefix(address)).exists() for there, _ in targets)
    assert {one for one in asked if not one.startswith((address, "data:", "blob:"))} == set()


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_page_fits_and_shows_something(page: Page, address: str, tmp_path: Path, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address + name, wait_until="load")
    wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1], f"{name} is {wide[0]} wide in a window of {wide[1]}"
    page.screenshot(path=str(tmp_path / "seen.png"))
    seen = np.asarray(Image.open(tmp_path / "seen.png").convert("L"))
    assert seen.shape == (900, width)
    assert seen.std() > 10
    assert page.evaluate("[...document.images].every(one => one.naturalWidth > 0 || one.loading === 'lazy')")


def test_the_search_finds_a_scheme(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto(address + "index.html", wait_until="load")
    assert page.locator("a:has-text('skew')").count() == 0
    page.keyboard.press("Control+k")
    page.keyboard.type("skew tent", delay=20)
    page.wait_for_selector("a:has-text('skew')", timeout=20_000)  # README names no such scheme


def test_a_broken_link_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(site.ROOT / "zensical.toml", tmp_path / "zensical.toml")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "site.css").touch()
    (tmp_path / "README.md").write_text("# Two pages\n\n[the other](docs/other.md)\n", encoding="utf-8")
    (tmp_path / "docs" / "other.md").write_text("# Other\n\n[the first](../README.md)\n", encoding="utf-8")
    for place, folder in (("ROOT", tmp_path), ("BUILD", tmp_path / "build"), ("PAGES", tmp_path / "build" / "docs")):
        monkeypatch.setattr(site, place, folder)
    monkeypatch.setattr(site, "reference", dict)
    site.main([])
    assert 'href="other.html"' in (tmp_path / "build" / "site" / "index.html").read_text(encoding="utf-8")
    (tmp_path / "docs" / "other.md").write_text("# Other\n\n[nowhere](gone.md)\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="warnings"):
        site.main([])
