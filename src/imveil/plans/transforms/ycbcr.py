"""Colour pictures as luma and two colour differences, JFIF full range, and back: 4:4:4, no subsampling.

ITU-T T.871 (JFIF 1.02), in whole numbers, rounded half up and kept in 0..255:

    Y  = 0.299 R + 0.587 G + 0.114 B             R = Y + 1.402 (Cr - 128)
    Cb = (B - Y) / 1.772 + 128                   G = Y - (0.114 * 1.772 (Cb - 128) + 0.299 * 1.402 (Cr - 128)) / 0.587
    Cr = (R - Y) / 1.402 + 128                   B = Y + 1.772 (Cb - 128)

Whole numbers make the bytes the same everywhere. There and back, no sample of any of the 2^24 colours changes by more
than 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from imveil.plans.transforms.base import Shape, Transform

PLANES = (
    (0.299, 0.587, 0.114),
    (-0.299 / 1.772, -0.587 / 1.772, 0.886 / 1.772),
    (0.701 / 1.402, -0.587 / 1.402, -0.114 / 1.402),
)
"""Y, Cb - 128 and Cr - 128 of red, green, blue."""
_AT_ONCE = 1 << 20  # samples
ERROR = 1  # the largest difference of a sample after there and back, over all 2^24 colours


def to_ycbcr(images: Any) -> Any:
    """(..., 3) uint8 red, green, blue -> (..., 3) uint8 Y, Cb, Cr.

    >>> to_ycbcr(np.array([255, 0, 0], np.uint8)).tolist()
    [76, 85, 255]
    """
    r, g, b = (images[..., c].astype(np.int32) for c in range(3))
    out = np.empty(images.shape, np.uint8)
    out[..., 0] = (299 * r + 587 * g + 114 * b + 500) // 1000
    # Each half of the divisor rounds; at the blue and red corners the exact value is 255.5.
    out[..., 1] = np.minimum((-299 * r - 587 * g + 886 * b + 128 * 1772 + 886) // 1772, 255)
    out[..., 2] = np.minimum((701 * r - 587 * g - 114 * b + 128 * 1402 + 701) // 1402, 255)
    return out


def from_ycbcr(images: Any) -> Any:
    """(..., 3) uint8 Y, Cb, Cr -> (..., 3) uint8 red, green, blue.

    >>> from_ycbcr(np.array([76, 85, 255], np.uint8)).tolist()
    [254, 0, 0]
    """
    y, cb, cr = (images[..., c].astype(np.int32) for c in range(3))
    cb, cr = cb - 128, cr - 128
    out = np.empty(images.shape, np.uint8)
    out[..., 0] = np.clip(y + (1402 * cr + 500) // 1000, 0, 255)
    out[..., 1] = np.clip(y + (-114 * 1772 * cb - 299 * 1402 * cr + 293_500) // 587_000, 0, 255)
    out[..., 2] = np.clip(y + (1772 * cb + 500) // 1000, 0, 255)
    return out


@dataclass(frozen=True, eq=False, repr=False)
class Planes(Transform):
    """Colour pictures (h, w, 3) as one grey image (h, 3 w, 1): Y, Cb and Cr side by side. `undo` is the way back.

    size: (h, w) of the pictures.
    """

    keyless: ClassVar[bool] = True

    size: tuple[int, int]
    undo: bool = False

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        """Of the images that it takes."""
        h, w = self.size
        return (h, 3 * w, 1) if self.undo else (h, w, 3)

    def __invert__(self) -> Planes:
        return Planes(self.size, not self.undo)

    def apply(self, images: Any) -> Any:
        """The conversion and the move, a few images at a time: whole numbers take four times the memory."""
        (h, w), n = self.size, len(images)
        out = np.empty((n, h, w, 3) if self.undo else (n, h, 3 * w, 1), np.uint8)
        step = max(1, _AT_ONCE // (h * w * 3))
        for at in range(0, n, step):
            part = slice(at, at + step)
            if self.undo:
                out[part] = from_ycbcr(images[part].reshape(-1, h, 3, w).swapaxes(2, 3))
            else:
                out[part] = to_ycbcr(images[part]).swapaxes(2, 3).reshape(-1, h, 3 * w, 1)
        return out
