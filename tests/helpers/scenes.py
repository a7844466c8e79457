"""Pictures that look enough like photographs for attacks to be tested on: smooth, coloured, with edges. No data."""

from __future__ import annotations

from typing import Any

import numpy as np


def scenes(n: int, shape: tuple[int, int, int] = (32, 32, 3), seed: int = 0) -> Any:
    """(n, *shape) uint8: random fields whose spectrum falls as 1/f, related colours, and a box with sharp edges."""
    rng = np.random.default_rng([seed, *shape])
    h, w, c = shape
    down, across = np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)
    falls = 1 / np.maximum(np.hypot(down, across), 1 / max(h, w)) ** 1.5
    images = np.empty((n, *shape))
    for image in images:
        fields = np.fft.ifft2(np.fft.fft2(rng.normal(size=(c + 1, h, w))) * falls).real
        fields /= fields.std(axis=(1, 2), keepdims=True)
        image[:] = np.moveaxis(fields[:1] + 0.4 * fields[1:], 0, -1) * rng.uniform(25, 60) + rng.uniform(80, 150)
        top, left = rng.integers(0, h - h // 3), rng.integers(0, w - w // 3)
        image[top : top + h // 3, left : left + w // 3] += rng.normal(0, 60, c)
    return images.clip(0, 255).round().astype(np.uint8)
