"""A learnt linear map for every block of its own, and a learnt soft order of the blocks.

For schemes that treat every block in its own way (ele/1, etc/1, cpe-iib/1): after K. Madono et al., arXiv 2001.07761,
fig. 3 ("AdaptNet": sub-networks of each block, then a permutation that is learnt). Each block's map is linear over
bytes or nibbles, the identity at first; the order is a matrix with rows that sum to one (softmax), near the identity at
first. A map that succeeds is itself the attack.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from imveil.cloud.adapters._blocks import Units, check_tiles, identity, joined
from imveil.cloud.adapters.base import Adapter


def blocks_own(
    shape: tuple[int, int, int], *, block: int = 4, nibbles: bool = False, order: bool = True, rate: float = 4.0
) -> Adapter:
    """For uint8 pictures of `shape` = (h, w, c): float (n, c, h, w) 0..255 -> float (n, c, h, w), about the identity at
    first.

    Parameters
    ----------
    block
        Side of a block.
    nibbles
        Halves of bytes apart.
    order
        Learn the order of blocks, too.
    rate
        Of learning, times that of the net: each block's map is taught by one block a picture.
    """
    check_tiles(shape, block)
    return _Own(shape, block, nibbles, order, rate)


class _Own(Adapter):
    picture = True

    def __init__(self, shape: tuple[int, int, int], block: int, nibbles: bool, order: bool, rate: float) -> None:
        super().__init__()
        self.block, self.rate, self.units = block, rate, Units(nibbles)
        count = shape[0] // block * (shape[1] // block)
        weight = identity(shape[2], block, nibbles)
        self.weight = nn.Parameter(weight.reshape(1, len(weight), -1).repeat(count, 1, 1))
        # A weight of 4 leaves a block half of itself among 64: enough to see, soft enough to move.
        self.order = nn.Parameter(4 * torch.eye(count)) if order else None

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        n, _, h, w = values.shape
        b = self.block
        units = functional.unfold(self.units(values), b, stride=b)  # (n, units, blocks)
        found = torch.einsum("kou,nuk->nok", self.weight, units)
        if self.order is not None:
            found = torch.einsum("jk,nok->noj", self.order.softmax(1), found)
        return joined(found.reshape(n, -1, h // b, w // b), b)
