"""The page served by `imveil serve --page` itself, driven in Chromium: a model answers, and its attack runs."""

from __future__ import annotations

import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
pytest.importorskip("httpx2", reason="the extra `ask` is not installed")
api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from imveil.statuses import measured, ways  # noqa: E402
from imveil.store.messages.head import Card, Head  # noqa: E402
from imveil.store.messages.round import Encoder, Features, Projection  # noqa: E402
from service import Service  # noqa: E402
from small_model import small_model  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PIXELS = """pane => {
    const canvas = document.getElementById(pane);
    return Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data);
}"""
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head of the private path."""
    features = Features(
        encoder=Encoder(name="made", weights="0" * 64, width=64),
        projection=Projection(kind="orthogonal", digest="0" * 64), dim=20,
    )  # fmt: skip
    card = Card(
        features=features, classes=["cat", "dog"], method="ridge", study="0" * 64, steps=1, pictures=9, owners=3
    )
    file = tmp_path_factory.mktemp("head") / "head.safetensors"
    file.write_bytes(Head(np.random.default_rng(0).normal(size=(21, 2)), card).to_bytes())
    return file


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, head: Path) -> Iterator[str]:
    """A server with a head, and two models of pictures of 8x8: keys of each image's own; one key for all and hidden
    labels."""
    home = tmp_path_factory.mktemp("page")
    models = []
    for name, per_image in (("each", True), ("one", False)):
        models.append(str(home / f"{name}.safetensors"))
        fields = {"negpos": True, "colors": per_image, "per_image": per_image}
        made = small_model(fields=fields)
        classes = made.info.classes if per_image else ["class-0", "class-1", "class-2"]
        replace(made, info=made.info.model_copy(update={"classes": classes})).save(models[-1])
    running = Service(*models, str(head), "--page")
    yield running.url + "/"
    running.end()


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
    page.locator("#attacker-says", has_text=re.compile(r" \d+\.\d s\.")).wait_for(timeout=120_000)
    assert not said
    assert page.locator("#answer meter").count() == 3
    assert page.inner_text("#key-bytes") == "0"
    assert page.locator("#problem").is_hidden()
    counted = "one cipher image" if images == 1 else f"{images} cipher images"
    assert counted in page.inner_text("#attacker-says")
    assert attack in page.inner_text("#attacker-says")
    assert ("noise" in page.inner_text("#answer-says")) == (model == "one")
    assert ("--classes FILE opens" in page.inner_text("#answer-says")) == (model == "one")
    you, guess = (np.array(page.evaluate(PIXELS, pane)) for pane in ("you", "attacker"))
    error = np.abs(you - guess).mean()
    assert error < 20 if model == "one" else error > 1, error
    page.close()


def test_what_was_measured_and_what_it_costs(address: str, browser: Any) -> None:
    """From records: a row for every scheme, with its numbers, and what the private path costs, with its commands."""
    page = browser.new_page()
    page.goto(f"{address}#model=each")
    page.locator("#costs tr", has_text="imveil query new").first.wait_for()
    rows = page.locator("#schemes tbody tr").all_inner_texts()
    assert len(rows) >= len(measured())
    assert sum("most recovered by second-order, " in row and "cipher images" in row for row in rows) >= 1
    assert page.locator("#schemes tr[aria-current]").count() == 1
    assert "negpos/1" in page.inner_text("#schemes tr[aria-current]")
    for row in ways("private"):
        assert page.locator("#costs tr", has_text=row["what"]).get_by_text(row["cost"]).count() == 1
    assert page.locator("#costs tr", has_text="Concrete ML").count() == 2
    assert re.search(
        r"negpos/1.*one cipher image is enough.*recovery 0.*re-identified 1.00", page.inner_text("#verdict")
    )
    page.close()


def test_a_query_of_the_private_path_is_answered(address: str, browser: Any, head: Path, tmp_path: Path) -> None:
    pytest.importorskip("tenseal", reason="the extra `private` is not installed")
    from imveil.owner.asking.encrypted import ask, open_answer

    asked = ask(np.arange(21)[None], ["x"], Head.read(head).card)
    (tmp_path / "q.query").write_bytes(asked.query)
    page = browser.new_page(accept_downloads=True)
    page.goto(address)
    with page.expect_download() as waiting:
        page.set_input_files("#query-file", tmp_path / "q.query")
    found = open_answer(Path(waiting.value.path()).read_bytes(), asked.secret)
    assert found.classes == ["cat", "dog"]
    page.set_input_files("#query-file", {"name": "x", "mimeType": "text/plain", "buffer": b"no query"})
    page.locator("#query-says", has_text="no message of imveil").wait_for()
    page.close()


def test_offline_all_but_the_query_works(address: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(address)
    page.locator("#answer meter").first.wait_for()
    before = page.evaluate(PIXELS, "cloud")
    page.context.set_offline(True)
    page.click("#another")
    page.locator("#answer", has_text="does not answer").wait_for()
    assert page.evaluate(PIXELS, "cloud") != before
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
