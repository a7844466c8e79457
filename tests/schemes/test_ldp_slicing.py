"""ldp-slicing/1: bits are turned over as often as eps says, and a picture is picked out of others all the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import imveil
from imveil.errors import BadField
from variants import pictures

KEY = imveil.Key(bytes(range(32)))
SHAPE = (32, 32, 3)


def ciphers(images: Any, **fields: Any) -> Any:
    return imveil.find("ldp-slicing/1", **fields).encrypt(images, KEY, [str(k) for k in range(len(images))]).images


@pytest.mark.parametrize("split", ["msb", "sqrt"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_bits_of_a_pixel_share_eps(split: Any, channels: int) -> None:
    scheme = imveil.find("ldp-slicing/1", eps=6.0, split=split)
    p = scheme.thresholds(channels) / 65536  # type: ignore[attr-defined]
    spent = channels * sum(math.log((1 - one) / one) for one in p)
    assert 5.99 < spent <= 6.0, "never more than eps"
    images = pictures("rates", (60, 32, 32, channels))
    turned = np.unpackbits((ciphers(images, eps=6.0, split=split) ^ images)[..., None], axis=-1, bitorder="little")
    n = images.size
    assert np.abs(turned.reshape(-1, 8).mean(0) - p).max() < 5 * math.sqrt(0.25 / n)
    assert (np.diff(p) < 0).all(), "important bits are turned over less often"


def test_a_picture_is_picked_out_of_others() -> None:
    """The likeliest candidate, by the probabilities that are public: from eps 1 on nearly always the right one."""
    n = 300
    images = pictures("gallery", (n, *SHAPE))
    bits = np.unpackbits(images.reshape(n, -1, 1), axis=2, bitorder="little").astype(np.float32) * 2 - 1
    found = {}
    for eps in (0.25, 1.0, 2.0):
        p = imveil.find("ldp-slicing/1", eps=eps).thresholds(3) / 65536  # type: ignore[attr-defined]
        weight = np.log((1 - p) / p).astype(np.float32)
        hidden = ciphers(images, eps=eps).reshape(n, -1, 1)
        seen = (np.unpackbits(hidden, axis=2, bitorder="little").astype(np.float32) * 2 - 1) * weight
        scores = seen.reshape(n, -1) @ bits.reshape(n, -1).T
        found[eps] = (scores.argmax(1) == np.arange(n)).mean()
    assert found[0.25] < 0.5
    assert found[1.0] > 0.85
    assert found[2.0] > 0.99


@pytest.mark.parametrize("eps", [0.0, -1.0, 1001.0, math.nan])
def test_an_eps_that_promises_nothing_is_refused(eps: float) -> None:
    with pytest.raises(BadField, match="more than 0 and at most 1000"):
        imveil.find("ldp-slicing/1", eps=eps)


def test_a_transformer_without_positions_answers_shuffled_patches_as_plain_ones() -> None:
    torch = pytest.importorskip("torch")
    from imveil.cloud.classifier import Classifier
    from imveil.cloud.prediction import predict_logits

    torch.manual_seed(0)
    images, scheme = pictures("rs", (8, *SHAPE)), imveil.find("pevit-rs/1")
    hidden = scheme.encrypt(images, KEY, [str(k) for k in range(8)]).images
    answers = {}
    for positions in (False, True):
        options = {"patch": 4, "depth": 2, "positions": positions}
        net = Classifier.build("vit_tiny", 3, SHAPE, width=32, model_options=options).eval()
        if positions:
            net.net.pos_embed.data.normal_()
        net.normalise(torch.from_numpy(images))
        answers[positions] = np.abs(predict_logits(net, hidden) - predict_logits(net, images)).max()
    assert answers[False] < 1e-4
    assert answers[True] > 10 * max(answers[False], 1e-6)
