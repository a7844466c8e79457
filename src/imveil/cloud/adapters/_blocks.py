"""Blocks for adapters: bytes or nibbles as centred numbers, pixels gathered into blocks and spread out again."""

from __future__ import annotations

from imveil.errors import BadShape
from imveil.extras import nn, torch

SCALE = 64.0  # a usual deviation of samples: the rates of a net are made for numbers of about one


class Units(nn.Module):
    """Values 0..255 (n, c, h, w) -> (n, c, h, w) about 0; with nibbles (n, 2c, h, w), the low halves first.

    >>> Units(True)(torch.full((1, 1, 1, 1), 16.0)).flatten()
    tensor([-1.5000, -1.3000])
    """

    def __init__(self, nibbles: bool) -> None:
        super().__init__()
        self.nibbles = nibbles

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        if not self.nibbles:
            return (values - 127.5) / SCALE
        high = torch.floor(values / 16)
        return (torch.cat([values - 16 * high, high], 1) - 7.5) / 5


def identity(channels: int, block: int, nibbles: bool) -> torch.Tensor:
    """Weights (c b b, units, b, b) of a convolution of stride b that leaves a picture as it is, once it is `joined`."""
    n, units = channels * block * block, channels * (2 if nibbles else 1)
    weight = torch.zeros(n, units, block, block)
    for out in range(n):
        c, y, x = out // block**2, out // block % block, out % block
        if nibbles:
            weight[out, c, y, x], weight[out, channels + c, y, x] = 5 / SCALE, 80 / SCALE
        else:
            weight[out, c, y, x] = 1.0
    return weight


def joined(found: torch.Tensor, block: int) -> torch.Tensor:
    """(n, c b b, h / b, w / b) in numbers about 0 -> (n, c, h, w) about 0..255, channels last in memory."""
    spread = nn.functional.pixel_shuffle(found.float(), block)
    return (spread * SCALE + 127.5).contiguous(memory_format=torch.channels_last)


def check_tiles(shape: tuple[int, int, int], block: int) -> None:
    """BadShape unless blocks tile the picture."""
    if block < 1 or shape[0] % block or shape[1] % block:
        raise BadShape(f"blocks of {block}x{block} do not tile {shape[0]}x{shape[1]}", hint="name a block that does")
