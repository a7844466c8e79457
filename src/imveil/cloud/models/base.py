"""Model: a net for pictures of one shape, a public function annotated `-> nn.Module`; its name is the model's.

    def cnn(classes: int, shape: tuple[int, int, int], *, width: int | None = None) -> nn.Module

shape: (h, w, c) of the cipher images; width and other options, keyword only, as the model names them. The net takes
float (n, c, h, w), normalised, and gives logits (n, classes). It raises BadShape for pictures that it cannot take.
Adding a model is adding a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from imveil import registry

if TYPE_CHECKING:
    from torch import nn


class Build(Protocol):
    """What makes a net; see the module's docstring."""

    def __call__(self, classes: int, shape: tuple[int, int, int], **options: Any) -> nn.Module: ...


def builder(name: str) -> Build:
    """The function that makes the model `name`; UnknownName with the nearest names.

    >>> builder("cnn")(10, (32, 32, 3)).training
    True
    """
    build: Build = registry.known(registry.MODELS, name)
    return build
