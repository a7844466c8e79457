"""Correlation of neighbouring samples: near 1 in pictures, near 0 in noise."""

from __future__ import annotations

from math import sqrt

import numpy as np

from imveil.metrics.base import F64, U8, Metric, Range, Shape, around, checked

STEPS = {"horizontal": (0, 1), "vertical": (1, 0), "diagonal": (1, 1)}


def correlation(images: U8) -> F64:
    """Pearson's correlation of each sample with its right, lower and lower right neighbour of the same colour.

    All pairs of an image count, all channels together. (n, h, w, c) -> (n, 3): horizontal, vertical, diagonal; nan
    where there are no two different pairs.

    >>> correlation(np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)).round(3)
    array([[1., 1., 1.]])
    """
    checked(images)
    found = np.empty((len(images), len(STEPS)))
    for i, image in enumerate(images):
        for j, (down, across) in enumerate(STEPS.values()):
            h, w, _ = image.shape
            found[i, j] = _pearson(image[: h - down, : w - across], image[down:, across:])
    return found


def _pearson(a: U8, b: U8) -> float:
    # Sums of integers are exact, and so the same whatever the order in memory.
    x, y = a.ravel().astype(np.int64), b.ravel().astype(np.int64)
    n, sx, sy = len(x), int(x.sum()), int(y.sum())
    power = (n * int((x * x).sum()) - sx * sx) * (n * int((y * y).sum()) - sy * sy)
    return (n * int((x * y).sum()) - sx * sy) / sqrt(power) if power > 0 else float("nan")


def _critical(shape: Shape) -> Range:
    h, w, c = shape
    pairs = max(1, (h - 1) * (w - 1) * c)  # diagonal: the fewest
    return around(0, 1 / sqrt(pairs))


METRICS = [
    Metric(
        name="correlation",
        takes="images",
        measure=correlation,
        columns=tuple(STEPS),
        tells="Whether neighbours resemble each other, in three directions: 0.9 and more in pictures, 0 in noise.",
        not_shown="That neighbours look unrelated inside one cipher image says nothing about two under the same mask: "
        "there the differences of neighbours give the mask away.",
        source="Pearson's r over all adjacent pairs; 95 % range 1.96 / sqrt(pairs)",
        expected=lambda _: 0.0,
        critical=_critical,
    )
]
