"""A learnt table of values: for each place in a block, or in the picture, what each value means.

For schemes that send values through a secret table or invert some of them, the same way for all pictures
(np-block/1, ffx/1 by places of a block; negpos/1 without colours by places of the picture). A table can undo them
exactly, so an adapter that succeeds is itself the attack.
"""

from __future__ import annotations

import torch
from torch import nn

from imveil.cloud.adapters.base import Adapter
from imveil.errors import BadShape


def lookup(shape: tuple[int, int, int], *, block: int = 0, levels: int = 256, rate: float = 1.0) -> Adapter:
    """For pictures of `shape` = (h, w, c): float (n, c, h, w), whole values 0..levels-1 -> float (n, c, h, w).

    Parameters
    ----------
    block
        Side of the blocks that share a table, 0 for a table of its own for every place.
    levels
        How many values there are.
    rate
        Of learning, times that of the net. At first the output is the value, over 0..255.
    """
    height, width, channels = shape
    if block and (height % block or width % block):
        raise BadShape(f"blocks of {block}x{block} do not tile {height}x{width}")
    return _Lookup(channels, block or height, block or width, levels, rate)


class _Lookup(Adapter):
    picture = True

    def __init__(self, channels: int, down: int, right: int, levels: int, rate: float) -> None:
        super().__init__()
        self.down, self.right, self.levels, self.rate = down, right, levels, rate
        # In units of a usual deviation, about which the rates of a net are made.
        row = (torch.arange(levels) / (levels - 1) - 0.5) * 255 / 64
        self.table = nn.Parameter(row.repeat(channels * down * right, 1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        _, c, h, w = values.shape
        place = torch.arange(c * self.down * self.right, device=values.device).reshape(c, self.down, self.right)
        place = place.repeat(1, h // self.down, w // self.right) * self.levels
        rows = values.long().clamp(0, self.levels - 1) + place
        found: torch.Tensor = self.table.reshape(-1, 1)[rows.reshape(-1)].reshape(values.shape)
        return found.contiguous(memory_format=torch.channels_last) * 64 + 127.5
