"""What a stranger may send: no answer is a fault, none is late, and every refusal is the protocol's error object.

By hand (`malformed`), by schemathesis from a description of the protocol, and over bare sockets. The long counts are
in `make soak`.
"""

from __future__ import annotations

import json
import socket
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
httpx = pytest.importorskip("httpx2", reason="the extra `ask` is not installed")

import malformed  # noqa: E402
from imveil.store.messages import inference  # noqa: E402
from imveil.store.messages.inference import HEADER  # noqa: E402
from service import Service  # noqa: E402
from small_model import small_model  # noqa: E402

SECONDS = 20  # for an answer, on a machine that does other work


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    file = tmp_path_factory.mktemp("model") / "toy.safetensors"
    small_model().save(file)
    running = Service(str(file), "--page", "--most-mb", "1")
    yield running
    _, log = running.end()
    assert "Traceback" not in log
    assert "a fault of the service" not in log


def good(service: Service) -> None:
    """It still answers."""
    body, headers = inference.request("images", np.zeros((1, 8, 8, 3), np.uint8))
    answer = httpx.post(f"{service.url}/v2/models/toy/infer", content=body, headers=headers, timeout=SECONDS)
    assert answer.status_code == 200, answer.text


def send_all(service: Service, count: int, seed: int) -> dict[int, int]:
    """How often each status came."""
    found: dict[int, int] = {}
    with httpx.Client(base_url=service.url, timeout=SECONDS) as client:
        for sent in malformed.requests(count, seed):
            answer = client.request(sent.method, sent.path, content=sent.body, headers=sent.headers)
            assert answer.status_code < 500, (sent, answer.text)
            if answer.status_code >= 400 and sent.method != "HEAD":
                assert set(answer.json()) == {"error"}, (sent, answer.text)
                assert answer.json()["error"].isprintable()
            found[answer.status_code] = found.get(answer.status_code, 0) + 1
    good(service)
    return found


def test_by_hand(service: Service) -> None:
    found = send_all(service, 120, seed=1)
    assert {400, 404, 405} <= found.keys()


@pytest.mark.soak
def test_by_hand_at_length(service: Service) -> None:
    assert sum(send_all(service, 2000, seed=2).values()) == 2000


TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype", "data"],
    "properties": {
        "name": {"type": "string", "enum": ["images"]},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "minItems": 4},
        "datatype": {"type": "string", "enum": ["UINT8", "FP32", "INT64", "BYTES"]},
        "data": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 255}, "maxItems": 200},
        "parameters": {"type": "object"},
    },
}  # fmt: skip
REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {"type": "array", "items": TENSOR, "minItems": 1, "maxItems": 2},
        "outputs": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
    },
}
NAMED = [{"name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": ["toy", "other"]}}]
DESCRIBED = {
    "openapi": "3.1.0",
    "info": {"title": "Open Inference Protocol", "version": "2"},
    "paths": {
        "/v2": {"get": {"responses": {"200": {"description": "the server"}}}},
        "/v2/models/{name}": {"get": {"parameters": NAMED, "responses": {"200": {"description": "a model"}}}},
        "/v2/models/{name}/ready": {"get": {"parameters": NAMED, "responses": {"200": {"description": "ready"}}}},
        "/v2/models/{name}/infer": {
            "post": {
                "parameters": NAMED,
                "requestBody": {"required": True, "content": {"application/json": {"schema": REQUEST}}},
                "responses": {"200": {"description": "an answer"}, "400": {"description": "refused"}},
            }
        },
    },
}


