"""A model answers pictures however they come: (n, h, w, c) and (n, c, h, w), numpy and torch, items and data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cipher_sets import write_set  # noqa: E402
from imveil import cloud  # noqa: E402
from imveil.errors import BadDestination, BadDtype, BadField, BadShape  # noqa: E402


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    write_set(home / "set")
    return home


@pytest.fixture(scope="module")
def model(home: Path) -> cloud.Model:
    told: list[str] = []
    model = cloud.train(
        home / "set", epochs=1, width=4, batch=16, lr=0.1, adapter="none", tell=lambda name, _: told.append(name)
    )
    assert {"data", "pictures", "choice", "net"} <= set(told)
    assert len(model.history) == 1
    model.save(home / "model.safetensors")
    with pytest.raises(BadDestination, match="exists already"):
        model.save(home / "model.safetensors")
    return model


def test_every_form_is_answered_alike(home: Path, model: cloud.Model) -> None:
    data = cloud.CipherDataset(home / "set", "test")
    first = torch.stack([data[i][0] for i in range(len(data))])
    last = first.permute(0, 2, 3, 1).contiguous()
    want = model.predict(last.numpy())
    assert want.dtype == np.int64
    assert want.shape == (len(data),)
    forms: list[Any] = [
        last, first, first.numpy(), np.asfortranarray(last.numpy()), data, [data[i] for i in range(len(data))],
        (first, torch.zeros(len(data))), data.stream(),
    ]  # fmt: skip
    for form in forms:
        np.testing.assert_array_equal(np.sort(model.predict(form)), np.sort(want))
        np.testing.assert_array_equal(cloud.load(home / "model.safetensors").predict(form), model.predict(form))
    assert model.predict(data[0]).tolist() == want[:1].tolist()
    assert model.predict(last[0]).tolist() == want[:1].tolist()
    batches = list(torch.utils.data.DataLoader(data, batch_size=4))
    np.testing.assert_array_equal(np.concatenate([model.predict(batch) for batch in batches]), want)
    np.testing.assert_allclose(model.probabilities(last).sum(1), 1)
    score = cloud.evaluate(model, home / "set")
    assert score.right == (want == np.array(data.labels)).sum()
    assert cloud.evaluate(home / "model.safetensors", home / "set").accuracy == score.accuracy


def test_what_is_no_picture_is_one_line(home: Path, model: cloud.Model) -> None:
    with pytest.raises(BadShape, match=r"got an array of shape \(2, 5, 5, 3\); they are \(n, h, w, c\) or"):
        model.predict(np.zeros((2, 5, 5, 3), np.uint8))
    for wrong in (7, "set"):
        with pytest.raises(BadDtype, match="pictures to predict are arrays, tensors or a data set, got"):
            model.predict(wrong)
    h, w, c = model.net.shape
    with pytest.raises(BadDtype, match="float64"):
        model.predict(np.zeros((1, h, w, c)))
    with pytest.raises(BadField, match="epochs and budget say the same thing twice"):
        cloud.train(home / "set", epochs=1, budget="1m")
