"""Luma: which blocks of a grey picture made of three planes are of Y, and which of Cb or Cr, by their statistics.

A picture's luma has most of the texture and spreads over all values; colour differences are smooth and lie near 128.
Neither a place nor a turn nor a negative changes that. Two normal distributions of how rough, how far from grey and how
uneven blocks are were fitted to photographs that come with scikit-image and scikit-learn; all sizes of blocks together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Means and covariances of `features`: of blocks of Y, of blocks of Cb and Cr.
LUMA = np.array([4.51, 3.66, 2.53]), np.array([[6.44, -0.85, 2.84], [-0.85, 0.80, -0.42], [2.84, -0.42, 1.47]])
COLOUR = np.array([2.04, 2.75, 1.30]), np.array([[2.95, 0.38, 1.47], [0.38, 0.83, 0.23], [1.47, 0.23, 0.90]])
SHARE = 1 / 3  # of the blocks are of Y: three planes of the same size


def features(cut: Any) -> Any:
    """How rough, how far from grey, how uneven each block is, (n, 3), in logarithms. cut: (n, side, side, 1) uint8."""
    x = cut[..., 0].astype(np.float32) - np.float32(127.5)
    rough = (np.diff(x, axis=1) ** 2).mean(axis=(1, 2)) + (np.diff(x, axis=2) ** 2).mean(axis=(1, 2))
    far, uneven = np.abs(x.mean(axis=(1, 2))), x.std(axis=(1, 2))
    return np.log(np.stack([rough + 0.5, far + 2, uneven + 0.5], axis=1).astype(np.float64))


def luma_odds(cut: Any) -> Any:
    """Log odds that a block is of Y, (n,). cut: (n, side, side, 1) uint8, side 2 or more."""
    seen, scores = features(cut), []
    for mean, spread in (LUMA, COLOUR):
        apart = ((seen - mean) @ np.linalg.inv(spread) * (seen - mean)).sum(axis=1)
        scores.append(-(apart + np.linalg.slogdet(spread)[1]) / 2)
    return scores[0] - scores[1] + np.log(SHARE / (1 - SHARE))
