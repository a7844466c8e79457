"""Which samples of an image are neighbours: pairs for votes, tables for predictions, and how rough a picture is.

Samples are counted in memory order (row, column, channel). Sizes of one row, one column or one channel have fewer
neighbours, a single sample has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.plans.blocks import Shape, positions

I32 = npt.NDArray[np.int32]


def pairs(shape: Shape) -> tuple[I32, I32]:
    """Neighbours, (m, 2) positions, and the kind of each pair, (m,): along rows 0, columns 1, diagonals 2 and 3, and
    colour to colour within a pixel from 4 on, one kind for each two colours.

    >>> [a.tolist() for a in pairs((1, 2, 2))]
    [[[0, 2], [1, 3], [0, 1], [2, 3]], [0, 0, 4, 4]]
    """
    at, c = positions(shape), shape[2]
    found = [(at[:, :-1], at[:, 1:]), (at[:-1], at[1:]), (at[:-1, :-1], at[1:, 1:]), (at[:-1, 1:], at[1:, :-1])]
    found += [(at[..., a], at[..., b]) for a in range(c) for b in range(a + 1, c)]
    both = [np.stack([a.ravel(), b.ravel()], axis=1) for a, b in found]
    kinds = [np.full(len(some), kind, np.int32) for kind, some in enumerate(both)]
    return np.concatenate(both), np.concatenate(kinds)


def surroundings(shape: Shape, reach: int = 1, *, own: bool = True) -> I32:
    """(h * w * c, f): the samples around each sample. Column j means the same for every sample of one colour; at the
    border it turns the other way.

    Parameters
    ----------
    reach
        0 is the four nearest pixels in the same colour; 1 the eight around in all colours; 2 all pixels at most three
        steps away, two in a direction.
    own
        With the other colours of its own pixel.

    >>> surroundings((3, 3, 1))[4].tolist()
    [0, 1, 2, 3, 5, 6, 7, 8]
    >>> surroundings((3, 3, 2), 0)[8].tolist()
    [2, 6, 10, 14, 9]
    >>> surroundings((8, 8, 3), 2).shape
    (192, 62)
    >>> surroundings((1, 1, 1)).shape
    (1, 0)
    """
    h, w, c = shape
    at, most = positions(shape), max(1, reach)
    down, across = (range(-min(most, side // 2), min(most, side // 2) + 1) for side in (h, w))
    found = []
    for dy, dx in [(dy, dx) for dy in down for dx in across if 0 < abs(dy) + abs(dx) <= reach + 1]:
        there = at[_mirrored(h, dy)][:, _mirrored(w, dx)]
        found += [np.roll(there, -turn, axis=2).ravel() for turn in range(c if reach else 1)]
    if own:
        found += [np.roll(at, -turn, axis=2).ravel() for turn in range(1, c)]
    return np.stack(found, axis=1).astype(np.int32) if found else np.zeros((at.size, 0), np.int32)


def _mirrored(length: int, shift: int) -> npt.NDArray[np.int64]:
    """The other way where the border is in the way, so that nothing is its own neighbour; length >= 2 |shift|."""
    index = np.arange(length) + shift
    return np.where((index < 0) | (index >= length), index - 2 * shift, index)


def roughness(images: Any) -> npt.NDArray[np.float64]:
    """Mean absolute difference of neighbours in a row and in a column, one per image; 0 where there are none.

    images: (n, h, w, c) uint8 -> (n,), 0 to 255: about 85 for random bytes, below 20 for most pictures.

    >>> roughness(np.array([0, 10, 0, 10], np.uint8).reshape(1, 2, 2, 1))
    array([5.])
    """
    values = images.astype(np.int16)
    parts = [np.abs(np.diff(values, axis=axis)).reshape(len(images), -1) for axis in (1, 2)]
    both = np.concatenate(parts, axis=1)
    return np.asarray(both.mean(axis=1) if both.shape[1] else np.zeros(len(images)), np.float64)
