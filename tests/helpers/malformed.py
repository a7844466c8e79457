"""Requests that are wrong in many ways, drawn by a seed: what a server has to survive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from imveil.store.messages import inference
from imveil.store.messages.inference import HEADER

ODD: list[Any] = [
    None, True, -1, 0, 2**31, 10**30, 1e999, -0.5, "", "x" * 5000, "\ud800", "\x00\x1b[2J", "../../etc/passwd", [],
    [[]], [1, [2]], {}, {"a": {"b": []}}, ["a", 1], [None], "NaN",
]  # fmt: skip
PATHS = [
    "/v2/models/toy/infer", "/v2/models/toy/versions/1/infer", "/v2/models/%00/infer", "/v2/models/..%2f..%2f/infer",
    "/v2/models/toy/query", "/v2/models//infer", "/v2/repository/index", "/v2/health/live", "/v2/models/toy", "/v2",
    "/metrics", "/page/attack", "/page/facts", "/%ff%fe", "/v2/models/" + "x" * 3000, "/",
]  # fmt: skip
METHODS = [*["POST"] * 20, "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]


class Sent(NamedTuple):
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def requests(count: int, seed: int, shape: tuple[int, int, int] = (8, 8, 3)) -> Iterator[Sent]:
    """`count` of them. shape: of the images that the model takes, so that some are nearly right."""
    rng = np.random.default_rng(seed)

    def one_of(things: list[Any]) -> Any:
        return things[int(rng.integers(len(things)))]

    tensor = {"name": "images", "datatype": "UINT8", "shape": [1, *shape]}
    for _ in range(count):
        n = int(rng.integers(1, 3))
        body, headers = inference.request("images", rng.integers(0, 256, (n, *shape)).astype(np.uint8), id="a/1")
        method, path, kind = one_of(METHODS), PATHS[0] if rng.random() < 0.6 else one_of(PATHS), rng.integers(7)
        length = int(headers[HEADER])
        if kind <= 2:  # a value in the JSON is another
            head = json.loads(body[:length])
            place = one_of([head, head["inputs"][0], head["inputs"][0]["parameters"], head["parameters"]])
            place[one_of([*place, "more", "outputs", "data", "id"])] = one_of(ODD)
            text = json.dumps(head).encode()
            body, headers[HEADER] = text + body[length:], str(len(text))
        elif kind == 3:  # bytes are others
            broken = np.frombuffer(body, np.uint8).copy()
            broken[rng.integers(0, length, 5)] = rng.integers(0, 256, 5)
            body = broken.tobytes()
        elif kind == 4:  # cut off, or longer
            body = body[: int(rng.integers(len(body)))] if rng.random() < 0.5 else body + rng.bytes(99)
        elif kind == 5:  # a header is another
            headers[HEADER] = str(one_of(["-1", "0", "", "9" * 30, "1e3", "٣", str(length + 1), "9" * 5000, "0x10"]))
        else:  # no binary at all
            headers.pop(HEADER)
            body = one_of([
                b"", b"{", b"[]", b"null", b"[" * 5000, b'{"inputs": 1}', b"\x00" * 50, b'{"inputs": [{}]}',
                b'{"inputs": [{"name": "images", "datatype": "FP32", "shape": [1, 8, 8, 3], "data": [NaN]}]}',
                json.dumps({"model": "toy", "session": "x", "images": one_of(ODD)}).encode(),
                json.dumps({"inputs": [tensor | {"data": one_of(ODD)}]}).encode(),
            ])  # fmt: skip
        yield Sent(method, path, {name: value for name, value in headers.items() if value.isascii()}, body)
