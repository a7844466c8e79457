"""Pictures that are as smooth as photographs, made anew by anyone: clouds of low frequencies with a few flat shapes."""

from __future__ import annotations

from typing import Any

import numpy as np


def smooth_pictures(n: int, side: int = 32, channels: int = 3, seed: int = 0) -> Any:
    """(n, side, side, channels) uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    pictures = np.empty((n, side, side, channels), np.uint8)
    for picture in pictures:
        cloud = np.zeros((side, side))
        for _ in range(6):
            fy, fx, at = *rng.normal(0, 1.5, 2).tolist(), rng.uniform(0, 6.3)
            cloud += rng.normal(0, 18) * np.cos(2 * np.pi * (fy * y + fx * x) + at)
        for _ in range(2):
            cy, cx, r = *rng.uniform(0, 1, 2).tolist(), rng.uniform(0.1, 0.3)
            cloud[(y - cy) ** 2 + (x - cx) ** 2 < r**2] += rng.normal(0, 40)
        tint = rng.normal(0, 25, channels)
        level = rng.uniform(70, 150)
        picture[:] = (level + cloud[..., None] + tint + rng.normal(0, 2, (side, side, channels))).clip(0, 255)
    return pictures
