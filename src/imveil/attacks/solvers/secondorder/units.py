"""Units: the samples of every block side by side, (n, down, across, block * block * c), and pictures again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


def to_units(images: Any, block: int) -> Any:
    """(n, h, w, c) -> (n, down, across, block * block * c); inside a block row, column, channel.

    >>> to_units(np.arange(8).reshape(1, 2, 4, 1), 2)[0, 0, 1].tolist()
    [2, 3, 6, 7]
    """
    n, h, w, c = images.shape
    parts = images.reshape(n, h // block, block, w // block, block, c)
    return parts.transpose(0, 1, 3, 2, 4, 5).reshape(n, h // block, w // block, block * block * c)


def from_units(units: Any, block: int) -> Any:
    """The inverse of `to_units`.

    >>> images = np.arange(24).reshape(1, 2, 4, 3)
    >>> bool((from_units(to_units(images, 2), 2) == images).all())
    True
    """
    n, down, across, size = units.shape
    c = size // block**2
    parts = units.reshape(n, down, across, block, block, c).transpose(0, 1, 3, 2, 4, 5)
    return np.ascontiguousarray(parts.reshape(n, down * block, across * block, c))


def halves(units: Any) -> Any:
    """uint8 (..., m) -> (..., 2 m): the low halves of all samples, then the high ones."""
    return np.concatenate([units & 15, units >> 4], axis=-1)


def standard(units: Any) -> F32:
    """(..., m) with mean 0 and deviation 1 of each unit over all else, as float32; 0 for a unit that never changes."""
    flat = units.reshape(-1, units.shape[-1]).astype(np.float32)
    flat -= flat.mean(axis=0)
    deviation = flat.std(axis=0)
    flat /= np.where(deviation > 1e-6, deviation, np.inf)
    return np.asarray(flat.reshape(units.shape))


def partners(correlation: Any, ridge: float = 0.05) -> F64:
    """Partial correlations: what two units have in common beyond what all others explain. 0 on the diagonal."""
    inverse = np.linalg.inv(correlation + ridge * np.eye(len(correlation)))
    size = np.sqrt(np.diag(inverse))
    found = -inverse / size / size[:, None]
    np.fill_diagonal(found, 0)
    return np.asarray(found)
