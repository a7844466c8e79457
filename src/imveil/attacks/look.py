"""look: the cipher image taken for the picture, as it is. What anybody sees who opens the file.

It finds pictures that are not encrypted at all, and measures what a scheme leaves visible to the naked eye. A cipher
image of another size is drawn at the size of the picture, one of other numbers in shades from the least to the most.
"""

from __future__ import annotations

from math import prod
from typing import ClassVar

import numpy as np

from imveil.attacks.base import U8, Attack, Guess, Images, View, blank


class Look(Attack):
    """No attack yet: the line that any attack has to beat."""

    id: ClassVar[str] = "look"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "none: opening the file"
    local: ClassVar[bool] = True

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """Nothing is done but drawing."""
        del rng, steps
        if view.targets.ndim != 4 or 0 in view.targets.shape:
            return Guess(blank(view))
        return Guess(_sized(shades(view.targets), view.shape))


def shades(images: Images) -> U8:
    """Images as they are where they are bytes, else in shades from their least value to their most."""
    if images.dtype == np.uint8:
        return images
    low, high = float(images.min()), float(images.max())
    return ((images - low) * (255 / max(high - low, 1e-9))).round().astype(np.uint8)


def _sized(images: U8, shape: tuple[int, int, int]) -> U8:
    if images.shape[1:] == shape:
        return images
    if prod(images.shape[1:]) == prod(shape):
        return images.reshape(len(images), *shape)
    h, w, c = shape
    rows, columns = (np.arange(size) * images.shape[1 + axis] // size for axis, size in enumerate((h, w)))
    drawn = images[:, rows][:, :, columns]
    if drawn.shape[3] == c:
        return drawn
    return np.repeat(drawn.mean(axis=3, keepdims=True), c, axis=3).round().astype(np.uint8)
