"""Gains for each position and plane of the Gray code, drawn towards smooth pictures while the net learns.

For schemes that XOR one sequence into all pictures. Neighbouring samples of a picture agree in most planes of the Gray
code. The penalty draws the gains of neighbours towards the signs under which they agree, as strongly as they do, and
lets those fade that agree with nothing; all that it knows is the agreement in the batches that went by. That leaves one
sign a plane open, for all positions at once: planes are added up with the levels under which the sum is smoothest. It
is the many-time-pad attack by gradient descent: whoever trains with this adapter can print what it found.
"""

from __future__ import annotations

import torch

from imveil.attacks.solvers.pad.gray import gray
from imveil.cloud.adapters._bitplanes import PLANES, Gains, signs
from imveil.cloud.adapters.base import Adapter

MEMORY = 0.95  # of the agreement seen so far, for each batch
SEEN = 64  # pictures of a batch that are asked: more would cost more than the net
NEIGHBOURS = [(0, 1), (0, 2), *((d, step) for step in (1, 2, 4, 8) for d in (1, 2))]
"""Which samples are neighbours: along channels, rows or columns, this many on. Far ones let large regions agree."""


def bits_smooth(
    shape: tuple[int, int, int], *, shared: bool = False, rate: float = 0.2, weight: float = 1.0
) -> Adapter:
    """For uint8 pictures of `shape` = (h, w, c): float (n, c, h, w) 0..255 -> float (n, c, h, w), itself at first.

    Parameters
    ----------
    shared
        One gain for all channels of a pixel.
    rate
        Of learning, times that of the net.
    weight
        Of the penalty.
    """
    return _Smooth(shape, shared=shared, rate=rate, weight=weight)


class _Smooth(Gains):
    agreement: torch.Tensor
    cross: torch.Tensor

    def __init__(self, shape: tuple[int, int, int], *, shared: bool, rate: float, weight: float) -> None:
        super().__init__(shape, gray=True, shared=shared, rate=rate)
        self.weight = weight
        height, width, channels = shape
        self.pairs = [(d, n) for d, n in NEIGHBOURS if n < (channels, height, width)[d]]
        # Of a sample with the one `step` further on; the last ones have no such neighbour, and agree by 0.
        self.register_buffer("agreement", torch.zeros(len(self.pairs), PLANES, channels, height, width))

        # Mean products of the planes' differences between neighbours, each plane weighted as in the sum.
        self.register_buffer("cross", torch.zeros(PLANES, PLANES))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Note how far neighbours agree in this batch, and level the planes."""
        if self.training:
            with torch.no_grad():
                code = gray(values[:SEEN].to(torch.uint8))
                self._note(code)
                self._level(code)
        return super().forward(values)

    def _level(self, code: torch.Tensor) -> None:
        """Add the planes up so that neighbours differ least, with the top plane as it is."""
        planes = torch.stack([signs(code, k) * self.gain[k] for k in range(PLANES)])
        planes = planes.flip(0).cumprod(0).flip(0)  # plane k times all above it
        across = (planes[..., 1:] - planes[..., :-1]).reshape(PLANES, -1)
        down = (planes[..., 1:, :] - planes[..., :-1, :]).reshape(PLANES, -1)
        weight = 2.0 ** torch.arange(PLANES, device=code.device)
        products = (across @ across.T + down @ down.T) / max(1, across.shape[1] + down.shape[1])
        self.cross.lerp_(products * weight[:, None] * weight, 1 - MEMORY)
        some = 1e-3 * self.cross.diagonal().mean().clamp(min=1e-6)
        low = self.cross[:-1, :-1] + some * torch.eye(PLANES - 1, device=code.device)
        self.level[:-1] = torch.linalg.solve(low, -self.cross[:-1, -1]).clamp(-1, 1)

    def _note(self, code: torch.Tensor) -> None:
        self.agreement.mul_(MEMORY)
        for k in range(PLANES):
            spins = signs(code, k)
            for agreement, (d, step) in zip(self.agreement, self.pairs, strict=True):
                size = spins.shape[d + 1] - step
                agree = (spins.narrow(d + 1, 0, size) * spins.narrow(d + 1, step, size)).mean(0)
                agreement[k].narrow(d, 0, size).add_(agree, alpha=1 - MEMORY)

    def penalty(self) -> torch.Tensor:
        """For neighbours that agree by a, -1..1: |a| (g^2 + h^2) / 2 - a g h; and a little for gains far from +-1."""
        gain = self.gain.expand(self.agreement.shape[1:])
        total = ((gain.square() - 1).square() * 0.02).sum()
        for agreement, (d, step) in zip(self.agreement, self.pairs, strict=True):
            size = gain.shape[d + 1] - step
            one, two = gain.narrow(d + 1, 0, size), gain.narrow(d + 1, step, size)
            agree = agreement.narrow(d + 1, 0, size)
            total = total + (agree.abs() * (one.square() + two.square()) / 2 - agree * one * two).sum()
        return self.weight * total
