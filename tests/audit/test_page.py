"""The report: one file that loads nothing, says what it must, and looks right in a real Chromium under a strict CSP."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import imveil
from auditing import PICTURES, QUICK
from imveil.audit.campaign import audit
from imveil.audit.result import Audit
from imveil.audit.verdicts import sentence

pytest.importorskip("jinja2", reason="the extra `audit` is not installed")
pytest.importorskip("matplotlib", reason="the extra `audit` is not installed")

from imveil.audit.report.page import audit_html, write_audit

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Audit:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imveil.attacks.names", lambda: [name for name in QUICK if name != "inverse-net"])
        return audit(imveil.find("aes-xor/1"), PICTURES[:90], budget=90, data="90 pictures", seeds=2)


@pytest.fixture(scope="module")
def page(found: Audit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_audit(path, found, "imveil audit --scheme aes-xor/1 --data '<b>&'")
    return path


def test_it_says_what_it_must(found: Audit, page: Path) -> None:
    text = page.read_text()
    assert sentence(found) in text
    for one in found.findings:
        assert f">{one.trial.attack.id}" in text, "every attack is in the appendix"
    for one in found.skipped:
        assert one.reason.replace("'", "&#39;") in text
    assert "Good statistics did not prevent the recovery" in text
    for word in ("original", "cipher", "recovered", "on noise", "blind guess", "critical values", "how much it takes"):
        assert word in text
    assert "&lt;b&gt;&amp;" in text
    assert text.count("imveil-record/1") == len(found.records)
    assert f"numpy {__import__('numpy').__version__}" in text


def test_it_loads_nothing(page: Path) -> None:
    text = page.read_text()
    assert "default-src 'none'" in text.replace("&#39;", "'")
    assert "unsafe" not in text
    assert "<script" not in text
    assert "://" not in text
    assert set(re.findall(r'src="([^,]{0,40})', text)) <= {"data:image/png;base64", "data:image/svg+xml;base64"}


def test_an_audit_that_played_nothing_has_a_page_too() -> None:
    text = audit_html(Audit("x/1", "none", ("coa",), 1.0, interrupted=True))
    assert "Not enough was tried" in text
    assert "interrupted" in text
    assert "Good statistics" not in text


def test_the_same_audit_gives_the_same_page(found: Audit) -> None:
    assert audit_html(found) == audit_html(found)


@contextmanager
def served(text: str, policy: str) -> Iterator[tuple[str, list[str]]]:
    """The page on a loopback address under a policy of the server's; its address, and what was asked for."""
    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path == "/report.html" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(text.encode() if self.path == "/report.html" else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/report.html", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with api.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


def opened(browser: Any, address: str, **how: Any) -> tuple[Any, list[str], list[str]]:
    """A tab at an address; what its console said, and what it asked for beside itself."""
    tab, said, asked = browser.new_page(**how), [], []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(address)
    return tab, said, [url for url in asked if url != address and not url.startswith("data:")]


def test_chromium_shows_it_without_a_word_and_without_a_request(page: Path, browser: Any) -> None:
    tab, said, asked = opened(browser, page.as_uri())
    assert said == []
    assert asked == []
    sizes = tab.evaluate("Array.from(document.images, i => i.complete && i.naturalWidth)")
    assert len(sizes) > 6
    assert all(sizes)
    assert tab.evaluate("getComputedStyle(document.querySelector('.verdict')).borderLeftWidth") == "8px"
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.close()


def test_chromium_shows_it_under_the_strictest_policy_of_a_server(page: Path, browser: Any) -> None:
    text = page.read_text()
    own = re.search(r'Security-Policy" content="([^"]+)"', text)
    assert own
    with served(text, own[1].replace("&#39;", "'") + "; frame-ancestors 'none'; script-src 'none'") as (address, log):
        tab, said, asked = opened(browser, address)
        assert [line for line in said if "favicon" not in line] == []
        assert asked == []
        assert tab.evaluate("getComputedStyle(document.querySelector('.verdict')).borderLeftWidth") == "8px"
        tab.close()
        assert set(log) <= {"/report.html", "/favicon.ico"}


@pytest.mark.parametrize(
    "bad",
    [
        '<img src="http://127.0.0.1:9/x.png">',
        "<script>1</script>",
        "<style>p { color: red }</style>",
        "<p style='color: red'>",
    ],
)
def test_the_check_sees_a_page_that_breaks_the_policy(bad: str, page: Path, browser: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text(page.read_text().replace("</body>", f"{bad}</body>"))
    tab, said, asked = opened(browser, broken.as_uri())
    tab.close()
    assert said or asked


def test_it_prints_on_pages_that_it_fits(page: Path, browser: Any, tmp_path: Path) -> None:
    tab, _, _ = opened(browser, page.as_uri(), viewport={"width": 680, "height": 1000})  # A4 within its margins
    tab.emulate_media(media="print")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 680
    tab.pdf(path=tmp_path / "report.pdf", format="A4")
    tab.close()
    pdf = (tmp_path / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 20


def test_the_command_line_writes_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from auditing import write
    from imveil.cli import main

    plain, out, told = write(tmp_path / "p", PICTURES[:60]), tmp_path / "r.html", tmp_path / "r.json"
    with pytest.raises(SystemExit) as left:
        main(["audit", "--scheme", "aes-xor/1", "--data", str(plain), "--view", "cpa", "--budget", "6",
              "--out", str(out), "--json", str(told)])  # fmt: skip
    assert not left.value.code
    verdict = json.loads(told.read_text())["verdict"]
    assert verdict in capfd.readouterr().out
    assert verdict in out.read_text()
    assert "--scheme aes-xor/1" in out.read_text()
