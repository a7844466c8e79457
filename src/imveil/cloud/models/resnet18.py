"""ResNet-18: K. He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, table 1.

Pictures of up to 64 pixels get the stem of its CIFAR variant (sec. 4.2 of the paper, as most CIFAR results have it):
conv 3x3 without stride and no max-pool, 11.17 million parameters for ten classes. Larger ones get the usual stem, conv
7x7 with stride 2 and max-pool 3x3 with stride 2. Shortcuts that change shape are 1x1 convolutions (option B).
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

LARGE = 64  # a shorter side above this takes the usual stem


def resnet18(classes: int, shape: tuple[int, int, int], *, width: int | None = None) -> nn.Module:
    """The net for pictures of `shape` = (h, w, c): float (n, c, h, w) -> logits (n, classes).

    Parameters
    ----------
    width
        Channels of the first stage, 64 unless given; the others have two, four and eight times as many.

    >>> sum(p.numel() for p in resnet18(10, (32, 32, 3)).parameters())
    11173962
    """
    wide = width or 64
    large = min(shape[:2]) > LARGE
    stem = nn.Conv2d(shape[2], wide, 7, 2, 3, bias=False) if large else nn.Conv2d(shape[2], wide, 3, 1, 1, bias=False)
    layers: list[tuple[str, nn.Module]] = [("stem", nn.Sequential(stem, nn.BatchNorm2d(wide), nn.ReLU()))]
    if large:
        layers.append(("pool", nn.MaxPool2d(3, 2, 1)))
    come = wide
    for stage in range(4):
        go, stride = wide * 2**stage, 1 if stage == 0 else 2
        layers.append((f"stage{stage + 1}", nn.Sequential(_Block(come, go, stride), _Block(go, go, 1))))
        come = go
    layers += [("mean", nn.AdaptiveAvgPool2d(1)), ("flat", nn.Flatten()), ("head", nn.Linear(come, classes))]
    return nn.Sequential(OrderedDict(layers))


class _Block(nn.Module):
    """Two convolutions 3x3 and a shortcut around them (fig. 2 of the paper)."""

    def __init__(self, come: int, go: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(come, go, 3, stride, 1, bias=False),
            nn.BatchNorm2d(go),
            nn.ReLU(),
            nn.Conv2d(go, go, 3, 1, 1, bias=False),
            nn.BatchNorm2d(go),
        )
        self.stride = stride
        self.short: nn.Module = nn.Identity()
        if stride != 1 or come != go:
            self.short = nn.Sequential(nn.Conv2d(come, go, 1, bias=False), nn.BatchNorm2d(go))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # A 1x1 convolution with a stride reads every second pixel. Taking those first gives the same numbers, and
        # keeps clear of oneDNN issue 6035: with fewer than 16 channels its backward writes past its memory.
        few = x if self.stride == 1 else x[:, :, :: self.stride, :: self.stride]
        return torch.relu(self.body(x) + self.short(few))
