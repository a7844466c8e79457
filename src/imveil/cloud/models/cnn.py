"""A small convolutional net that trains in minutes on two cores.

Conv 2x2 without padding and GELU; three blocks of conv 3x3, max-pool 2, batch norm, GELU, conv 3x3, batch norm, GELU
of widths w, 4w, 4w; max-pool over what is left (3x3 for a 32x32 picture); linear without bias. The layout follows
K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv 2404.00498, sec. 3, without its whitened first
layer, its alternating flip and its scaled head.

Larger pictures get a coarser first layer (kernel 2s, stride s, where s is the shorter side over 32), so that the
blocks always see about 31x31 places and the cost stays near that of a 32x32 picture. Smaller ones skip the pools for
which nothing is left.
"""

from __future__ import annotations

from torch import nn

from imveil.errors import BadShape


def cnn(classes: int, shape: tuple[int, int, int], *, width: int | None = None) -> nn.Module:
    """The net for pictures of `shape` = (h, w, c): float (n, c, h, w) -> logits (n, classes).

    Parameters
    ----------
    width
        32 unless given.

    >>> sum(p.numel() for p in cnn(10, (32, 32, 3)).parameters())
    498104
    """
    height, breadth, channels = shape
    if min(height, breadth) < 2:
        raise BadShape(f"the model cnn needs pictures of at least 2x2, got {height}x{breadth}")
    wide = width or 32
    stride = max(1, min(height, breadth) // 32)
    stem = 24 * min(stride, 4)
    layers: list[nn.Module] = [nn.Conv2d(channels, stem, 2 * stride, stride), nn.GELU()]
    left = [(side - 2 * stride) // stride + 1 for side in (height, breadth)]
    come = stem
    for go in (wide, 4 * wide, 4 * wide):
        pool = min(left) >= 2
        layers.append(_block(come, go, pool))
        left = [side // 2 for side in left] if pool else left
        come = go
    layers += [nn.MaxPool2d((left[0], left[1])), nn.Flatten(), nn.Linear(come, classes, bias=False)]
    return nn.Sequential(*layers)


def _block(come: int, go: int, pool: bool) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(come, go, 3, padding=1, bias=False),
        nn.MaxPool2d(2) if pool else nn.Identity(),
        nn.BatchNorm2d(go),
        nn.GELU(),
        nn.Conv2d(go, go, 3, padding=1, bias=False),
        nn.BatchNorm2d(go),
        nn.GELU(),
    )
