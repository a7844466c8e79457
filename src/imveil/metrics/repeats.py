"""Repeats: equal cipher images, and cipher images that were made with one and the same sequence."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np

from imveil.metrics.base import F64, U8, Metric, checked, flat


def equal_ciphers(images: U8) -> F64:
    """1 where another image of the batch is the same in every byte, else 0. (n, h, w, c) -> (n,).

    Under a deterministic scheme equal pictures give equal ciphers, and everyone sees which.

    >>> equal_ciphers(np.array([1, 2, 1], np.uint8).reshape(3, 1, 1, 1))
    array([1., 0., 1.])
    """
    rows = [image.tobytes() for image in checked(images)]
    count = dict.fromkeys(rows, 0)
    for row in rows:
        count[row] += 1
    return np.array([count[row] > 1 for row in rows], np.float64)


def reused_streams(images: U8, alpha: float = 0.05) -> F64:
    """1 where an image shares its sequence with another one of the batch, as far as statistics can tell, else 0.

    Whether the top bits of two neighbours agree is smooth in pictures, and XOR with a sequence turns it over at places
    that are the same for all images under that sequence. So these agreements are correlated between any two of them,
    and not between images with sequences of their own. Tested on all pairs, against the normal law of a correlation
    over h * w independent places, at `alpha` for the whole batch. (n, h, w, c) -> (n,).
    """
    n, h, w, _ = checked(images).shape
    if n < 2 or w < 2:
        return np.zeros(n)
    agree = 1.0 - 2 * flat((images[:, :, 1:] ^ images[:, :, :-1]) >> 7).astype(np.float32)
    agree -= agree.mean(axis=1, keepdims=True)
    agree /= np.maximum(np.linalg.norm(agree, axis=1, keepdims=True), 1e-6)
    likeness = agree @ agree.T if agree.size else np.zeros((n, n), np.float32)
    np.fill_diagonal(likeness, 0)
    # Colours of a pixel may share a byte of the sequence, so only pixels count as independent.
    limit = NormalDist().inv_cdf(1 - alpha / (n * (n - 1) / 2)) / sqrt(max(1, h * (w - 1)))
    return np.asarray(likeness.max(axis=1) > limit, np.float64)


METRICS = [
    Metric(
        name="equal-ciphers",
        takes="batch",
        measure=equal_ciphers,
        tells="Which cipher images occur more than once: then the pictures are the same, and anyone sees it.",
        not_shown="No repeats show nothing where no picture occurs twice.",
        source="comparison of bytes",
        expected=lambda _: 0.0,
        critical=lambda _: (0.0, 0.0),
    ),
    Metric(
        name="reused-streams",
        takes="batch",
        measure=reused_streams,
        tells="Which cipher images were made with the same sequence as another one: a many-time pad.",
        not_shown="It sees XOR with one sequence on smooth pictures; blocks or pixels that move between images hide it "
        "from this test, not from attacks.",
        source="correlation of neighbour agreement between cipher images, all pairs, Bonferroni",
        expected=lambda _: 0.0,
        critical=lambda _: (0.0, 0.0),
    ),
]
