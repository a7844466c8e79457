"""A classifier of plain CIFAR-10 pictures, with public weights: tells whether reconstructions can still be recognised.

The weights are data: `resnet_cifar10/resnet20-*.th` and `resnet56-*.th` in the folder that IMVEIL_DATA names (from
"Proper ResNet Implementation for CIFAR10/CIFAR100 in PyTorch", Y. Idelbayev, BSD-2). A file is read as tensors only,
never as objects, and only when its SHA-256 begins as its name says.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.cloud.classifier import Classifier
from imveil.cloud.models.resnet_cifar import resnet_cifar
from imveil.cloud.prediction import predict_logits
from imveil.errors import BadModelFile, Unavailable
from imveil.extras import torch
from imveil.metrics.base import U8
from imveil.system import data_folder

SHAPE = (32, 32, 3)
# What the public nets were trained with, in units of 0..1.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class CleanNet:
    """uint8 pictures (n, 32, 32, 3) -> their CIFAR-10 classes (n,). Called by the metric `recognised`."""

    def __init__(self, depth: int, weights: dict[str, Any]) -> None:
        net = resnet_cifar(10, SHAPE, depth=depth)
        net.load_state_dict(weights)
        self.net = Classifier(net, None, SHAPE, 3)
        self.net.mean.copy_(255 * torch.tensor(MEAN))
        self.net.std.copy_(255 * torch.tensor(STD))

    def __call__(self, images: U8) -> npt.NDArray[np.int64]:
        return np.asarray(predict_logits(self.net, images).argmax(axis=1))


def clean_net(depth: int = 20, file: Path | None = None) -> CleanNet:
    """The public ResNet of that depth, 20 or 56.

    Parameters
    ----------
    file
        The weights; None looks them up in the folder that IMVEIL_DATA names.

    Raises
    ------
    Unavailable
        Where they are not there.
    BadModelFile
        For a file that is not what its name says.
    """
    path = file or _find(depth)
    data = path.read_bytes()
    name = path.stem.rpartition("-")[2]
    digest = hashlib.sha256(data).hexdigest()
    if not digest.startswith(name):
        raise BadModelFile(f"{path.name} has SHA-256 {digest[:8]}..., its name says {name}", hint="fetch it again")
    try:
        held = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        weights = {key.removeprefix("module."): value for key, value in held["state_dict"].items()}
        return CleanNet(depth, weights)
    except (pickle.UnpicklingError, RuntimeError, KeyError, TypeError, AttributeError, EOFError, ValueError) as error:
        raise BadModelFile(f"{path.name} holds no weights of a ResNet-{depth} for CIFAR-10") from error


def _find(depth: int) -> Path:
    folder = data_folder()
    found = sorted(folder.glob(f"resnet_cifar10/resnet{depth}-*.th")) if folder else []
    if not found:
        raise Unavailable(
            f"the weights of the public ResNet-{depth} are not there",
            hint=f"put resnet_cifar10/resnet{depth}-*.th into a folder and name it in IMVEIL_DATA",
        )
    return found[0]
