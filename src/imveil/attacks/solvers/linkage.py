"""An encoder of cipher images, learnt from one's own pairs: random filters, means, a linear map in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.base import Images, View

FILTERS = 16  # of one pixel, and as many of three by three
GRID = 8
AXES = 96  # principal ones of how pictures look
HELD = 5  # every so many-th public picture is held out, to see how sure each axis is
RIDGES = (1e-3, 1e-2, 1e-1, 1.0)
LEAST = 40  # public pictures, with fewer nothing is learnt


def linked(view: View, rng: np.random.Generator, steps: int) -> tuple[Any, float]:
    """Which candidate each target is taken for, (n,), and the share of variance that is told; at random where cipher
    images are of another shape, or where there is nothing to learn from."""
    gallery, public, simulate = view.gallery, view.public, view.simulate
    assert gallery is not None
    chance = rng.integers(0, len(gallery), len(view.targets))
    if simulate is None or public is None or len(public) < LEAST or view.targets.shape[1:] != view.shape or steps < 1:
        return chance, 0.0
    filters = _filters(view.shape[2], rng)
    scale = _scale(view.targets)
    looks = _features(public, filters, (127.5, 127.5))
    centre = looks.mean(axis=0)
    axes = np.linalg.svd(looks - centre, full_matrices=False)[2][: min(AXES, len(public) // 4)].T
    wanted = (looks - centre) @ axes
    held = np.arange(len(public)) % HELD == 0
    ciphers = [_features(simulate(public), filters, scale) for _ in range(steps)]
    seen, told = np.concatenate([one[~held] for one in ciphers]), np.tile(wanted[~held], (steps, 1))
    unseen, truth = np.concatenate([one[held] for one in ciphers]), np.tile(wanted[held], (steps, 1))
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    seen, unseen = (seen - mean) / spread, (unseen - mean) / spread
    square, cross = seen.T @ seen / len(seen), seen.T @ told / len(seen)
    maps = [np.linalg.solve(square + ridge * np.eye(len(square)), cross) for ridge in RIDGES]
    errors = [((unseen @ one - truth) ** 2).mean(axis=0) for one in maps]
    # Axes count alike, however much of a picture they are.
    best = min(range(len(maps)), key=lambda i: float(np.log(errors[i] + 1e-9).sum()))
    sure = 1 / (errors[best] + 1e-9)
    guess = ((_features(view.targets, filters, scale) - mean) / spread) @ maps[best]
    candidates = (_features(gallery, filters, (127.5, 127.5)) - centre) @ axes
    apart = ((candidates**2) @ sure)[None] - 2 * (guess * sure) @ candidates.T
    explained = 1 - float((errors[best] / truth.var(axis=0).clip(1e-9)).mean())
    return apart.argmin(axis=1), max(0.0, explained)


def _scale(images: Images) -> tuple[float, float]:
    if images.dtype == np.uint8:
        return 127.5, 127.5
    return float(images.mean(dtype=np.float64)), max(float(images.std(dtype=np.float64)), 1e-6)


def _filters(channels: int, rng: np.random.Generator) -> list[tuple[Any, Any]]:
    """Of one pixel and of three by three: weights (inputs, FILTERS) and thresholds (FILTERS,)."""
    sizes = (channels, 9 * channels)
    return [(rng.normal(0, size**-0.5, (size, FILTERS)), rng.uniform(-0.3, 0.3, FILTERS)) for size in sizes]


def _features(images: Images, filters: list[tuple[Any, Any]], scale: tuple[float, float]) -> Any:
    """(n, features): what passes each filter, on the mean over each cell of a grid, and its mean and root mean square
    over all."""
    found = []
    for part in np.array_split(images, max(1, images.size // (1 << 20))):
        x = (part.astype(np.float32) - np.float32(scale[0])) / np.float32(scale[1])
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "edge"), (3, 3), (1, 2)
        )
        rows = []
        for (weights, thresholds), seen in zip(filters, (x, windows.reshape(*x.shape[:3], -1))):
            passed = np.maximum(seen @ weights.astype(np.float32) - thresholds.astype(np.float32), 0)
            cells = [
                cell.mean(axis=(1, 2))
                for band in np.array_split(passed, min(GRID, x.shape[1]), axis=1)
                for cell in np.array_split(band, min(GRID, x.shape[2]), axis=2)
            ]
            rows += [*cells, passed.mean(axis=(1, 2)), np.sqrt((passed**2).mean(axis=(1, 2)))]
        found.append(np.concatenate(rows, axis=1))
    return np.concatenate(found)
