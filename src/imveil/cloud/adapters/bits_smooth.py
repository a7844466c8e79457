"""Gains for each position and plane of the Gray code, drawn towards smooth pictures while the net learns.

For schemes that XOR one sequence into all pictures. Neighbouring samples of a picture agree in most planes of the Gray
code. The penalty draws the gains of neighbours towards the signs under which they agree, as strongly as they do, and
lets those fade that agree with nothing; all that it knows is the agreement in the batches that went by. It is the
many-time-pad attack by gradient descent: whoever trains with this adapter can print what it found. One byte stays open,
the same for all positions.
"""

from __future__ import annotations

import torch

from imveil.cloud.adapter import Adapter
from imveil.cloud.bitplanes import PLANES, Gains, gray, signs

MEMORY = 0.95  # of the agreement seen so far, for each batch


def build(shape: tuple[int, int, int], *, shared: bool = False, rate: float = 0.3, weight: float = 1.0) -> Adapter:
    """For uint8 pictures of `shape` = (h, w, c): float (n, c, h, w) 0..255 -> float (n, c, h, w), itself at first.

    shared: one gain for all channels of a pixel.   rate: of learning, times that of the net.   weight: of the penalty.
    """
    return _Smooth(shape, shared=shared, rate=rate, weight=weight)


class _Smooth(Gains):
    agreement: torch.Tensor

    def __init__(self, shape: tuple[int, int, int], *, shared: bool, rate: float, weight: float) -> None:
        super().__init__(shape, gray=True, shared=shared, rate=rate)
        self.weight = weight
        height, width, channels = shape
        # For the next channel, the row below and the column to the right; the last of each has no such neighbour.
        self.register_buffer("agreement", torch.zeros(3, PLANES, channels, height, width))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Note how far neighbours agree in this batch."""
        if self.training:
            with torch.no_grad():
                self._note(gray(values.to(torch.uint8)))
        return super().forward(values)

    def _note(self, code: torch.Tensor) -> None:
        self.agreement.mul_(MEMORY)
        for k in range(PLANES):
            spins = signs(code, k)
            for d in range(3):
                size = spins.shape[d + 1] - 1
                if size:
                    agree = (spins.narrow(d + 1, 0, size) * spins.narrow(d + 1, 1, size)).mean(0)
                    self.agreement[d, k].narrow(d, 0, size).add_(agree, alpha=1 - MEMORY)

    def penalty(self) -> torch.Tensor:
        """For neighbours that agree by a, -1..1: |a| (g^2 + h^2) / 2 - a g h; and a little for gains far from +-1."""
        gain = self.gain.expand(self.agreement.shape[1:])
        total = ((gain.square() - 1).square() * 0.02).sum()
        for d in range(3):
            size = gain.shape[d + 1] - 1
            if size:
                one, two = gain.narrow(d + 1, 0, size), gain.narrow(d + 1, 1, size)
                agree = self.agreement[d].narrow(d + 1, 0, size)
                total = total + (agree.abs() * (one.square() + two.square()) / 2 - agree * one * two).sum()
        return self.weight * total
