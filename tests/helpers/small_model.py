"""A model that learnt nothing, made in a moment: for tests of what is done with models."""

from __future__ import annotations

from typing import Any

import torch

from cipher_sets import KEY
from imveil.cloud.classifier import Classifier
from imveil.cloud.modelfile import Model, ModelInfo
from imveil.cloud.training.settings import Settings


def small_model(
    model: str = "cnn", adapter: str = "none", *, shape: tuple[int, int, int] = (8, 8, 3), classes: int = 3,
    scheme: str = "negpos/1", fields: dict[str, Any] | None = None, kind: str = "uint8", width: int | None = 4,
    fingerprint: str = KEY, seed: int = 0, **options: Any,
) -> Model:  # fmt: skip
    """A net with random weights, and a description of it as one that was trained has."""
    torch.manual_seed(seed)
    settings = Settings(model=model, adapter=adapter, width=width, **options)
    net = Classifier.of(settings, classes, shape).eval().requires_grad_(False)
    info = ModelInfo(
        scheme=scheme, fields={"per_image": True} if fields is None else fields,
        traits={"dtype": kind, "per_image": True}, fingerprint=fingerprint, shape=shape,
        classes=[f"class{k}" for k in range(classes)], mean=(0.0,), std=(1.0,), settings=settings, images=1,
    )  # fmt: skip
    return Model(net, info)
