"""An export on other people's servers, as the recipes of docs/serving.md say: Triton, and KServe's server in Python.

They want environments of their own. IMVEIL_SERVERS names a folder with `triton/` and `kserve/` in it:

    python -m venv servers/triton && servers/triton/bin/pip install nvidia-pytriton onnxruntime
    python -m venv servers/kserve && servers/kserve/bin/pip install kserve onnxruntime
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
httpx = pytest.importorskip("httpx2", reason="the extra `ask` is not installed")
triton = pytest.importorskip("tritonclient.http", reason="tritonclient is not installed")
for name in ("onnx", "onnxruntime"):
    pytest.importorskip(name, reason="the extra `onnx` is not installed")

import imveil  # noqa: E402
from imveil.cloud.exporting import export  # noqa: E402
from imveil.cloud.prediction import predict_logits  # noqa: E402
from service import free_port  # noqa: E402
from small_model import small_model  # noqa: E402

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    made = small_model(shape=(32, 32, 3), classes=10)
    return made, export(made, tmp_path_factory.mktemp("export") / "model.onnx").path


def environment(name: str, package: str) -> Path:
    """The folder of packages of an environment."""
    home = Path(os.environ.get("IMVEIL_SERVERS", "")) / name
    found = sorted(home.glob(f"lib/python3*/site-packages/{package}"))
    if not os.environ.get("IMVEIL_SERVERS") or not found:
        pytest.skip(f"IMVEIL_SERVERS names no folder with {name}/ and {package} in it")
    return found[0].parent


@contextmanager
def running(command: list[str], port: int, log: Path, **more: str) -> Iterator[str]:
    """A server, once it says that its model is ready; its address."""
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "PYTHONPATH": "", **more})
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()[-2000:]
            try:
                if httpx.get(f"http://127.0.0.1:{port}/v2/models/digits/ready", timeout=2).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def check(address: str, net: Any) -> None:
    """The recipe's own lines, in three sizes of batch; and `imveil ask` says in a sentence that it cannot ask here."""
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    key, ids = imveil.Key.generate(), [str(i) for i in range(len(images))]
    cipher = imveil.find("negpos/1", per_image=True).encrypt(images, key, ids).images
    found = []
    with triton.InferenceServerClient(address) as client:
        for part in (cipher[:1], cipher[1:8], cipher[8:]):
            asked = triton.InferInput("images", list(part.shape), "UINT8")
            asked.set_data_from_numpy(part)
            found.append(client.infer("digits", [asked]).as_numpy("logits"))
    np.testing.assert_allclose(np.concatenate(found), predict_logits(net, cipher), rtol=1e-3, atol=1e-4)
    with pytest.raises(imveil.ImveilError, match="does not say how its pictures are encrypted"):
        imveil.owner.ask(f"http://{address}", images[:1], key, model="digits")


def test_triton(model: tuple[Any, Path], tmp_path: Path) -> None:
    packages = environment("triton", "pytriton")
    home = packages / "pytriton" / "tritonserver"
    python = packages.parent.name.removeprefix("python")
    shutil.copytree(home / "backends" / "python", tmp_path / "backends" / "python")
    stub = tmp_path / "backends" / "python" / "triton_python_backend_stub"
    shutil.copy(home / "python_backend_stubs" / python / stub.name, stub)
    stub.chmod(0o755)
    shutil.copytree(EXAMPLES / "triton" / "onnxruntime", tmp_path / "backends" / "onnxruntime")
    shutil.copytree(EXAMPLES / "triton" / "digits", tmp_path / "models" / "digits")
    (tmp_path / "models" / "digits" / "1").mkdir()
    shutil.copy(model[1], tmp_path / "models" / "digits" / "1" / "model.onnx")
    port = free_port()
    command = [
        str(home / "bin" / "tritonserver"), f"--model-repository={tmp_path / 'models'}", f"--http-port={port}",
        f"--backend-directory={tmp_path / 'backends'}", "--http-address=127.0.0.1", "--allow-grpc=false",
        "--allow-metrics=false",
    ]  # fmt: skip
    where = f"{packages.parents[2] / 'bin'}:{os.environ['PATH']}"
    libraries = str(packages / "nvidia_pytriton.libs")
    more = {"PATH": where, "LD_LIBRARY_PATH": libraries, "PYTHONPATH": str(packages)}
    with running(command, port, tmp_path / "log", **more) as address:
        check(address, model[0].net)


def test_kserve(model: tuple[Any, Path], tmp_path: Path) -> None:
    packages = environment("kserve", "kserve")
    python, port = packages.parents[2] / "bin" / "python", free_port()
    server = str(EXAMPLES / "kserve" / "server.py")
    command = [str(python), server, "digits", str(model[1]), "--http_port", str(port)]
    with running(command, port, tmp_path / "log") as address:
        check(address, model[0].net)
