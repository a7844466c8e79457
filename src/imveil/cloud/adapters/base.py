"""Adapter: what stands before a net, made by a public function annotated `-> Adapter`; its name is the adapter's.

    def fold(shape: tuple[int, int, int], *, rate: float = 1.0) -> Adapter

shape: (h, w, c) of the cipher images; options are keyword only. Adding an adapter is adding a file.
"""

from __future__ import annotations

from typing import ClassVar

from imveil.extras import nn, torch


class Adapter(nn.Module):
    """Raw values (0..255 where pictures are uint8) as float (n, c, h, w) -> float (n, c', h', w').

    Attributes
    ----------
    rate
        Of learning, times that of the net; adapters know no weight decay.
    picture
        The output has the shape of the picture, so it can be looked at, and scored as an attack.
    movable
        A flipped or shifted output is again the output of some picture, so the loop may move it.
    """

    rate: float = 1.0
    picture: ClassVar[bool] = False
    movable: ClassVar[bool] = False

    def start(self, images: torch.Tensor) -> None:
        """Look at the cipher pictures (n, h, w, c) before the training. Deterministic."""

    def penalty(self) -> torch.Tensor | None:
        """What the last forward pass adds to the loss, if anything."""
        return None
