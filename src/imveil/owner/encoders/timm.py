"""Any model of timm as an encoder: "timm:NAME" with its own weights, or "timm:NAME@FILE" with a file's."""

from __future__ import annotations

from pathlib import Path

from imveil.errors import BadModelFile, Unavailable
from imveil.extras import need
from imveil.owner.encoders._hub import Network
from imveil.owner.encoders.base import Encoder


def make(name: str, *, precision: str = "") -> Encoder:
    """The model without its classifier. Raises MissingExtra, UnknownName, BadModelFile, Unavailable."""
    timm = need("timm", "timm", "an encoder of timm")
    model, _, file = name.partition("@")
    if model.partition(".")[0] not in timm.list_models():
        raise BadModelFile(f"timm has no model {model!r}", hint="see timm.list_models()")
    if file and not Path(file).is_file():
        raise BadModelFile(f"{file} is not there", hint="name a file of weights that timm can load")
    try:
        net = timm.create_model(model, pretrained=not file, num_classes=0)
        if file:
            timm.models.load_checkpoint(net, file, strict=False, weights_only=True)
    except Exception as error:  # a hub that cannot be reached, weights that do not fit: many kinds
        if file:
            raise BadModelFile(f"{file} does not fit {model}: {error}") from error
        raise Unavailable(f"{model} has no weights here: {error}", hint="timm:NAME@FILE takes a file") from error
    settings = timm.data.resolve_model_data_config(net)
    return Network(f"timm-{model}", net, settings["input_size"][1], settings["mean"], settings["std"], precision)
