"""Downloads from a server on this machine that breaks off, lies and refuses; and the lock and the cache beside them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from imveil.errors import Unavailable
from imveil.owner.datasets import download as downloading
from imveil.owner.datasets.download import download, locked, on_terminal, put
from imveil.system import cache_folder, data_folder

DATA = bytes(range(256)) * 4000


class Server(ThreadingHTTPServer):
    """Serves DATA at every path. breaks: bytes after which answers break off, one for each; errors: statuses first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks: list[int] = []
        self.errors: list[int] = []
        self.ranges: list[str | None] = []
        self.takes_ranges = True
        self.tells_length = True
        self.says_length = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/a/set.tar.gz"


class Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        server, wanted = self.server, self.headers.get("Range")
        server.ranges.append(wanted)
        if server.errors:
            self.send_error(server.errors.pop(0))
            return
        start = int(wanted[6:-1]) if wanted and server.takes_ranges else 0
        if start >= len(DATA):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(DATA)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        if server.tells_length:
            self.send_header("Content-Length", str(server.says_length or len(DATA) - start))
        self.end_headers()
        self.wfile.write(DATA[start : start + server.breaks.pop(0)] if server.breaks else DATA[start:])

    def log_message(self, *_: Any) -> None:
        """Nothing on the screen."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def got(server: Server, path: Path, **options: Any) -> list[tuple[str, int, int]]:
    """Download without pauses; what the progress was told."""
    told: list[tuple[str, int, int]] = []
    download(server.url, path, lambda *facts: told.append(facts), pause=0, **options)
    assert path.read_bytes() == DATA
    assert not path.with_name(path.name + ".part").exists()
    return told


def test_a_download(server: Server, tmp_path: Path) -> None:
    told = got(server, tmp_path / "x")
    assert told[0] == ("fetching set.tar.gz", 0, len(DATA))
    assert told[-1] == ("fetching set.tar.gz", len(DATA), len(DATA))
    assert server.ranges == [None]


def test_a_connection_that_breaks_off_is_taken_up_again(server: Server, tmp_path: Path) -> None:
    server.breaks = [300_000, 10, 500_000]
    got(server, tmp_path / "x")
    assert server.ranges == [None, "bytes=300000-", "bytes=300010-", "bytes=800010-"]


def test_what_came_stays_for_the_next_run(server: Server, tmp_path: Path) -> None:
    server.breaks = [300_000] + [0] * 10
    with pytest.raises(Unavailable, match="the connection broke off"):
        got(server, tmp_path / "x", tries=3)
    assert (tmp_path / "x.part").stat().st_size == 300_000
    server.breaks = []
    server.ranges.clear()
    got(server, tmp_path / "x")
    assert server.ranges == ["bytes=300000-"]


def test_a_server_without_ranges_begins_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(b"something older")
    server.takes_ranges = False
    got(server, tmp_path / "x")


def test_a_part_that_is_whole_already(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(DATA)
    got(server, tmp_path / "x")


def test_a_part_that_is_longer_than_the_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(DATA + b"more")
    got(server, tmp_path / "x")
    assert server.ranges[-1] is None


def test_a_length_that_nobody_tells(server: Server, tmp_path: Path) -> None:
    server.tells_length = False
    assert got(server, tmp_path / "x")[-1] == ("fetching set.tar.gz", len(DATA), 0)


def test_a_server_in_trouble_is_asked_again_and_one_that_refuses_is_not(server: Server, tmp_path: Path) -> None:
    server.errors = [503, 500]
    got(server, tmp_path / "x")
    server.errors = [404, 404]
    with pytest.raises(Unavailable, match=r"the server says 404 Not Found"):
        got(server, tmp_path / "y")
    assert server.errors == [404]
    assert not (tmp_path / "y").exists()


def test_nothing_endless_is_fetched(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "MOST_BYTES", 400_000)
    with pytest.raises(Unavailable, match="at most 400000 are fetched"):
        got(server, tmp_path / "x", tries=1)
    server.tells_length = False
    with pytest.raises(Unavailable, match="longer than 400000 bytes"):
        got(server, tmp_path / "y", tries=1)


def test_nobody_at_home(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="refused"):
        download("http://127.0.0.1:9/x", tmp_path / "x", lambda *_: None, pause=0, tries=2)
    assert not list(tmp_path.iterdir())


def test_a_file_is_put_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "x", b"first")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        put(tmp_path / "x", b"second")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"x": b"first"}


def test_one_at_a_time(tmp_path: Path) -> None:
    inside, order = threading.Event(), []

    def second() -> None:
        inside.wait()
        with locked(tmp_path / "lock") as alone:
            order.append(("second", alone))

    thread = threading.Thread(target=second)
    thread.start()
    with locked(tmp_path / "lock") as alone:
        inside.set()
        thread.join(0.05)  # give it a chance to be wrong
        order.append(("first", alone))
    thread.join()
    assert order == [("first", True), ("second", True)]


def test_folders_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("IMVEIL_CACHE", "IMVEIL_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (cache_folder(), data_folder()) == (tmp_path / ".cache" / "imveil", None)
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert cache_folder() == Path("/c/imveil")
    monkeypatch.setenv("IMVEIL_CACHE", "/d")
    monkeypatch.setenv("IMVEIL_DATA", "/e")
    assert (cache_folder(), data_folder()) == (Path("/d"), Path("/e"))


def test_progress_is_one_line_of_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_terminal("fetching", 5, 10)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    on_terminal("fetching", 5_000_000, 10_000_000)
    on_terminal("fetching", 10_000_000, 10_000_000)
    on_terminal("unpacking", 0, 0)
    shown = capsys.readouterr().err
    assert shown == "\r\x1b[Kfetching 5 of 10 MB\r\x1b[Kfetching 10 of 10 MB\n\r\x1b[Kunpacking\n"
