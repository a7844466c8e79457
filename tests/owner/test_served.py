"""Asking a served model over a real socket: encrypted here, answered there; what a server wants is held to."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
pytest.importorskip("httpx2", reason="the extra `ask` is not installed")

import imveil
from imveil import owner
from imveil.cli import main
from imveil.cloud.modelfile import load_model
from imveil.cloud.prediction import predict_logits
from imveil.errors import BadField, BadInput, Refused, Unavailable, WrongKey
from imveil.keys.files import write_key
from imveil.owner.asking.served import Inquiry
from imveil.owner.shards import labels
from service import Service
from small_model import small_model
from smooth import smooth_pictures

KEY = imveil.Key(b"k" * 32)
PICTURES = smooth_pictures(40, side=16)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMVEIL_STATE", str(tmp_path / "state"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of pictures under KEY, and pictures."""
    home = tmp_path_factory.mktemp("asked")
    for i, picture in enumerate(PICTURES):
        place = home / "plain" / ("bright" if i % 2 else "dark")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture // (1 if i % 2 else 3)).save(place / f"{i}.png")
    write_key(home / "my.key", KEY)
    known: Any = {"scheme": "shf/1", "fields": {"block": 4}, "shape": (16, 16, 3), "classes": 2}
    small_model(**known, fingerprint=KEY.fingerprint).save(home / "toy.safetensors")
    return home


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Service]:
    running = Service(str(home / "toy.safetensors"))
    yield running
    running.end()


def test_pictures_are_answered_as_the_model_answers_their_cipher_images(service: Service, home: Path) -> None:
    found = owner.ask(service.url, PICTURES[:7], KEY, model="toy")
    cipher = imveil.find("shf/1").encrypt(PICTURES[:7], KEY).images
    logits = predict_logits(load_model(home / "toy.safetensors").net, cipher)
    classes = load_model(home / "toy.safetensors").info.classes
    assert [reply.top[0][0] for reply in found] == [classes[k] for k in logits.argmax(1)]
    again = asyncio.run(owner.ask_async(service.url, PICTURES[:7], KEY, model="toy"))
    assert [reply.top[0][0] for reply in again] == [reply.top[0][0] for reply in found]


def test_another_key_is_refused_here(service: Service) -> None:
    with pytest.raises(WrongKey, match="under key"):
        owner.ask(service.url, PICTURES[:1], imveil.Key(b"o" * 32), model="toy")


def test_at_the_command_line(
    service: Service, home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "plain" / "dark" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(SystemExit) as left:
        main(["ask", service.url, str(home / "plain"), "--key", str(home / "my.key"), "--model", "toy", "--json"])
    out, err = capfd.readouterr()
    (home / "plain" / "dark" / "broken.png").unlink()
    assert left.value.code == 1
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == len(PICTURES)
    assert {line["class"] for line in lines} <= {"class0", "class1"}
    assert "broken.png" in err
    assert "shf/1, broken by" in err, "what is known of the scheme is said first"
    assert "Traceback" not in err
    picture = home / "plain" / "dark" / "0.png"
    for given in (picture.read_bytes(), f"{picture}\n".encode()):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(given)))
        with pytest.raises(SystemExit) as left:
            main(["ask", service.url, "-", "--key", str(home / "my.key")])
        assert left.value.code == 0
        assert "class" in capfd.readouterr().out


class Told(BaseHTTPRequestHandler):
    """A server that says what it was told to say."""

    says: dict[str, Any] = {}  # noqa: RUF012
    busy = 0
    seen: list[bytes] = []  # noqa: RUF012

    def do_GET(self) -> None:
        parameters = {"shape": [16, 16, 3], "classes": ["a", "b"], "fingerprint": KEY.fingerprint, "fields": {}}
        self.send(200, {"parameters": parameters | Told.says})

    def do_POST(self) -> None:
        Told.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        Told.busy -= 1
        self.send(503 if Told.busy >= 0 else 400, {"error": "\x1b[2Kno"})

    def send(self, code: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hostile() -> Iterator[str]:
    Told.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Told) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_cloud_that_wants_plain_pictures_gets_none(hostile: str) -> None:
    Told.says = {"scheme": "plain/1"}
    with pytest.raises(Refused, match="plain pictures"):
        owner.ask(hostile, PICTURES[:1], KEY, model="m")
    assert not Told.seen


def test_a_cloud_that_wants_something_else_than_at_first_is_refused(hostile: str) -> None:
    Told.says = {"scheme": "shf/1", "fields": {"block": 4}}
    Inquiry(hostile, KEY, model="m").close()
    Told.says = {"scheme": "negpos/1", "fields": {}}
    with pytest.raises(Refused, match="was agreed before"):
        Inquiry(hostile, KEY, model="m")
    Inquiry(hostile, KEY, model="m", expect={"scheme": "negpos/1", "fields": "{}"}).close()
    with pytest.raises(Refused, match=r'wants fields \{\}, \{"block": 4\} was expected'):
        Inquiry(hostile, KEY, model="m", expect={"fields": '{"block": 4}'})
    with pytest.raises(BadField, match="scheme, fields, fingerprint, not color"):
        Inquiry(hostile, KEY, model="m", expect={"color": "red"})


def test_a_scheme_that_is_a_file_is_not_opened(hostile: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('opened')")
    Told.says = {"scheme": f"{tmp_path / 'mine.py'}:Stripes", "fields": {}}
    with pytest.raises(LookupError, match="no scheme"):
        Inquiry(hostile, KEY, model="m")


def test_hidden_labels_are_opened_by_the_key_that_hid_them_alone(
    hostile: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names, each = ["dark", "bright"], {"scheme": "negpos/1", "fields": {"per_image": True}}
    hidden = {"classes": ["class-0", "class-1"], "class_check": labels.digest(names, KEY)}
    monkeypatch.setattr(Told, "says", each | hidden)
    with Inquiry(hostile, KEY, model="toy", classes=names) as cloud:
        assert sorted(cloud._names.values()) == sorted(names)
        assert not cloud.hidden
    for wrong in (names[::-1], ["dark", "bright", "grey"]):
        with pytest.raises(BadInput, match="class names are not the 2 that are hidden"):
            Inquiry(hostile, KEY, model="toy", classes=wrong)
    with pytest.raises(WrongKey, match="the labels are hidden under key"):
        Inquiry(hostile, imveil.Key(b"o" * 32), model="toy", classes=names)
    write_key(tmp_path / "my.key", KEY)
    Image.fromarray(PICTURES[0]).save(tmp_path / "a.png")
    with pytest.raises(SystemExit):
        main(["ask", hostile, str(tmp_path / "a.png"), "--key", str(tmp_path / "my.key"), "--model", "toy"])
    assert "the model's classes are hidden; --classes FILE" in capfd.readouterr().err


def test_a_busy_server_is_asked_again_and_others_are_not(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imveil.owner.asking.served.PAUSE", 0.01)
    Told.says, Told.busy = {"scheme": "shf/1", "fields": {"block": 4}}, 2
    with pytest.raises(BadInput, match="refuses") as caught:
        owner.ask(hostile, PICTURES[:1], KEY, model="m")
    assert len(Told.seen) == 3
    assert "\x1b" not in str(caught.value)
    assert KEY.fingerprint.encode() in Told.seen[0]
    assert b"k" * 32 not in Told.seen[0]


def test_nobody_there_is_a_sentence() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        owner.ask("http://127.0.0.1:9", PICTURES[:1], KEY, model="m")
    with pytest.raises(BadInput, match="begins with"):
        owner.ask("127.0.0.1:9", PICTURES[:1], KEY, model="m")
