"""Rotation: one orthogonal matrix for all patches of an image, uint8 to float32 and back to every byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDtype
from imveil.plans.blocks import grid
from imveil.plans.transforms.base import Shape, Transform

_AT_ONCE = 1 << 22  # samples: more are worked off in parts, binary64 takes eight times the memory


@dataclass(frozen=True, eq=False, repr=False)
class Rotation(Transform):
    """y = matrix @ x for every patch x of block x block pixels, flattened channel, row, column; `undo` is its inverse.

    matrix: (d, d) orthogonal, multiples of 2^-30: the products are then exact, and y is rounded once, to float32.
    """

    shape: Shape
    block: int
    matrix: npt.NDArray[np.float64]
    undo: bool = False

    def __post_init__(self) -> None:
        grid(self.shape, self.block)

    @property
    def takes(self) -> str:  # type: ignore[override]
        """uint8, or float32 to undo."""
        return "float32" if self.undo else "uint8"

    @property
    def gives(self) -> str:  # type: ignore[override]
        """float32, or uint8 to undo."""
        return "uint8" if self.undo else "float32"

    def __invert__(self) -> Rotation:
        return Rotation(self.shape, self.block, self.matrix, not self.undo)

    def apply(self, images: Any) -> Any:
        """The product for a batch, some images at a time."""
        out = np.empty(images.shape, self.gives)
        b, c = self.block, self.shape[2]
        # Rows of a patch lie together in memory as row, column, channel: it is cheaper to reorder the matrix.
        where = np.arange(len(self.matrix)).reshape(c, b, b).transpose(1, 2, 0).ravel()
        matrix = self.matrix[np.ix_(where, where)]
        step = max(1, _AT_ONCE // int(np.prod(self.shape)))
        for at in range(0, len(images), step):
            part = slice(at, at + step)
            self._product(images[part], matrix if self.undo else matrix.T, out[part])
        return out

    def _product(self, images: Any, matrix: Any, out: Any) -> None:
        rows = _rows(images, self.block).astype(np.float64, order="C")
        flat = rows.reshape(-1, len(matrix)) @ matrix
        if self.undo:
            if not np.isfinite(flat).all():
                raise BadDtype("cipher images hold numbers that are not finite")
            flat = np.rint(flat).clip(0, 255)
        _rows(out, self.block)[...] = flat.reshape(rows.shape)


def _rows(images: Any, b: int) -> Any:
    """A view of a contiguous batch: (n, down, across, row of a patch, its samples)."""
    n, h, w, c = images.shape
    return images.reshape(n, h // b, b, w // b, b * c).transpose(0, 1, 3, 2, 4)
