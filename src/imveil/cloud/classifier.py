"""From stored pictures to logits in one module: values, adapter, normalisation, net.

Everything that a model needs to read a picture travels inside it, so nobody can feed it with the wrong scale.
`cloud/models/base.py` says what a model is, `cloud/adapters/base.py` what an adapter is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from math import prod
from typing import Any

from imveil.cloud.adapters.base import Adapter
from imveil.cloud.training.settings import Settings
from imveil.errors import BadField, BadShape
from imveil.extras import nn, torch
from imveil.registry import ADAPTERS, MODELS, Kind, known

Shape = tuple[int, int, int]
_SMALL = 1 << 24  # values: more are not allocated to learn a shape


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

    def __init__(self, net: nn.Module, adapter: Adapter | None, shape: Shape, channels: int) -> None:
        super().__init__()
        self.adapter = adapter
        self.net = net
        self.shape = shape
        self.mirror = False  # whether answers are means over a picture and its mirror image
        self.trained_by: Callable[[torch.Tensor], torch.Tensor] | None = None  # the net compiled, for training alone
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    @classmethod
    def build(
        cls,
        model: str,
        classes: int,
        shape: Shape,
        *,
        width: int | None = None,
        model_options: Mapping[str, Any] | None = None,
        adapter: str = "none",
        adapter_options: Mapping[str, Any] | None = None,
    ) -> Classifier:
        """A new net with random weights from torch's global generator.

        UnknownName for a model or adapter that nobody has, BadField for an option that it has not.
        """
        front: Adapter | None = None
        seen = shape
        if adapter != "none":
            front = made(ADAPTERS, adapter, (shape,), adapter_options or {})
            seen = _after(front, shape)
        options = {**(model_options or {}), **({} if width is None else {"width": width})}
        return cls(made(MODELS, model, (classes, seen), options), front, shape, seen[2])

    @classmethod
    def of(cls, settings: Settings, classes: int, shape: Shape) -> Classifier:
        """The net that settings describe, with random weights."""
        s = settings
        net = cls.build(
            s.model, classes, shape, width=s.width, model_options=s.model_options, adapter=s.adapter,
            adapter_options=s.adapter_options,
        )  # fmt: skip
        net.mirror = s.mirror
        return net

    def values(self, images: torch.Tensor) -> torch.Tensor:
        """What the normalisation sees: float (n, c, h, w), channels last in memory, after the adapter."""
        # Rows of pixels are channels-last already: permuting them is free and every layer keeps the layout.
        seen = images.permute(0, 3, 1, 2).float()
        return seen if self.adapter is None else self.adapter(seen)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if images.dim() != 4 or tuple(images.shape[1:]) != self.shape:
            h, w, c = self.shape
            raise BadShape(f"the model reads pictures of {h}x{w}x{c}, got an array of shape {tuple(images.shape)}")
        values = self.values(images)
        logits = self.answer(values)
        if self.mirror and not self.training:
            logits = (logits + self.answer(values.flip(3))) / 2
        return logits

    def answer(self, values: torch.Tensor) -> torch.Tensor:
        """The logits for what `values` gave."""
        net = self.net if self.trained_by is None or not self.training else self.trained_by
        logits: torch.Tensor = net((values - self.mean[:, None, None]) / self.std[:, None, None])
        return logits

    def compile_for_training(self) -> None:
        """Have torch compile the net, when it is first trained. Answers are given without: they come in other batches,
        and compiling for each of these would cost more than they do."""
        net = self.net
        # A function of ours around the net: torch 2.13 compiles nothing where all code is its own, as in nn.Sequential.
        self.trained_by = torch.compile(lambda values: net(values))

    @torch.no_grad()
    def normalise(self, images: torch.Tensor, batch: int = 2048) -> Normalisation:
        """Set mean and deviation to those of `images` (n, h, w, c) and return them. A flat channel gets 1.

        Sums of whole numbers in float64 are exact below 2**53, so for these the result does not depend on the batches.
        """
        was = self.training
        self.eval()
        total = torch.zeros_like(self.mean, dtype=torch.float64)
        square, count = total.clone(), 0
        for start in range(0, len(images), batch):
            seen = self.values(images[start : start + batch].to(self.mean.device)).double()
            total += seen.sum((0, 2, 3))
            square += (seen * seen).sum((0, 2, 3))
            count += seen.numel() // seen.shape[1]
        self.train(was)
        mean = total / count
        std = (square / count - mean * mean).clamp(min=0).sqrt()
        std[std < 1e-3] = 1.0
        self.mean.copy_(mean)
        self.std.copy_(std)
        return Normalisation(tuple(self.mean.tolist()), tuple(self.std.tolist()))


def made(kind: Kind, name: str, about: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """The model or adapter `name`, made for what it is `about`. UnknownName; BadField for an option that it has not.

    >>> made(ADAPTERS, "fold", ((8, 8, 3),), {"block": 4})
    Traceback (most recent call last):
    imveil.errors.BadField: the adapter fold has no option 'block'; it takes none
    """
    build = known(kind, name)
    own = options_of(build)
    for option, value in options.items():
        if option not in own:
            raise BadField(
                f"the {kind.word} {name} has no option {option!r}", hint=f"it takes {', '.join(own) or 'none'}"
            )
        allowed = own[option]
        if type(value) not in allowed and not (float in allowed and type(value) is int):
            raise BadField(f"{option} of the {kind.word} {name} is {allowed[0].__name__}, not {value!r}")
    return build(*about, **options)


def options_of(build: Callable[..., Any]) -> dict[str, list[type]]:
    """The options of what makes a model or adapter, and of which kinds they may be: as their defaults, and int where
    that is None."""
    named = [p for p in inspect.signature(build).parameters.values() if p.kind is p.KEYWORD_ONLY]
    return {p.name: [int, type(None)] if p.default is None else [type(p.default)] for p in named}


@torch.no_grad()
def _after(front: Adapter, shape: Shape) -> Shape:
    """The shape (h, w, c) that an adapter makes of pictures of this shape."""
    here = torch.get_default_device()
    held = [*front.parameters(), *front.buffers()]
    # Without storage torch would load its compiler, for a second and more, to do the simplest sum.
    if here.type == "meta" and prod(shape) + sum(tensor.numel() for tensor in held) <= _SMALL:
        here = torch.device("cpu")
        front = deepcopy(front).to_empty(device=here)
        for tensor in (*front.parameters(), *front.buffers()):
            tensor.zero_()
    front.eval()
    with here:
        _, c, h, w = (int(d) for d in front(torch.zeros(1, shape[2], shape[0], shape[1])).shape)
    front.train()
    return h, w, c
