"""ConvMixer: A. Trockman, J. Z. Kolter, "Patches Are All You Need?", arXiv 2201.09792.

Patches of p x p pixels become vectors by one linear map (a convolution with stride p); then d times a depthwise
convolution k x k beside a shortcut, and a convolution 1x1, each with GELU and batch norm; mean, linear.
ConvMixer-768/32 with p = k = 7 has 21.1 million parameters (table 1).

Its first layer reads whole patches, so it absorbs whatever a scheme does linearly inside patches (orthogonal/1,
patch/1 without its shuffle of patches): see `imveil adapt`.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from imveil.cloud.models._transformer import check_patch, patch_of, tiled


def convmixer(
    classes: int,
    shape: tuple[int, int, int],
    *,
    width: int | None = None,
    depth: int = 8,
    kernel: int = 5,
    patch: int = 0,
) -> nn.Module:
    """The net for pictures of `shape` = (h, w, c): float (n, c, h, w) -> logits (n, classes).

    Parameters
    ----------
    width
        Of the vectors, 256 unless given.
    patch
        Side of a patch; 2 for pictures of up to 64 pixels and 7 for larger ones where it is 0.

    >>> sum(p.numel() for p in convmixer(1000, (224, 224, 3), width=768, depth=32, kernel=7).parameters())
    21110248
    """
    patch = check_patch(patch or patch_of(shape, small=2, large=7))
    return _Net(classes, shape[2], width or 256, depth, kernel, patch)


class _Net(nn.Module):
    def __init__(self, classes: int, channels: int, width: int, depth: int, kernel: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.embed = nn.Conv2d(channels, width, patch, patch)
        self.start = nn.Sequential(nn.GELU(), nn.BatchNorm2d(width))
        self.blocks = nn.Sequential(
            OrderedDict((f"block{i + 1}", nn.Sequential(_Mix(width, kernel), _point(width))) for i in range(depth))
        )
        self.head = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.blocks(self.start(self.embed(tiled(x, self.patch))))
        logits: torch.Tensor = self.head(x.mean((2, 3)))
        return logits


def _point(width: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(width, width, 1), nn.GELU(), nn.BatchNorm2d(width))


class _Mix(nn.Module):
    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, kernel, groups=width, padding="same"), nn.GELU(), nn.BatchNorm2d(width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mixed: torch.Tensor = self.body(x)
        return mixed + x
