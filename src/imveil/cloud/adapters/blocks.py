"""One learnt linear map for all blocks: a convolution with the stride of the block, and the pixels spread out again.

For schemes that treat all blocks alike (le/1, shf/1, np-block/1). With `nibbles` the halves of each byte come in apart,
as LE scrambles them: then the scheme is a permutation with signs, and its inverse is such a map. This is the linear
core of LE's adaptation network (M. Tanaka, arXiv 1804.00490, sec. III: block-wise convolutions, then sub-pixel
convolution); `hidden` adds its network in network. A map that succeeds is itself the attack.
"""

from __future__ import annotations

import torch
from torch import nn

from imveil.cloud.adapters._blocks import Units, check_tiles, identity, joined
from imveil.cloud.adapters.base import Adapter


def blocks(
    shape: tuple[int, int, int], *, block: int = 4, nibbles: bool = False, hidden: int = 0, rate: float = 1.0
) -> Adapter:
    """For uint8 pictures of `shape` = (h, w, c): float (n, c, h, w) 0..255 -> float (n, c, h, w), about the identity at
    first.

    Parameters
    ----------
    block
        Side of a block.
    nibbles
        Halves of bytes apart.
    hidden
        Channels of two further layers 1x1 beside the linear map, 0 for none.
    rate
        Of learning, times that of the net.
    """
    check_tiles(shape, block)
    return _Blocks(shape[2], block, nibbles, hidden, rate)


class _Blocks(Adapter):
    picture = True

    def __init__(self, channels: int, block: int, nibbles: bool, hidden: int, rate: float) -> None:
        super().__init__()
        self.block, self.rate = block, rate
        self.units = Units(nibbles)
        weight = identity(channels, block, nibbles)
        self.linear = nn.Conv2d(weight.shape[1], len(weight), block, block)
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            nn.init.zeros_(self.linear.bias)  # type: ignore[arg-type]
        self.more = nn.Sequential()
        if hidden:
            last = nn.Conv2d(hidden, len(weight), 1)
            nn.init.zeros_(last.weight)
            self.more = nn.Sequential(
                nn.Conv2d(weight.shape[1], hidden, block, block), nn.BatchNorm2d(hidden), nn.GELU(),
                nn.Conv2d(hidden, hidden, 1), nn.BatchNorm2d(hidden), nn.GELU(), last,
            )  # fmt: skip

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        seen = self.units(values)
        found = self.linear(seen)
        if len(self.more):
            found = found + self.more(seen)
        return joined(found, self.block)
