"""The examples beside the docs: other people's training loops run, and what other servers are told fits the export."""

from __future__ import annotations

import json
import re
import shlex
from importlib import util
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from cipher_sets import write_set
from imveil.cli import build
from small_model import small_model
from vision import v2

EXAMPLES = Path(__file__).parents[2] / "examples"


def loaded(name: str) -> Any:
    spec = util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize(("name", "needs"), [("lightning_loop", "lightning"), ("timm_loop", "timm")])
def test_a_loop_of_others_learns(tmp_path: Path, name: str, needs: str) -> None:
    v2()
    pytest.importorskip(needs, reason=f"{needs} is not installed")
    import torch

    torch.manual_seed(0)
    ciphers = write_set(tmp_path / "set", splits={"train": 16, "test": 10}, shape=(16, 16, 3))
    assert loaded(name).main(ciphers, 12) > 0.6, "easy pictures of three classes"


def test_triton_and_kserve_are_told_what_the_export_takes() -> None:
    runtime = pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    from imveil.cloud import exporting

    model = small_model(shape=(32, 32, 3), classes=10)
    data = exporting.described(exporting.converted(model.net, exporting.made_images(model.info, 2)), model.info)
    session = runtime.InferenceSession(data, providers=["CPUExecutionProvider"])
    words = (EXAMPLES / "triton" / "digits" / "config.pbtxt").read_text()
    found = re.findall(r'name: "(\w+)" data_type: TYPE_(\w+) dims: (\[[^]]*\])', words)
    kinds = {"tensor(uint8)": "UINT8", "tensor(float)": "FP32"}
    sides = [*session.get_inputs(), *session.get_outputs()]
    assert [(one.name, kinds[one.type], one.shape[1:]) for one in sides] == [(n, k, json.loads(d)) for n, k, d in found]
    assert "name: onnx" in (EXAMPLES / "kserve" / "digits.yaml").read_text()


def test_the_containers_command_is_one() -> None:
    """It is not built here; what it runs must be a command that there is."""
    import typer

    lines = (EXAMPLES / "docker" / "Dockerfile").read_text().splitlines()
    entry, command = (json.loads(line.split(" ", 1)[1]) for line in lines if line.startswith(("ENTRYPOINT", "CMD")))
    assert entry == ["imveil", "serve"]
    serve = typer.main.get_command(build()).commands["serve"]  # type: ignore[attr-defined]
    made = serve.make_context("serve", shlex.split(shlex.join(command)))
    assert made.params["host"] == "0.0.0.0"
    assert made.params["token_file"]
