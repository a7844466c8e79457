"""Pieces: pictures cut into the blocks that a scheme treats alike, and one affine map shared by all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from imveil.attacks.base import View
from imveil.plans.blocks import from_blocks, to_blocks

SIDES = (4, 8, 16, 2)


def sides(view: View) -> list[int]:
    """Sides of blocks worth trying: the scheme's own where it says so, else the usual ones; all tile the picture."""
    known = view.fields.get("block")
    tried = [int(known)] if known else SIDES
    h, w, _ = view.shape
    return [side for side in tried if h % side == 0 and w % side == 0]


def pieces(images: Any, side: int) -> Any:
    """(n, h, w, c) -> (n, blocks, side * side * c).

    >>> pieces(np.zeros((2, 8, 12, 3)), 4).shape
    (2, 6, 48)
    """
    return np.stack([to_blocks(image, side).reshape(-1, side * side * image.shape[2]) for image in images])


def whole(cut: Any, shape: tuple[int, int, int]) -> Any:
    """The inverse of `pieces`: (n, blocks, side * side * c) -> (n, h, w, c) for shape (h, w, c)."""
    return np.stack([from_blocks(one, shape) for one in cut])


@dataclass(frozen=True, eq=False)
class Affine:
    """y = matrix @ x + bias for every piece. matrix: (e, d), bias: (e,)."""

    matrix: Any
    bias: Any

    def undo(self, ciphers: Any) -> Any:
        """Pieces (..., e) -> the nearest (..., d), rounded to bytes."""
        back = (ciphers.astype(np.float64) - self.bias) @ np.linalg.pinv(self.matrix).T
        return back.round().clip(0, 255).astype(np.uint8)


def fitted_map(plain: Any, cipher: Any) -> Affine:
    """The affine map nearest to the known pieces, by least squares; the smallest one where they leave it open.

    Parameters
    ----------
    plain
        (m, d).
    cipher
        (m, e).
    """
    x, y = plain.astype(np.float64), cipher.astype(np.float64)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    centred = len(x) > x.shape[1] + 1
    if not centred:
        mean_x, mean_y = 0 * mean_x, 0 * mean_y
    matrix = np.linalg.lstsq(x - mean_x, y - mean_y, rcond=None)[0].T
    return Affine(matrix, mean_y - matrix @ mean_x)
