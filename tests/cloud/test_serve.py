"""The service over real sockets: the protocol as an unmodified client and plain HTTP speak it, and its door."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
httpx = pytest.importorskip("httpx2", reason="the extra `ask` is not installed")

from imveil.cloud.modelfile import load_model  # noqa: E402
from imveil.cloud.prediction import predict_logits  # noqa: E402
from imveil.cloud.serve import interception  # noqa: E402
from imveil.cloud.serve.guard import holds_key  # noqa: E402
from imveil.cloud.serve.run import Place  # noqa: E402
from imveil.errors import BadInput, Unavailable  # noqa: E402
from imveil.keys.files import write_key  # noqa: E402
from imveil.keys.key import Key  # noqa: E402
from imveil.store.messages import inference  # noqa: E402
from imveil.store.messages.inference import HEADER  # noqa: E402
from service import Service, free_port  # noqa: E402
from small_model import small_model  # noqa: E402


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "toy.safetensors"
    small_model().save(file)
    return file


@pytest.fixture(scope="module")
def service(model: Path) -> Iterator[Service]:
    running = Service(str(model), "--page")
    yield running
    code, log = running.end()
    assert code in (0, -signal.SIGTERM), log
    assert "Traceback" not in log


@pytest.fixture(scope="module")
def images() -> Any:
    return np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)


@pytest.fixture(scope="module")
def expected(model: Path, images: Any) -> Any:
    return predict_logits(load_model(model).net, images)


def post(service: Service, body: bytes, headers: dict[str, str] | None = None, name: str = "toy") -> Any:
    return httpx.post(f"{service.url}/v2/models/{name}/infer", content=body, headers=headers or {}, timeout=30)


def test_health_and_metadata(service: Service, model: Path) -> None:
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/toy/ready"):
        assert httpx.get(service.url + path).status_code == 200
    assert "binary_tensor_data" in httpx.get(f"{service.url}/v2").json()["extensions"]
    says, info = httpx.get(f"{service.url}/v2/models/toy").json(), load_model(model).info
    assert says["inputs"] == [{"name": "images", "datatype": "UINT8", "shape": [-1, *info.shape]}]
    about = says["parameters"]
    assert (about["scheme"], about["fingerprint"]) == (info.scheme, info.fingerprint)
    assert about["classes"] == info.classes
    assert httpx.get(f"{service.url}/v2/models/toy/versions/{says['versions'][0]}").json() == says
    assert httpx.get(f"{service.url}/v2/models/other").status_code == 404


def test_binary_both_ways(service: Service, images: Any, expected: Any) -> None:
    body, headers = inference.request("images", images, outputs=["logits", "labels"], id="a/1")
    answer = post(service, body, headers)
    assert answer.status_code == 200, answer.text
    outputs = inference.read_response(answer.content, int(answer.headers[HEADER]))
    np.testing.assert_allclose(outputs["logits"].data, expected, rtol=1e-5, atol=1e-5)
    assert outputs["labels"].shape == (len(images), 1)


def test_json_as_curl_sends_it(service: Service, images: Any, expected: Any) -> None:
    one = {"name": "images", "datatype": "UINT8", "shape": list(images.shape), "data": images.tolist()}
    answer = post(service, json.dumps({"inputs": [one], "outputs": [{"name": "logits"}]}).encode())
    found = answer.json()["outputs"][0]
    assert found["shape"] == list(expected.shape)
    np.testing.assert_allclose(np.reshape(found["data"], expected.shape), expected, rtol=1e-5, atol=1e-5)


def test_an_unmodified_client_of_others(service: Service, images: Any, expected: Any) -> None:
    client = pytest.importorskip("tritonclient.http", reason="tritonclient is not installed")
    with client.InferenceServerClient(f"127.0.0.1:{service.port}") as triton:
        assert triton.is_server_live()
        assert triton.is_server_ready()
        assert triton.is_model_ready("toy")
        assert triton.get_model_metadata("toy")["name"] == "toy"
        assert [one["name"] for one in triton.get_model_repository_index()] == ["toy"]
        for binary in (True, False):
            asked = client.InferInput("images", list(images.shape), "UINT8")
            asked.set_data_from_numpy(images, binary_data=binary)
            wanted = [client.InferRequestedOutput("logits", binary_data=binary)]
            found = triton.infer("toy", [asked], outputs=wanted).as_numpy("logits")
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_the_lines_of_the_protocol(service: Service, images: Any) -> None:
    """As docs/serving.md lists them: ids, chosen outputs, their order, one in binary, texts in JSON, versions."""
    one = {"name": "images", "datatype": "UINT8", "shape": list(images.shape), "data": images.ravel().tolist()}
    wanted = [{"name": "labels"}, {"name": "logits", "parameters": {"binary_data": True}}]
    asked = {"id": "a/7", "inputs": [one], "outputs": wanted, "parameters": {"else": 1}}
    [version] = httpx.get(f"{service.url}/v2/models/toy").json()["versions"]
    answer = post(service, json.dumps(asked).encode(), name=f"toy/versions/{version}")
    head = json.loads(answer.content[: int(answer.headers[HEADER])])
    assert (head["id"], head["model_name"], head["model_version"]) == ("a/7", "toy", version)
    assert [output["name"] for output in head["outputs"]] == ["labels", "logits"]
    assert all(text.startswith("class") for text in head["outputs"][0]["data"])
    assert head["outputs"][1]["parameters"] == {"binary_data_size": 4 * 3 * len(images)}
    every = post(service, json.dumps({"inputs": [one]}).encode()).json()["outputs"]
    assert [output["name"] for output in every] == ["logits", "probabilities", "labels"]
    np.testing.assert_allclose(np.reshape(every[1]["data"], (-1, 3)).sum(axis=1), 1, rtol=1e-5)
    none = post(service, json.dumps({"inputs": [one], "outputs": [{"name": "x"}]}).encode())
    assert (none.status_code, none.json()["error"]) == (
        400,
        "the model has outputs logits, probabilities, labels, not x",
    )
    for path in ("toy/versions/0", "toy/versions/0/ready", "other/ready"):
        answer = httpx.get(f"{service.url}/v2/models/{path}")
        assert answer.status_code == 404
        assert set(answer.json()) == {"error"}
    for datatype in ("BOOL", "INT8", "FP16"):
        answer = post(service, json.dumps({"inputs": [one | {"datatype": datatype}]}).encode())
        assert answer.status_code == 400
        assert datatype in answer.json()["error"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"datatype": "FP32"}, "needs 3840 bytes"),
        ({"datatype": "INT7"}, "are read"),
        ({"shape": [1, 2, 2, 1]}, "needs 4 bytes"),
        ({"name": "input"}, "one input called images"),
        ({"parameters": {"binary_data_size": 10**9}}, "are left"),
        ({"shape": [-1]}, "whole numbers"),
        ({"more": 1}, "does not know"),
    ],
)
def test_malformed_requests_get_the_protocols_error(
    service: Service, images: Any, change: dict[str, Any], said: str
) -> None:
    entry = {"name": "images", "datatype": "UINT8", "shape": list(images.shape)}
    entry |= {"parameters": {"binary_data_size": images.nbytes}} | change
    head = json.dumps({"inputs": [entry]}).encode()
    answer = post(service, head + images.tobytes(), {HEADER: str(len(head))})
    assert answer.status_code == 400
    assert said in answer.json()["error"]


@pytest.mark.parametrize("header", ["0", "999999999", "-1", "seven", ""])
def test_a_wrong_header_length_is_a_sentence(service: Service, images: Any, header: str) -> None:
    body, _ = inference.request("images", images)
    answer = post(service, body, {HEADER: header})
    assert answer.status_code == 400
    assert HEADER in answer.json()["error"] or "JSON" in answer.json()["error"]


def test_what_was_encrypted_otherwise_is_refused_with_both_values(service: Service, images: Any, model: Path) -> None:
    info = load_model(model).info
    for parameters, said in (
        ({"scheme": "le/1", "fields": "{}"}, "le/1"),
        ({"scheme": info.scheme, "fields": json.dumps(dict(info.fields)), "key": "aaaa-bbbb-cccc-dddd"}, "aaaa-bbbb"),
    ):
        body, headers = inference.request("images", images, parameters=parameters)
        answer = post(service, body, headers)
        assert answer.status_code == 400
        assert said in answer.json()["error"]


def test_a_key_that_arrives_by_mistake_is_refused_and_not_logged(model: Path, tmp_path: Path) -> None:
    write_key(tmp_path / "my.key", Key(b"k" * 32))
    text = (tmp_path / "my.key").read_text()
    secret = text.splitlines()[-1]
    running = Service(str(model))
    try:
        assert post(running, text.encode()).status_code == 400
        assert post(running, json.dumps({"inputs": [], "parameters": {"key": secret}}).encode()).status_code == 400
        assert post(running, b"{}", {"X-Key": secret}).status_code == 400
        assert httpx.get(f"{running.url}/v2/models/toy?key={secret}").status_code == 400
        assert "imveil_keys_refused_total 4.0" in httpx.get(f"{running.url}/metrics").text
    finally:
        _, log = running.end()
    assert secret not in log
    assert "Traceback" not in log


def test_noise_is_no_key() -> None:
    noise = np.random.default_rng(0).bytes(1 << 16)
    assert not holds_key({"x-request-id": "0123456789abcdef"}, noise)


def test_a_token_is_wanted_where_there_is_one(model: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("open sesame\n")
    running = Service(str(model), "--token-file", str(tmp_path / "token"), "--rate", "0.01")
    good = {"Authorization": "Bearer open sesame"}
    try:
        with httpx.Client(base_url=running.url) as line:
            assert line.get("/v2/health/live").status_code == 200
            assert line.get("/v2/models/toy").status_code == 401
            assert [line.get("/v2/models/toy", headers=good).status_code for _ in range(3)] == [200, 429, 429]
    finally:
        running.end()


def test_a_model_is_read_again_when_its_file_changes(model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "toy.safetensors"
    copy.write_bytes(model.read_bytes())
    running = Service(str(copy))
    try:
        before = httpx.get(f"{running.url}/v2/models/toy").json()["versions"]
        copy.write_bytes(b"not a model")
        time.sleep(3)
        assert httpx.get(f"{running.url}/v2/models/toy").json()["versions"] == before, "a broken file changes nothing"
        from imveil.cloud.modelfile import save_net

        loaded = load_model(model)
        with __import__("torch").no_grad():
            next(loaded.net.parameters()).add_(0.5)
        copy.unlink()
        save_net(copy, loaded.net, loaded.info)
        for _ in range(100):
            after = httpx.get(f"{running.url}/v2/models/toy").json()["versions"]
            if after != before:
                break
            time.sleep(0.1)
        assert after != before
    finally:
        running.end()


def test_the_page_and_its_attack(service: Service, images: Any) -> None:
    page = httpx.get(f"{service.url}/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    facts = httpx.get(f"{service.url}/page/facts").json()
    assert facts["models"] == ["toy"]
    body, headers = inference.request("images", images, id="visitor/0")
    assert post(service, body, headers).status_code == 200
    asked = {"model": "toy", "session": "visitor", "images": 5}
    found = httpx.post(f"{service.url}/page/attack", json=asked, timeout=60)
    assert found.status_code == 200, found.text
    assert found.json()["images"]
    assert httpx.get(f"{service.url}/../pyproject.toml").status_code == 404


def test_the_page_remembers_no_more_than_a_few_visitors(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = interception.Interception()
    for visitor in range(40):
        seen.keep("m", f"few {visitor}", np.zeros((3, 8, 8, 3), np.uint8))
    assert len(seen._seen) == 32
    monkeypatch.setattr(interception, "MOST_BYTES", 2500)
    for visitor in range(4):
        seen.keep("m", f"much {visitor}", np.zeros((5, 8, 8, 3), np.uint8))
    assert list(seen._seen) == [("m", "much 2"), ("m", "much 3")], "by bytes, too"


def test_workers_count_together(model: Path, images: Any) -> None:
    """Whichever of them is asked says what all have done."""
    running = Service(str(model), "--workers", "2")
    body, headers = inference.request("images", images)
    try:
        for _ in range(12):  # a connection each, so that both get some
            assert post(running, body, headers).status_code == 200
        told = {line for _ in range(6) for line in httpx.get(f"{running.url}/metrics").text.splitlines()
                if line.startswith("imveil_images_total")}  # fmt: skip
    finally:
        running.end()
    assert told == {f'imveil_images_total{{model="toy"}} {12 * len(images):.1f}'}


def test_what_is_under_way_is_answered_before_it_ends(model: Path, images: Any) -> None:
    running = Service(str(model))
    body, headers = inference.request("images", np.repeat(images, 40, axis=0))
    lines = [httpx.Client(base_url=running.url, timeout=30) for _ in range(4)]
    for line in lines:
        line.get("/v2/health/live")  # connected before it counts
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(line.post, "/v2/models/toy/infer", content=body, headers=headers) for line in 2 * lines]
        time.sleep(0.3)
        code, log = running.end()
        codes = [one.result().status_code for one in asked if one.exception() is None]
    assert code in (0, -signal.SIGTERM), log
    for line in lines:
        line.close()
    assert set(codes) <= {200}
    assert codes


def test_what_cannot_be_is_said_before_anything_starts(model: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Unavailable, match="cannot be had"):
            Place((str(model),), port=taken.getsockname()[1]).check()
    with pytest.raises(BadInput, match="certificate and its key"):
        Place((str(model),), tls_cert="c").check()
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(BadInput, match="holds no token"):
        Place((str(model),), port=free_port(), token_file=str(tmp_path / "empty")).check()
    with pytest.raises(BadInput, match="needs one process"):
        Place((str(model),), port=free_port(), page=True, workers=2).check()
    assert "without TLS and without a token" in Place((str(model),), host="0.0.0.0").warning
    assert Place((str(model),)).warning == ""
