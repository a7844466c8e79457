"""Table: some samples of an image replaced by what a table says, the others kept; and back.

y[i] = values[x[i]] where where[i], else x[i]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput
from imveil.plans.transforms.base import Shape, Transform


@dataclass(frozen=True, eq=False, repr=False)
class Table(Transform):
    """uint8 to uint16; `undo` is its inverse.

    Attributes
    ----------
    where
        (h, w, c) bool, which samples go through the table.
    values
        (256,) uint16, all different and below `limit`. Undone, a sample that no picture gives (a wrong key, an altered
        image) becomes its lowest eight bits.

    >>> table = Table((1, 1, 2), np.array([[[True, False]]]), np.arange(256, dtype=np.uint16) + 500, 1000)
    >>> table(np.array([1, 2], np.uint8).reshape(1, 1, 1, 2)).ravel().tolist()
    [501, 2]
    """

    shape: Shape
    where: npt.NDArray[np.bool_]
    values: npt.NDArray[np.uint16]
    limit: int
    undo: bool = False

    @property
    def takes(self) -> str:  # type: ignore[override]
        """uint8, or uint16 to undo."""
        return "uint16" if self.undo else "uint8"

    @property
    def gives(self) -> str:  # type: ignore[override]
        """uint16, or uint8 to undo."""
        return "uint8" if self.undo else "uint16"

    def __invert__(self) -> Table:
        return Table(self.shape, self.where, self.values, self.limit, not self.undo)

    def apply(self, images: Any) -> Any:
        """Both kinds of samples, then the pick. Raises BadInput, undoing, for samples that no key gives."""
        table = self.values
        if self.undo:
            if images.size and images.max() >= self.limit:
                raise BadInput(f"samples of these cipher images lie in 0..{self.limit - 1}, got {images.max()}")
            table = np.arange(self.limit).astype(np.uint8)
            table[self.values] = np.arange(256)
        return np.where(self.where, table[images], images.astype(self.gives))