def described(service: Service, examples: int, path: str) -> int:
    """How many requests schemathesis made for a path, half of them wrong; none may end in a fault."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    from hypothesis import HealthCheck, given, seed, settings
    from hypothesis.errors import Unsatisfiable

    api = schemathesis.openapi.from_dict(DESCRIBED)
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    made = 0
    with httpx.Client(base_url=service.url, timeout=SECONDS) as client:
        for mode in modes:
            operation = api[path]["POST" if path.endswith("infer") else "GET"]

            @seed(7)
            @settings(max_examples=examples // 2, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(generation_mode=mode))
            def one(case: Any) -> None:
                nonlocal made
                made += 1
                sent = case.as_transport_kwargs(base_url=service.url)
                body = sent.get("data") if "data" in sent else json.dumps(sent.get("json"))
                answer = client.request(case.method, sent["url"], content=body, params=sent.get("params"))
                assert answer.status_code < 500, answer.text
                if answer.status_code >= 400:
                    assert set(answer.json()) == {"error"}, answer.text

            with suppress(Unsatisfiable):  # nothing can be wrong where nothing is asked for
                one()
    good(service)
    return made


def test_by_schemathesis(service: Service) -> None:
    assert described(service, 40, "/v2/models/{name}/infer") >= 20


@pytest.mark.soak
@pytest.mark.parametrize("path", DESCRIBED["paths"])  # type: ignore[arg-type]
def test_by_schemathesis_at_length(service: Service, path: str) -> None:
    described(service, 1000 if path.endswith("infer") else 300, path)


def bare(service: Service, data: bytes, *, then: str = "") -> bytes:
    """What comes back for these bytes. then: "close" leaves at once, "half" says that nothing more will come."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS) as line:
        line.sendall(data)
        if then == "close":
            return b""
        if then == "half":
            line.shutdown(socket.SHUT_WR)
        try:
            return line.recv(1 << 16)
        except ConnectionResetError:
            return b""


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "Host: x", "", ""]).encode()


POST = "POST /v2/models/toy/infer HTTP/1.1"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x00\xee" + b"\x00" * 99, b"400"),
        (b"GET / HTTP/x\r\n\r\n", b"400"),
        (head("GET /" + "x" * 40_000 + " HTTP/1.1"), b"431"),
        (head("GET / HTTP/1.1", "X: " + "y" * 40_000), b"431"),
        (head(POST, "Content-Length: -5"), b"400"),
        (head(POST, "Content-Length: 99999999999"), b"413"),
        (head(POST, "Content-Length: 3", "Transfer-Encoding: chunked") + b"zz\r\n", b"400"),
        (head(POST, "Transfer-Encoding: chunked") + b"nonsense\r\n", b"400"),
        (head(POST, "Content-Length: 2").replace(b"Host", HEADER.encode() + b": \xb3\r\nHost") + b"{}", b"400"),
    ],
)
def test_bytes_that_are_no_request(service: Service, data: bytes, status: bytes) -> None:
    found = bare(service, data)
    assert found.split(b" ")[1:2] == [status], found[:200]
    good(service)


def test_a_client_that_sends_half_a_body_and_leaves(service: Service) -> None:
    for then in ("close", "half"):
        bare(service, head(POST, "Content-Length: 5000") + b'{"inputs"', then=then)
    good(service)


def test_endless_chunks_end(service: Service) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    found = bare(service, head(POST, "Transfer-Encoding: chunked") + chunk * 18)  # of 1 MiB that are read
    assert found.split(b" ")[1] == b"413", found[:200]
    good(service)


def test_a_number_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "float.safetensors"
    small_model(kind="float32", scheme="orthogonal/1", fields={"block": 4}).save(file)
    running = Service(str(file))
    try:
        for value in (np.nan, np.inf):
            images = np.full((1, 8, 8, 3), value, np.float32)
            body, headers = inference.request("images", images)
            answer = httpx.post(f"{running.url}/v2/models/float/infer", content=body, headers=headers, timeout=SECONDS)
            assert answer.status_code == 400
            assert "NaN or infinity" in answer.json()["error"]
    finally:
        running.end()


def test_a_plain_picture_is_refused_where_it_says_what_it_is(service: Service) -> None:
    """Bytes that say nothing cannot be told from cipher images; a query that says plain/1 is refused, with both."""
    images = np.zeros((1, 8, 8, 3), np.uint8)
    body, headers = inference.request("images", images, parameters={"scheme": "plain/1", "fields": "{}"})
    answer = httpx.post(f"{service.url}/v2/models/toy/infer", content=body, headers=headers, timeout=SECONDS)
    assert answer.status_code == 400
    assert "negpos/1" in answer.json()["error"]
    assert "plain/1" in answer.json()["error"]
    assert HEADER not in answer.headers
