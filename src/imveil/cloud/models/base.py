"""Model: a net for pictures of one shape, one file each (or a few near twins). Its file's function `build` makes it.

    def build(classes: int, shape: tuple[int, int, int], *, width: int | None = None) -> nn.Module

The net takes float (n, c, h, w), normalised, and gives logits (n, classes). Adding a model is adding a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from imveil import registry

if TYPE_CHECKING:
    from torch import nn

PACKAGE = "imveil.cloud.models"


class Build(Protocol):
    """What makes a net. shape: (h, w, c) of the cipher images; width and other options as the model names them.

    Raises BadShape for pictures that the net cannot take, TypeError for options that it does not have."""

    def __call__(self, classes: int, shape: tuple[int, int, int], **options: Any) -> nn.Module: ...


def builder(name: str) -> Build:
    """The `build` of the model `name`; UnknownName with the nearest names.

    >>> builder("cnn")(10, (32, 32, 3)).training
    True
    """
    build: Build = registry.load(PACKAGE, name, "model").build
    return build
