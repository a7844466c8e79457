"""The thin ResNets have the sizes of the paper; the public weights their test error; files are checked."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from imveil.cloud.models.resnet_cifar import resnet_cifar as build  # noqa: E402
from imveil.errors import BadField, BadModelFile, Unavailable  # noqa: E402
from imveil.lab.clean import clean_net  # noqa: E402
from imveil.metrics.recognised import recognised  # noqa: E402
from imveil.owner.datasets.cifar import load  # noqa: E402


@pytest.mark.parametrize(("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)])
def test_parameters_are_as_many_as_in_the_paper(depth: int, millions: float) -> None:
    """He et al., table 6."""
    count = sum(p.numel() for p in build(10, (32, 32, 3), depth=depth).parameters())
    assert round(count / 1e6, 1 if depth == 110 else 2) == millions


def test_the_layers_are_those_of_the_paper() -> None:
    net = build(10, (32, 32, 3), depth=56)
    convs = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convs) + 1 == 56
    assert [sum(c.out_channels == width for c in convs) for width in (16, 32, 64)] == [19, 18, 18]
    assert sum(c.stride == (2, 2) for c in convs) == 2
    with pytest.raises(BadField, match="6n"):
        build(10, (32, 32, 3), depth=18)


def test_a_shortcut_keeps_every_second_pixel_and_pads_with_zeros() -> None:
    block = build(10, (8, 8, 3)).layer2[0]
    torch.nn.init.zeros_(block.bn2.weight)
    x = torch.rand(2, 16, 8, 8)
    y = block(x)
    assert torch.equal(y[:, 8:24], x[:, :, ::2, ::2])
    assert not y[:, :8].any()
    assert not y[:, 24:].any()


@pytest.fixture(scope="module")
def cifar() -> Any:
    try:
        return load("cifar10")["test"]
    except Unavailable as error:
        pytest.skip(f"CIFAR-10 is not there: {error}")


def there(depth: int) -> Any:
    try:
        return clean_net(depth)
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.mark.needs_data
def test_the_public_net_recognises_plain_pictures_and_no_noise(cifar: Any) -> None:
    net, (images, labels) = there(20), cifar
    assert recognised(images[:200], labels[:200], net).mean() > 0.85
    noise = np.random.default_rng(0).integers(0, 256, (200, 32, 32, 3), dtype=np.uint8)
    assert recognised(noise, labels[:200], net).mean() < 0.25
    assert len(recognised(images[:0], labels[:0], net)) == 0


@pytest.mark.soak
@pytest.mark.needs_data
@pytest.mark.parametrize(("depth", "error"), [(20, 8.27), (56, 6.61)])
def test_the_public_test_error(cifar: Any, depth: int, error: float) -> None:
    images, labels = cifar
    assert round(100 - 100 * recognised(images, labels, there(depth)).mean(), 2) == error


def named(folder: Path, data: bytes) -> Path:
    file = folder / f"resnet20-{hashlib.sha256(data).hexdigest()[:8]}.th"
    file.write_bytes(data)
    return file


class Trap:
    """An object that would run when unpickled."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("trapped"),)


def test_files_that_are_no_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wrong_name = tmp_path / "resnet20-00000000.th"
    wrong_name.write_bytes(b"x")
    with pytest.raises(BadModelFile, match="its name says 00000000"):
        clean_net(20, wrong_name)
    other = tmp_path / "other"
    torch.save({"state_dict": build(10, (32, 32, 3), depth=8).state_dict()}, other)
    for data in (b"", b"nonsense", pickle.dumps({"state_dict": Trap()}, 2), pickle.dumps([1], 2), other.read_bytes()):
        with pytest.raises(BadModelFile, match="no weights of a ResNet-20"):
            clean_net(20, named(tmp_path, data))
    assert not Path("trapped").exists()
    whole = tmp_path / "whole"
    torch.save({"state_dict": {f"module.{k}": v for k, v in build(10, (32, 32, 3)).state_dict().items()}}, whole)
    assert clean_net(20, named(tmp_path, whole.read_bytes()))(np.zeros((2, 32, 32, 3), np.uint8)).shape == (2,)


def test_missing_weights_say_where_to_put_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMVEIL_DATA", str(tmp_path))
    with pytest.raises(Unavailable, match="IMVEIL_DATA"):
        clean_net(20)
