"""Decoder: a small net that learns, from examples, to draw pictures from whatever an adapter makes of cipher images.

Four convolutions; the loss is SSIM (flat windows) of the better of picture and negative, as it is scored. Deterministic
on one machine, given the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.extras import nn, torch
from imveil.metrics.base import U8

F32 = npt.NDArray[np.float32]
WIDTH, STEPS, BATCH, RATE = 24, 300, 32, 3e-3
SIDE = 7  # of the windows
C1, C2 = 0.01**2 * 4, 0.03**2 * 4  # for values in -1..1


def learnt(seen: F32, truth: U8, seed: int, steps: int | None = None) -> Callable[[F32], U8]:
    """The map from outputs to pictures, trained on some of both.

    Parameters
    ----------
    seen
        (n, h', w', c') what the adapter makes; of any size and number of channels.
    truth
        (n, h, w, c) the pictures.
    """
    size, steps = truth.shape[1:3], steps or STEPS
    mean, spread = seen.mean(axis=(0, 1, 2)), seen.std(axis=(0, 1, 2)) + 1e-6

    def given(values: F32) -> torch.Tensor:
        scaled = torch.from_numpy(np.moveaxis((values - mean) / spread, -1, 1).astype(np.float32))
        return scaled if scaled.shape[2:] == size else nn.functional.interpolate(scaled, size, mode="bilinear")

    rng, wanted = np.random.default_rng(seed), torch.from_numpy(np.moveaxis(truth / np.float32(127.5) - 1, -1, 1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = _net(seen.shape[3], truth.shape[3])
    adam = torch.optim.Adam(net.parameters(), lr=RATE)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(steps):
        rows = rng.choice(len(seen), min(BATCH, len(seen)), replace=False)
        adam.zero_grad()
        (1 - _alike(wanted[rows], net(given(seen[rows])))).mean().backward()  # type: ignore[no-untyped-call]
        adam.step()
        slower.step()

    def draw(values: F32) -> U8:
        with torch.no_grad():
            drawn = [net(given(values[at : at + BATCH])).numpy() for at in range(0, len(values), BATCH)]
        return np.asarray(np.rint((np.moveaxis(np.concatenate(drawn), 1, -1) + 1) * 127.5).clip(0, 255), np.uint8)

    return draw


def _net(come: int, go: int) -> Any:
    wide = (come, WIDTH, WIDTH, WIDTH)
    layers = [part for a, b in pairwise(wide) for part in (nn.Conv2d(a, b, 5, padding=2), nn.ReLU())]
    return nn.Sequential(*layers, nn.Conv2d(WIDTH, go, 1), nn.Tanh())


def _alike(truth: torch.Tensor, guess: torch.Tensor) -> torch.Tensor:
    """(n,) SSIM of the better of guess and negative, (n, c, h, w) in -1..1."""

    def mean(images: torch.Tensor) -> torch.Tensor:
        return nn.functional.avg_pool2d(images, min(SIDE, *images.shape[2:]), 1)

    x, y = mean(truth), mean(guess)
    vx, vy, both = mean(truth**2) - x * x, mean(guess**2) - y * y, mean(truth * guess) - x * y
    below = (x * x + y * y + C1) * (vx + vy + C2)
    ways = [(2 * sign * x * y + C1) * (2 * sign * both + C2) / below for sign in (1, -1)]
    return torch.maximum(*(way.mean(dim=(1, 2, 3)) for way in ways))
