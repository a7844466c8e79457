"""The thin ResNets for CIFAR: K. He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, sec. 4.2.

Conv 3x3 to 16 channels, then three stages of n blocks with 16, 32 and 64 channels, the second and third of which begin
with stride 2; mean over what is left, linear. Depth 6n + 2: 20, 32, 44, 56, 110. Shortcuts without parameters (option
A): every second pixel, and zeros for the channels that are new. Parameters have the names that public weights use.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from imveil.errors import BadField


def resnet_cifar(classes: int, shape: tuple[int, int, int], *, width: int | None = None, depth: int = 20) -> nn.Module:
    """The net for pictures of `shape` = (h, w, c): float (n, c, h, w) -> logits (n, classes).

    Parameters
    ----------
    width
        Channels of the first stage, 16 unless given.
    depth
        6n + 2; BadField for another.

    >>> sum(p.numel() for p in resnet_cifar(10, (32, 32, 3)).parameters())
    269722
    """
    blocks, rest = divmod(depth - 2, 6)
    if rest or blocks < 1:
        raise BadField(f"a ResNet for CIFAR has a depth of 6n + 2 (8, 14, 20, ... 56, 110), not {depth}")
    return _Net(classes, shape[2], width or 16, blocks)


class _Net(nn.Module):
    def __init__(self, classes: int, channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = _stage(width, width, blocks, 1)
        self.layer2 = _stage(width, 2 * width, blocks, 2)
        self.layer3 = _stage(2 * width, 4 * width, blocks, 2)
        self.linear = nn.Linear(4 * width, classes)
        # He et al. 2015 (arXiv 1502.01852), as sec. 3.4 of the paper asks for.
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        logits: torch.Tensor = self.linear(x.mean((2, 3)))
        return logits


def _stage(come: int, go: int, blocks: int, stride: int) -> nn.Sequential:
    return nn.Sequential(_Block(come, go, stride), *(_Block(go, go, 1) for _ in range(blocks - 1)))


class _Block(nn.Module):
    """Two convolutions 3x3 and a shortcut around them (fig. 2 of the paper)."""

    def __init__(self, come: int, go: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(come, go, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(go)
        self.conv2 = nn.Conv2d(go, go, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(go)
        self.stride, self.new = stride, go - come

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        if self.new:
            few = x[:, :, :: self.stride, :: self.stride]
            x = functional.pad(few, (0, 0, 0, 0, self.new // 2, self.new - self.new // 2))
        return torch.relu(seen + x)
