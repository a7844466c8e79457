"""Any ONNX file as an encoder: "onnx:FILE". One input (n, 3, side, side) of pixels as ImageNet's networks take them.

The side is the file's where it is fixed, else 224; pixels are (x / 255 - mean) / std with ImageNet's mean and std. The
first output is flattened. Needs onnxruntime.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imveil.errors import BadImage, BadModelFile
from imveil.extras import need
from imveil.owner.encoders.base import F32, U8, Encoder, Facts, rgb

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)


class Onnx(Encoder):
    """The network in an ONNX file. Raises MissingExtra without onnxruntime, BadModelFile where it does not fit."""

    def __init__(self, path: Path) -> None:
        runtime = need("onnxruntime", "onnx", "an ONNX encoder")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BadModelFile(f"{path} cannot be read: {error.strerror or error}") from error
        try:
            self._session: Any = runtime.InferenceSession(data, providers=["CPUExecutionProvider"])
            shape, self._input = self._session.get_inputs()[0].shape, self._session.get_inputs()[0].name
        except Exception as error:  # the library has many kinds of its own
            raise BadModelFile(f"{path} is no ONNX file that can be run") from error
        if len(shape) != 4 or shape[1] not in (3, "3") or (isinstance(shape[2], int) and shape[2] != shape[3]):
            raise BadModelFile(f"{path} must take (n, 3, side, side), it takes {shape}")
        self._side = shape[2] if isinstance(shape[2], int) else 224
        self._many = not isinstance(shape[0], int) or shape[0] != 1
        width = self._run(np.zeros((1, 3, self._side, self._side), np.float32)).shape[1]
        self.facts = Facts(f"onnx-{self._side}", hashlib.sha256(data).hexdigest(), width)

    def embed(self, pictures: Sequence[U8]) -> F32:
        """As `Encoder.embed`."""
        found: F32 = np.empty((len(pictures), self.facts.width), np.float32)
        step = 16 if self._many else 1
        for at in range(0, len(pictures), step):
            found[at : at + step] = self._run(np.stack([self._pixels(p) for p in pictures[at : at + step]]))
        if not np.isfinite(found).all():
            raise BadImage("the encoder gave numbers that are not finite")
        return found

    def _run(self, x: F32) -> F32:
        answer = np.asarray(self._session.run(None, {self._input: x})[0], np.float32)
        return answer.reshape(len(x), math.prod(answer.shape[1:]))

    def _pixels(self, picture: U8) -> F32:
        from PIL import Image

        square = Image.fromarray(rgb(picture)).resize((self._side, self._side), Image.Resampling.BICUBIC)
        scaled = np.asarray((np.asarray(square, np.float32) / 255 - _MEAN) / _STD, np.float32)
        return scaled.transpose(2, 0, 1)


def make(name: str, *, precision: str = "") -> Encoder:
    """The encoder in the file `name`."""
    del precision  # the file decides
    return Onnx(Path(name))
