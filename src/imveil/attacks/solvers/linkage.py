"""An encoder of cipher images, learnt from one's own pairs: what of a cipher image and of its picture goes together.

Cipher images and pictures pass the same layer of filters, some drawn at random, some a scale of levels of each channel.
Means over each cell of a grid, and over the whole image, are their features. From pairs under keys of one's own,
canonical correlations say which combinations of features of a cipher image follow from which of the picture, and how
closely (Hotelling, Biometrika 28, 1936); every candidate is then as likely as the features of the target under it.
Cells share what they learn, since all places of a picture are treated alike by most schemes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from imveil.attacks.base import Images, View

FILTERS = 16  # drawn at random: of one pixel, and as many of three by three
LEVELS = 5  # of each channel, upwards and downwards
GRID = 8
HELD = 5  # every so many-th public picture is held out, to see how close each combination is
FLAT = 1e-6  # directions of less variance than this share of the largest are left out
CLOSEST = 1e-4  # error of a combination, at least, as a share of its variance
LEAST = 40  # public pictures, with fewer nothing is learnt


def linked(view: View, rng: np.random.Generator, steps: int) -> tuple[Any, float]:
    """Which candidate each target is taken for, (n,), and the correlation of the combination that is told best, 0 to 1;
    at random where cipher images are of another shape, or where there is nothing to learn from."""
    gallery, public, simulate = view.gallery, view.public, view.simulate
    assert gallery is not None
    chance = rng.integers(0, len(gallery), len(view.targets))
    if simulate is None or public is None or len(public) < LEAST or view.targets.shape[1:] != view.shape or steps < 1:
        return chance, 0.0
    filters, plain, scale = _filters(view.shape[2], rng), (127.5, 127.5), _scale(view.targets)
    looks, ciphers = _features(public, filters, plain), [_features(simulate(public), filters, scale)]
    ciphers += [_features(simulate(public), filters, scale) for _ in range(steps - 1)]
    targets, candidates = _features(view.targets, filters, scale), _features(gallery, filters, plain)
    unlikely, told = np.zeros((len(view.targets), len(gallery))), 0.0
    for seen, known, asked, offered in zip(zip(*ciphers), looks, targets, candidates):
        link = _link(np.stack(seen), known)
        told = max(told, float(link.correlation.max(initial=0)))
        unlikely += link.unlikely(asked, offered)
    return unlikely.argmin(axis=1), told


@dataclass(frozen=True)
class _Link:
    """Features (.., f) of cipher images less `mean`, times `map`, are those of pictures, likewise, times `correlation`,
    with a mean square `error`."""

    cipher: tuple[Any, Any]
    plain: tuple[Any, Any]
    correlation: Any
    error: Any

    def unlikely(self, ciphers: Any, pictures: Any) -> Any:
        """(targets, candidates) of features (n, cells, f)."""
        seen, told = self.both(ciphers, pictures)
        weight = 1 / np.sqrt(self.error)
        seen, told = ((one * weight).reshape(len(one), -1) for one in (seen, told))
        return (told**2).sum(axis=1)[None] - 2 * seen @ told.T

    def both(self, ciphers: Any, pictures: Any) -> tuple[Any, Any]:
        """Combinations of both, of the same scale."""
        (mean, mapped), (usual, looks) = self.cipher, self.plain
        return (ciphers - mean) @ mapped, (pictures - usual) @ looks * self.correlation


def _link(ciphers: Any, pictures: Any) -> _Link:
    """From pairs: ciphers (passes, n, cells, f), pictures (n, cells, f)."""
    held = np.arange(len(pictures)) % HELD == 0
    seen, known = ciphers[:, ~held], np.broadcast_to(pictures[~held], ciphers[:, ~held].shape)
    f = ciphers.shape[-1]
    a, b = (np.asarray(one, np.float64).reshape(-1, f) for one in (seen, known))
    first, second = _white(a), _white(b)
    cross = ((a - first[0]) @ first[1]).T @ ((b - second[0]) @ second[1]) / len(a)
    left, correlation, right = np.linalg.svd(cross, full_matrices=False)
    link = _Link((first[0], first[1] @ left), (second[0], second[1] @ right.T), correlation, np.ones(len(correlation)))
    errors = [np.square(np.subtract(*link.both(one[held], pictures[held]))).mean(axis=(0, 1)) for one in ciphers]
    return _Link(link.cipher, link.plain, correlation, np.maximum(np.mean(errors, axis=0), CLOSEST))


def _white(rows: Any) -> tuple[Any, Any]:
    """The mean, and a map to uncorrelated combinations of variance 1."""
    mean = rows.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov(rows, rowvar=False, bias=True))
    kept = values > FLAT * values[-1]
    return mean, axes[:, kept] / np.sqrt(values[kept])


def _scale(images: Images) -> tuple[float, float]:
    if images.dtype == np.uint8:
        return 127.5, 127.5
    return float(images.mean(dtype=np.float64)), max(float(images.std(dtype=np.float64)), 1e-6)


def _filters(channels: int, rng: np.random.Generator) -> list[tuple[Any, Any]]:
    """Of one pixel and of three by three: weights (inputs, filters) and thresholds (filters,)."""
    sizes = (channels, 9 * channels)
    drawn = [(rng.normal(0, size**-0.5, (size, FILTERS)), rng.uniform(-0.3, 0.3, FILTERS)) for size in sizes]
    steps = np.linspace(-1, 1, LEVELS, endpoint=False)
    levels = np.concatenate([np.eye(channels), -np.eye(channels)], axis=1).repeat(LEVELS, axis=1)
    (weights, thresholds), wide = drawn
    return [(np.concatenate([weights, levels], 1), np.concatenate([thresholds, np.tile(steps, 2 * channels)])), wide]


def _features(images: Images, filters: list[tuple[Any, Any]], scale: tuple[float, float]) -> tuple[Any, Any]:
    """What passes each filter: means over each cell of a grid (n, cells, f), and over the whole with root mean squares
    (n, 1, 2 f)."""
    found = []
    for part in np.array_split(images, max(1, images.size // (1 << 20))):
        x = (part.astype(np.float32) - np.float32(scale[0])) / np.float32(scale[1])
        around = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "edge")
        windows = np.lib.stride_tricks.sliding_window_view(around, (3, 3), (1, 2)).reshape(*x.shape[:3], -1)
        passed = np.concatenate(
            [
                np.maximum(seen @ weights.astype(np.float32) - thresholds.astype(np.float32), 0)
                for (weights, thresholds), seen in zip(filters, (x, windows))
            ],
            axis=3,
        )
        cells = [
            cell.mean(axis=(1, 2))
            for band in np.array_split(passed, min(GRID, x.shape[1]), axis=1)
            for cell in np.array_split(band, min(GRID, x.shape[2]), axis=2)
        ]
        whole = np.concatenate([passed.mean(axis=(1, 2)), np.sqrt((passed**2).mean(axis=(1, 2)))], axis=1)
        found.append((np.stack(cells, axis=1), whole[:, None]))
    return np.concatenate([cells for cells, _ in found]), np.concatenate([whole for _, whole in found])
