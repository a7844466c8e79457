"""Palette: the order of colours, and picture or negative, from what colours of pictures look like.

The correlations that `match` uses say which samples are of one colour, hardly which colour it is, and nothing at all
about the sign. What settles both: each colour's level, contrast, sharpness and skew, how any two go together, and which
colours are frequent.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.units import F64

LEVELS = 16  # steps of lightness and of both colour differences
FREQUENT = 5.0  # weight of how frequent colours are beside the other features
ORDERS = tuple(permutations(range(3)))
PAIRS = ((0, 1), (1, 2), (0, 2))


@dataclass(frozen=True)
class Palette:
    """usual, precision: mean of the features of a picture, and the inverse of their covariance.   seen: (LEVELS ** 3,)
    logarithm of the share of pixels with a lightness and two colour differences."""

    usual: F64
    precision: F64
    seen: F64

    @classmethod
    def of(cls, pictures: Any) -> Palette:
        """Measured on (n, h, w, 3) uint8."""
        found = features(pictures)
        spread = np.cov(found.T) if len(found) > 1 else np.eye(found.shape[1])
        ridge = 1e-3 * np.trace(spread) / len(spread) + 1e-9
        count = np.bincount(_levels(pictures).ravel(), minlength=LEVELS**3) + 1.0
        return cls(found.mean(axis=0), np.linalg.inv(spread + ridge * np.eye(len(spread))), np.log(count / count.sum()))

    def settled(self, pictures: Any, signs: tuple[bool, ...] = (False, True)) -> tuple[tuple[int, ...], bool]:
        """The order of channels to take, and whether to invert, so that `pictures` (n, h, w, 3) look most usual. signs:
        what may be answered to the second question."""
        scores = {
            (order, negative): self.likely(255 - pictures[..., order] if negative else pictures[..., order])
            for negative in signs
            for order in ORDERS
        }
        return max(scores, key=lambda one: scores[one])

    def negative(self, pictures: Any) -> bool:
        """Whether pictures of any number of colours look more usual inverted."""
        if pictures.shape[3] == 3:
            return self.likely(255 - pictures) > self.likely(pictures)
        grey = np.repeat(pictures[..., :1], 3, axis=3)
        return self._lightness(255 - grey) > self._lightness(grey)

    def likely(self, pictures: Any) -> float:
        """How usual the colours of pictures (n, h, w, 3) are."""
        off = features(pictures) - self.usual
        unlikely = np.minimum((off @ self.precision * off).sum(axis=1), 10 * len(self.usual))
        return float((FREQUENT * self.seen[_levels(pictures)].mean(axis=(1, 2)) - unlikely).mean())

    def _lightness(self, pictures: Any) -> float:
        """Of grey pictures: the last two features alone, level and skew of lightness."""
        off = (features(pictures) - self.usual)[:, -2:]
        precision = np.linalg.inv(np.linalg.inv(self.precision)[-2:, -2:])
        return -float((off @ precision * off).sum(axis=1).mean())


def features(pictures: Any) -> F64:
    """(n, 24) numbers about the colours of each picture (n, h, w, 3)."""
    _, h, w, _ = pictures.shape
    values = np.pad(pictures, ((0, 0), (0, h < 2), (0, w < 2), (0, 0)), "edge").astype(np.float32)
    mean, deviation = values.mean(axis=(1, 2)), values.std(axis=(1, 2)) + 1
    level = mean.mean(axis=1, keepdims=True)
    apart = values - mean[:, None, None]
    normal = apart / deviation[:, None, None]
    right, down = np.diff(values, axis=2)[:, :-1], np.diff(values, axis=1)[:, :, :-1]
    sharp = np.sqrt((right**2 + down**2).mean(axis=(1, 2))) + 0.5
    alike = [(normal[..., a] * normal[..., b]).mean(axis=(1, 2)) for a, b in PAIRS]
    hue = [(apart[..., a] - apart[..., b]).std(axis=(1, 2)) for a, b in PAIRS]
    edge = [
        np.sqrt(((right[..., a] - right[..., b]) ** 2 + (down[..., a] - down[..., b]) ** 2).mean(axis=(1, 2)))
        for a, b in PAIRS
    ]
    light = values.mean(axis=3) - level[:, None]
    skew = (light**3).mean(axis=(1, 2)) / (light.std(axis=(1, 2)) + 1) ** 3
    parts = [
        mean - level,
        30 * np.log(deviation),
        30 * np.log(sharp),
        30 * np.arctanh(np.clip(np.stack(alike, 1), -0.99, 0.999)),
        30 * np.log(1 + np.stack(hue, 1)),
        30 * np.log(0.5 + np.stack(edge, 1)),
        10 * (normal**3).mean(axis=(1, 2)),
        level,
        10 * skew[:, None],
    ]
    return np.concatenate(parts, axis=1).astype(np.float64)


def _levels(pictures: Any) -> Any:
    red, green, blue = (pictures[..., c].astype(np.int32) for c in range(3))
    steps = (red + green + blue) // 3, (red - green + 256) // 2, (blue - green + 256) // 2
    light, warm, cold = (np.clip(step * LEVELS // 256, 0, LEVELS - 1) for step in steps)
    return (light * LEVELS + warm) * LEVELS + cold
