"""Windows: the median SSIM of `fold` under other definitions of SSIM, to tell which one a published median used.

    gauss 11    Wang et al. 2004, as everywhere else in this project: Gaussian of 11x11, sigma 1.5
    flat 7      the default of scikit-image: a flat window of 7x7, sample covariance; mean over the colours
    flat 7 of grey pictures    the same, of the grey pictures of both: (299 R + 587 G + 114 B) / 1000

Pictures and guesses are those of per-image negpos/1. No better of two signs is taken here: published medians do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import imveil
from imveil import attacks
from imveil.attacks.base import U8, View
from imveil.audit.game.challenger import challenger_of
from imveil.lab import samples
from imveil.lab.measurement import Measurement
from imveil.metrics.ssim import ssim
from imveil.record import Record

IMAGES = 1000
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
F64 = Any


def flat_ssim(truth: Any, guess: Any, side: int = 7) -> F64:
    """SSIM with a flat window of side x side and sample covariance, inside the borders. (n, h, w, c) -> (n,).

    >>> flat_ssim(np.ones((1, 9, 9, 1)), np.ones((1, 9, 9, 1)))
    array([1.])
    """
    x, y = (np.asarray(a, np.float64) for a in (truth, guess))
    n = side * side

    def mean(a: Any) -> Any:
        windows = np.lib.stride_tricks.sliding_window_view(a, (side, side), axis=(1, 2))
        return windows.mean(axis=(-2, -1))

    mx, my, sample = mean(x), mean(y), n / (n - 1)
    vx, vy = sample * (mean(x * x) - mx * mx), sample * (mean(y * y) - my * my)
    both = sample * (mean(x * y) - mx * my)
    value = (2 * mx * my + _C1) * (2 * both + _C2) / ((mx**2 + my**2 + _C1) * (vx + vy + _C2))
    return value.mean(axis=(1, 2, 3))


def _grey(images: U8) -> Any:
    return (images @ np.array([299, 587, 114]) / 1000)[..., None]


WINDOWS: dict[str, Callable[[U8, U8], F64]] = {
    "gauss 11": ssim,
    "flat 7": flat_ssim,
    "flat 7 of grey pictures": lambda truth, guess: flat_ssim(_grey(truth), _grey(guess)),
}


@dataclass(frozen=True)
class Windowed(Measurement):
    """The median of one of `WINDOWS`."""

    window: str
    attack: str = "fold"
    scheme: str = "negpos/1"
    data: str = "cifar10 test"
    kind: ClassVar[str] = "ssim-window"

    def facts(self) -> dict[str, Any]:
        """Window, attack, scheme with all of its fields, pictures."""
        return {**vars(self), "fields": imveil.find(self.scheme, per_image=True).config()}

    def measure(self, seed: int) -> Record:
        """The median over a thousand pictures, with the quartiles; the largest among the facts."""
        begin = time.perf_counter()
        truth = samples.drawn(self.data, IMAGES, seed)
        cipher = challenger_of(imveil.find(self.scheme, per_image=True), seed).encrypt(truth, "window")
        shape = (int(truth.shape[1]), int(truth.shape[2]), int(truth.shape[3]))
        guess = attacks.find(self.attack).run(View(cipher, shape), np.random.default_rng(seed), 0).images
        found = WINDOWS[self.window](truth, guess)
        low, value, high = np.quantile(found, [0.25, 0.5, 0.75])
        return self.measured(
            self.attack,
            seed,
            {"largest": round(float(found.max()), 6)},
            value=round(float(value), 6),
            unit="median SSIM",
            n=len(truth),
            low=round(float(low), 6),
            high=round(float(high), 6),
            seconds=round(time.perf_counter() - begin, 3),
        )

    def __str__(self) -> str:
        return f"{self.attack}: SSIM with window {self.window}"
