"""What an encoder is: a frozen, public map from a picture to a row of numbers, named by the digest of its weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


class Facts(NamedTuple):
    """What a round says of its encoder, so that all owners run the same. name: with its preprocessing, as
    "lite2-224".   weights: SHA-256 of the weights, 64 hex digits.   width: numbers a picture."""

    name: str
    weights: str
    width: int


class Encoder(ABC):
    """A frozen public network. It learns nothing, so it gives nothing of the owner's pictures away but through its
    answers, and those stay with the owner.

    Attributes
    ----------
    facts
        See `Facts`.
    precision
        "float32" or "bfloat16".
    """

    facts: Facts
    precision: str = "float32"

    @abstractmethod
    def embed(self, pictures: Sequence[U8]) -> F32:
        """(n, width) float32 for n pictures, each (h, w, 3) uint8 of any size. Raises BadImage."""


def rgb(pixels: U8) -> U8:
    """A picture of 1 to 4 channels as (h, w, 3): grey three times, transparency left out. Raises BadImage.

    >>> rgb(np.zeros((2, 5, 1), np.uint8)).shape
    (2, 5, 3)
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4:
        raise BadImage(f"an encoder takes pictures (h, w, 1 to 4) uint8, got {pixels.shape} {pixels.dtype}")
    colours = pixels[:, :, :1] if pixels.shape[2] < 3 else pixels[:, :, :3]
    return np.ascontiguousarray(np.broadcast_to(colours, (*pixels.shape[:2], 3)))
