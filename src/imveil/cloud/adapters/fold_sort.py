"""Fold the values at their middle, |v - 127.5|, and sort them over the channels of each pixel.

For schemes that turn values into their negatives and shuffle the colours, with a key for every picture: neither
changes what the net sees.
"""

from __future__ import annotations

import torch

from imveil.cloud.adapter import Adapter

SEEN = 4096  # pictures whose covariance is taken


def build(shape: tuple[int, int, int], *, whiten: bool = False) -> Adapter:
    """For pictures of any `shape`: float (n, c, h, w) 0..255 -> float (n, c, h, w), each pixel in rising order.

    whiten: give the sorted values as a combination of them that is uncorrelated over the pictures of the training set
    (by the symmetric root of the inverse of their covariance). Sorted values are nearly one value three times; a net
    sees their differences from the first step then.

    >>> build((1, 1, 3))(torch.tensor([0.0, 200.0, 100.0]).reshape(1, 3, 1, 1)).flatten()
    tensor([ 27.5000,  72.5000, 127.5000])
    """
    return _FoldSort(shape[2], whiten=whiten)


class _FoldSort(Adapter):
    picture = True
    movable = True

    mix: torch.Tensor | None

    def __init__(self, channels: int, *, whiten: bool) -> None:
        super().__init__()
        self.register_buffer("mix", torch.eye(channels) if whiten else None)

    def start(self, images: torch.Tensor) -> None:
        """Take the covariance of the sorted values, where they are to be whitened."""
        if self.mix is None:
            return
        values = _folded(images[:SEEN].permute(0, 3, 1, 2).float()).movedim(1, 0).flatten(1).double().cpu()
        size, axes = torch.linalg.eigh(torch.cov(values).reshape(len(values), len(values)))
        root = axes @ torch.diag(size.clamp(min=1.0).rsqrt()) @ axes.T
        self.mix.copy_(root)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        seen = _folded(values)
        if self.mix is None:
            return seen
        with torch.autocast(seen.device.type, enabled=False):  # small differences of large numbers
            return torch.einsum("dc,nchw->ndhw", self.mix, seen)


def _folded(values: torch.Tensor) -> torch.Tensor:
    return (values - 127.5).abs().sort(dim=1).values
