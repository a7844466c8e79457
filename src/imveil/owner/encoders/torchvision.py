"""Any classifier of torchvision as an encoder: "torchvision:NAME" with its default weights, "torchvision:NAME@FILE"
with those of a file. The last layer is taken off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imveil.errors import BadModelFile, Unavailable
from imveil.extras import need, nn, torch
from imveil.owner.encoders._hub import Network
from imveil.owner.encoders.base import Encoder

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def make(name: str, *, precision: str = "") -> Encoder:
    """The model without its last layer. Raises MissingExtra, BadModelFile, Unavailable."""
    models = need("torchvision.models", "train", "an encoder of torchvision")
    model, _, file = name.partition("@")
    if model not in models.list_models(module=models):
        raise BadModelFile(f"torchvision has no classifier {model!r}", hint="see torchvision.models.list_models()")
    weights = models.get_model_weights(model).DEFAULT
    try:
        net = models.get_model(model, weights=None if file else weights)
        if file:
            net.load_state_dict(torch.load(Path(file), map_location="cpu", weights_only=True))
    except Exception as error:  # a hub that cannot be reached, weights that do not fit: many kinds
        if file:
            raise BadModelFile(f"{file} does not fit {model}: {error}") from error
        raise Unavailable(f"the weights of {model} cannot be had: {error}",
                          hint="torchvision:NAME@FILE takes a file") from error  # fmt: skip
    side = int(weights.transforms().crop_size[0])
    return Network(f"torchvision-{model}", _beheaded(net, model), side, _MEAN, _STD, precision)


def _beheaded(net: Any, name: str) -> Any:
    for head in ("fc", "classifier", "heads", "head"):
        if hasattr(net, head):
            setattr(net, head, nn.Identity())
            return net
    raise BadModelFile(f"{name} has no last layer that is known, so it is no encoder")
