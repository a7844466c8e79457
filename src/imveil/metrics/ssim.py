"""Structural similarity (SSIM): Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Processing 13(4), 2004.

As in the paper, sec. III: Gaussian window of 11x11 with sigma 1.5, plain (not sample) covariance, K1 = 0.01, K2 = 0.03,
range 255. Borders: only windows that lie wholly inside the picture count, as in the authors' code; scikit-image's
`structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)` does the same. Colour: the mean
over the channels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.errors import BadShape
from imveil.metrics.base import F64, U8, Metric, checked_pair

WINDOW = 11
_TAPS = np.exp(-0.5 * ((np.arange(WINDOW) - WINDOW // 2) / 1.5) ** 2)
_TAPS /= _TAPS.sum()
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
# Work is cut into pieces that the caches of a core hold: this many samples, or rows of windows of one picture.
_CHUNK, _ROWS = 1 << 17, 32


def ssim(truth: U8, guess: U8) -> F64:
    """Mean structural similarity in -1..1, one per image; 1 where equal.

    Parameters
    ----------
    truth, guess
        (n, h, w, c).

    Returns
    -------
    (n,)

    Raises
    ------
    BadShape
        For pictures with a side shorter than the window of 11.

    >>> images = np.arange(2 * 16 * 16 * 3, dtype=np.uint32).astype(np.uint8).reshape(2, 16, 16, 3)
    >>> ssim(images, images)
    array([1., 1.])
    """
    return _both(truth, guess)[0]


def ssim_or_negative(truth: U8, guess: U8) -> F64:
    """The better of `ssim(truth, guess)` and `ssim(truth, 255 - guess)`, one per image.

    A picture whose sign is wrong shows everything, and many attacks cannot know the sign.

    >>> images = np.arange(2 * 16 * 16 * 3, dtype=np.uint32).astype(np.uint8).reshape(2, 16, 16, 3)
    >>> ssim_or_negative(images, 255 - images)
    array([1., 1.])
    """
    return np.maximum(*_both(truth, guess))


def _both(truth: U8, guess: U8) -> tuple[F64, F64]:
    """The similarity of the guess, and of its negative, which needs no further filtering."""
    truth, guess = checked_pair(truth, guess)
    n, h, w, c = truth.shape
    if min(h, w) < WINDOW:
        raise BadShape(f"SSIM has windows of {WINDOW}x{WINDOW}, got pictures of {h}x{w}")
    batch = max(1, _CHUNK // (h * w * c))
    total = np.zeros((2, n))
    for start in range(0, n, batch):
        part = slice(start, start + batch)
        for top in range(0, h - WINDOW + 1, _ROWS):
            rows = slice(top, top + _ROWS + WINDOW - 1)
            total[:, part] += _sums(truth[part, rows], guess[part, rows])
    picture, negative = total / ((h - WINDOW + 1) * (w - WINDOW + 1) * c)
    return picture, negative


def _sums(truth: U8, guess: U8) -> F64:
    """The sums over all windows, (2, n): of the guess and of its negative."""
    x, y = truth.astype(np.float64), guess.astype(np.float64)
    mx, my, power, cross = _filtered(x), _filtered(y), _filtered(x * x + y * y), _filtered(x * y)
    # Only the sum of both variances is needed. The negative has mean 255 - my, the same variance, the other covariance.
    variance, covariance = power - mx * mx - my * my + _C2, 2 * (cross - mx * my)
    found = []
    for mean, signed in ((my, covariance), (255 - my, -covariance)):
        value = (2 * mx * mean + _C1) * (signed + _C2) / ((mx * mx + mean * mean + _C1) * variance)
        found.append(value.sum(axis=(1, 2, 3)))
    return np.array(found)


def _filtered(images: F64) -> F64:
    """(n, h, w, c) -> (n, h - 10, w - 10, c): the Gaussian window at every place where it fits."""
    n, h, w, c = images.shape
    rows = _along(images.reshape(n, h, w * c), 1, 1)
    return _along(rows.reshape(n, h - WINDOW + 1, w * c), 2, c).reshape(n, h - WINDOW + 1, w - WINDOW + 1, c)


def _along(array: F64, axis: int, stride: int) -> F64:
    length = array.shape[axis] - (WINDOW - 1) * stride
    shifted: list[Any] = [
        array[(slice(None),) * axis + (slice(k * stride, k * stride + length),)] for k in range(WINDOW)
    ]
    total: F64 = shifted[WINDOW // 2] * _TAPS[WINDOW // 2]
    for k in range(WINDOW // 2):  # the window is symmetric: two taps at a time
        pair = shifted[k] + shifted[WINDOW - 1 - k]
        pair *= _TAPS[k]
        total += pair
    return total


METRICS = [
    Metric(
        name="ssim",
        takes="pair",
        measure=ssim,
        tells="How much of the structure of the picture a guess shows: 1 is the picture itself, 0 nothing.",
        not_shown="A low value does not show that the picture is safe: the negative scores low, and SSIM is nearly "
        "blind to identity: a picture can be told from many others without being redrawn. See identity.",
        source="Wang, Bovik, Sheikh, Simoncelli, IEEE Transactions on Image Processing 13(4), 2004, sec. III",
    ),
    Metric(
        name="ssim-or-negative",
        takes="pair",
        measure=ssim_or_negative,
        tells="SSIM of the better of a guess and its negative: a picture with the wrong sign shows everything.",
        not_shown="As for ssim. It is never far below 0, so that a blind guess scores a little better than under ssim.",
        source="Wang et al. 2004, sec. III; the larger of ssim(x, y) and ssim(x, 255 - y)",
    ),
]
