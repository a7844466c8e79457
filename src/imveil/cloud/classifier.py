"""From stored pictures to logits in one module: values, adapter, normalisation, net.

Everything that a model needs to read a picture travels inside it, so nobody can feed it with the wrong scale.
The models are the files of `cloud/models`, the adapters those of `cloud/adapters`:

* a model has `build(classes, shape, **options) -> nn.Module`, float (n, c, h, w) -> logits (n, classes);
* an adapter has `build(shape, **options) -> nn.Module`, raw values (0..255 where pictures are uint8) as float
  (n, c, h, w) -> float (n, c', h, w).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imveil import registry
from imveil.cloud.extra import nn, torch
from imveil.errors import BadShape

MODELS = "imveil.cloud.models"
ADAPTERS = "imveil.cloud.adapters"
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Normalisation:
    """Mean and deviation of each channel of what is trained on, in the units of the values (0..255 without adapter)."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Classifier(nn.Module):
    """Pictures (n, h, w, c), uint8 or float32, -> float logits (n, classes).

    >>> net = Classifier.build("cnn", 10, (8, 8, 3))
    >>> tuple(net(torch.zeros(2, 8, 8, 3, dtype=torch.uint8)).shape)
    (2, 10)
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, net: nn.Module, adapter: nn.Module | None, shape: Shape, channels: int) -> None:
        super().__init__()
        self.adapter = adapter
        self.net = net
        self.shape = shape
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    @classmethod
    def build(
        cls, model: str, classes: int, shape: Shape, *, width: int | None = None, adapter: str = "none"
    ) -> Classifier:
        """A new net with random weights from torch's global generator; UnknownName for a model that nobody has."""
        front: nn.Module | None = None
        channels = shape[2]
        if adapter != "none":
            front = registry.load(ADAPTERS, adapter, "adapter").build(shape)
            channels = int(front(torch.zeros(1, shape[2], shape[0], shape[1])).shape[1])
        make: Callable[..., nn.Module] = registry.load(MODELS, model, "model").build
        options: dict[str, Any] = {} if width is None else {"width": width}
        return cls(make(classes, (shape[0], shape[1], channels), **options), front, shape, channels)

    def values(self, images: torch.Tensor) -> torch.Tensor:
        """What the normalisation sees: float (n, c, h, w), channels last in memory, after the adapter."""
        # Rows of pixels are channels-last already: permuting them is free and every layer keeps the layout.
        seen = images.permute(0, 3, 1, 2).float()
        return seen if self.adapter is None else self.adapter(seen)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if images.dim() != 4 or tuple(images.shape[1:]) != self.shape:
            h, w, c = self.shape
            raise BadShape(f"the model reads pictures of {h}x{w}x{c}, got an array of shape {tuple(images.shape)}")
        seen = (self.values(images) - self.mean[:, None, None]) / self.std[:, None, None]
        logits: torch.Tensor = self.net(seen)
        return logits

    @torch.no_grad()
    def normalise(self, images: torch.Tensor, batch: int = 2048) -> Normalisation:
        """Set mean and deviation to those of `images` (n, h, w, c) and return them. A flat channel gets 1.

        Sums of whole numbers in float64 are exact below 2**53, so for these the result does not depend on the batches.
        """
        total = torch.zeros_like(self.mean, dtype=torch.float64)
        square, count = total.clone(), 0
        for start in range(0, len(images), batch):
            seen = self.values(images[start : start + batch].to(self.mean.device)).double()
            total += seen.sum((0, 2, 3))
            square += (seen * seen).sum((0, 2, 3))
            count += seen.numel() // seen.shape[1]
        mean = total / count
        std = (square / count - mean * mean).clamp(min=0).sqrt()
        std[std < 1e-3] = 1.0
        self.mean.copy_(mean)
        self.std.copy_(std)
        return Normalisation(tuple(self.mean.tolist()), tuple(self.std.tolist()))
