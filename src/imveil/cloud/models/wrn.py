"""Wide residual nets: S. Zagoruyko, N. Komodakis, "Wide Residual Networks", arXiv 1605.07146, table 1.

Conv 3x3 to 16 channels, three stages of n blocks with 16k, 32k and 64k channels, the second and third of which begin
with stride 2; batch norm and ReLU come before each convolution (block B(3, 3)), mean over what is left, linear. Depth
6n + 4. Shortcuts that change shape are 1x1 convolutions. WRN-28-10 has 36.5 million parameters.
"""

from __future__ import annotations

import torch
from torch import nn

from imveil.errors import BadField


def wrn(classes: int, shape: tuple[int, int, int], *, width: int | None = None, depth: int = 28) -> nn.Module:
    """The net for pictures of `shape` = (h, w, c): float (n, c, h, w) -> logits (n, classes).

    Parameters
    ----------
    width
        Channels of the first stage, 16k; 160 unless given.
    depth
        6n + 4; BadField for another.

    >>> sum(p.numel() for p in wrn(10, (32, 32, 3)).parameters())
    36479194
    """
    blocks, rest = divmod(depth - 4, 6)
    if rest or blocks < 1:
        raise BadField(f"a wide ResNet has a depth of 6n + 4 (10, 16, 22, 28, 40), not {depth}")
    wide = width or 160
    layers: list[nn.Module] = [nn.Conv2d(shape[2], 16, 3, padding=1, bias=False)]
    come = 16
    for stage in range(3):
        go = wide * 2**stage
        for block in range(blocks):
            layers.append(_Block(come, go, 2 if stage and not block else 1))
            come = go
    layers += [nn.BatchNorm2d(come), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(come, classes)]
    return nn.Sequential(*layers)


class _Block(nn.Module):
    """Norm, ReLU, conv, twice; where the shape changes, the shortcut begins after the first norm (fig. 1 d)."""

    def __init__(self, come: int, go: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.BatchNorm2d(come), nn.ReLU())
        self.body = nn.Sequential(
            nn.Conv2d(come, go, 3, stride, 1, bias=False),
            nn.BatchNorm2d(go),
            nn.ReLU(),
            nn.Conv2d(go, go, 3, 1, 1, bias=False),
        )
        self.stride = stride
        self.short = nn.Conv2d(come, go, 1, bias=False) if stride != 1 or come != go else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = self.first(x)
        if self.short is None:
            same: torch.Tensor = x + self.body(seen)
            return same
        # A 1x1 convolution with a stride reads every second pixel; taking those first gives the same numbers.
        few = seen if self.stride == 1 else seen[:, :, :: self.stride, :: self.stride]
        out: torch.Tensor = self.short(few) + self.body(seen)
        return out
