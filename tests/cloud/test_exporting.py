"""Export: every model and adapter answers in onnxruntime as in torch, and what does not is not written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx", reason="the extra `onnx` is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")

from cipher_sets import write_set  # noqa: E402
from imveil import registry  # noqa: E402
from imveil.cli import main  # noqa: E402
from imveil.cloud import exporting  # noqa: E402
from imveil.cloud.modelfile import Model, load_model  # noqa: E402
from imveil.cloud.prediction import predict_logits  # noqa: E402
from imveil.errors import BadDestination, BadInput, Mismatch  # noqa: E402
from small_model import small_model  # noqa: E402

SHAPE = (8, 8, 3)
ADAPTERS = ["none", *registry.parts(registry.ADAPTERS)]
MODELS = registry.parts(registry.MODELS)
WIDTH = {"resnet18": 4, "resnet_cifar": 4, "wrn": 1, "cnn": 4, "vit_tiny": 8, "vit_small": 8, "convmixer": 8}


def small(model: str = "cnn", adapter: str = "none", kind: str = "uint8", **options: Any) -> Model:
    """A net that learnt nothing, with a plan in its adapter where it may have one."""
    shape = options.pop("shape", SHAPE if model == "cnn" else (32, 32, 3))
    made = small_model(model, adapter, shape=shape, classes=5, kind=kind, width=WIDTH.get(model), **options)
    if adapter == "plan_start" and kind == "uint8":
        plan: Any = made.net.adapter
        plan.source.copy_(torch.randperm(plan.source.numel()).reshape(plan.source.shape))
        plan.mask.random_(0, 16)
    return made


def checked(model: Model, n: int = 15) -> float:
    images = exporting.made_images(model.info, n)
    return exporting.compared(exporting.converted(model.net, images[:2]), model.net, images)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_adapter(adapter: str) -> None:
    assert checked(small(adapter=adapter)) < 1e-4


@pytest.mark.parametrize(("scheme", "kind"), [("ffx/1", "uint16"), ("orthogonal/1", "float32")])
def test_what_undoes_tables_and_matrices(scheme: str, kind: str) -> None:
    model = small(adapter="plan_start", kind=kind, scheme=scheme, adapter_options={"scheme": scheme})
    for name, buffer in model.net.adapter.named_buffers():
        buffer.copy_(torch.randint(0, 2, buffer.shape) if name == "where" else torch.randn(buffer.shape) * 0.1)
    assert checked(model) < 1e-4


def test_what_puts_planes_back_into_colours() -> None:
    options = {"scheme": "etc-grey/1", "block": 8}
    model = small(adapter="plan_start", shape=(8, 24, 1), scheme="etc-grey/1", adapter_options=options)
    assert checked(model) < 1e-4


@pytest.mark.parametrize("name", MODELS)
def test_every_model(name: str) -> None:
    assert checked(small(name), 8) < 1e-4


@pytest.mark.parametrize("kind", ["float32", "uint16"])
def test_other_numbers_and_the_mirror(kind: str) -> None:
    assert checked(small(kind=kind, mirror=True)) < 1e-4


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and its cipher data set."""
    home = tmp_path_factory.mktemp("export")
    write_set(home / "set", classes=5, splits={"train": 2, "test": 5})
    small(adapter="fold").save(home / "toy.safetensors")
    return home


def test_the_command_writes_what_answers_alike(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["export", str(home / "toy.safetensors"), "--to", "onnx", "--on", str(home / "set")])
    assert left.value.code == 0
    assert "25 images of" in capsys.readouterr().out
    model, images = load_model(home / "toy.safetensors"), exporting._from_set(small().info, home / "set")
    session = runtime.InferenceSession(str(home / "toy.onnx"), providers=["CPUExecutionProvider"])
    for n in (1, 3, len(images)):
        found = session.run(["logits"], {"images": images[:n]})[0]
        np.testing.assert_allclose(found, predict_logits(model.net, images[:n]), rtol=1e-4, atol=1e-5)
    about = {one.key: one.value for one in onnx.load(home / "toy.onnx").metadata_props}
    assert about["imveil.scheme"] == "negpos/1"
    assert json.loads(about["imveil.classes"]) == model.info.classes
    with pytest.raises(BadDestination):
        exporting.export(model, home / "toy.onnx")
    with pytest.raises(Mismatch, match="k3xd"):
        exporting.export(
            model, home / "other.onnx", write_set(home / "other", classes=5, fingerprint="aaaa-bbbb-cccc-dddd")
        )


def test_made_images_are_a_thousand() -> None:
    images = exporting.made_images(small().info)
    assert images.shape == (1000, *SHAPE)
    assert images.min() == 0
    assert images.max() == 255


class _Odd(torch.nn.Module):
    """A part whose trace says something else than it does itself."""

    def __init__(self, traced: Callable[[Any], Any]) -> None:
        super().__init__()
        self.traced = traced

    def forward(self, values: Any) -> Any:
        return self.traced(values) if torch.jit.is_tracing() else values


@pytest.mark.parametrize(
    ("traced", "said"),
    [
        (lambda values: -values, "in batches of 1 ONNX answers"),
        (lambda values: values * 1.01, "differ by 0.01 of the largest"),
        (lambda values: values.reshape(2, 5), "onnxruntime cannot run the export"),
        (torch.special.bessel_j0, "cannot be exported"),
    ],
)
def test_what_answers_otherwise_is_not_written(
    tmp_path: Path, traced: Callable[[Any], Any], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = small()
    model.net.net = torch.nn.Sequential(model.net.net, _Odd(traced))
    with pytest.raises(BadInput, match=said):
        exporting.export(model, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")
