"""etc-grey/1: EtC on the Y, Cb and Cr planes of a picture, side by side as one grey image (Kiya's group 2019).

The papers' (Chuman, Sirichotedumrong, Kiya, IEEE TIFS 14(6), 2019, for the planes of a colour picture as one grey
image; Sirichotedumrong, Kiya, APSIPA TSIP 8:e7, 2019, for Y, Cb and Cr as the planes): the three planes become one grey
image three times as large, and its 8x8 blocks are permuted, rotated, reversed and inverted as in etc/1, without a
colour step. JPEG of a grey image works on 8x8 blocks, so blocks can be a quarter of those of etc/1, there are twelve
times as many, and the cipher image has no colours.

Ours: planes from left to right, each as large as the picture (4:4:4, no subsampling); JFIF full range, rounded to whole
numbers (`transforms/ycbcr.py`); codes uniform as in etc/1; blocks tile each plane. A grey picture is one plane already:
etc/1 with block=8 does the same to it.

The rounding costs something: a decrypted sample differs from the picture's by at most 1. That is the largest difference
over all 2^24 colours; two samples of three are exact.

Hides: what is larger than a block, and the colours of it. Leaks: everything inside a block, up to a turn and an
inversion: textures, edges; which blocks are of Y and which of Cb or Cr, which are smoother; equal blocks. Key space:
N! * 8^N * 2^N for N blocks. Breaks: solvers of jigsaw puzzles, though slower than against etc/1; where one key serves a
data set, a few chosen or known pictures, or the statistics of some hundred cipher images alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.errors import BadShape
from imveil.keys.key import Key
from imveil.plans.blocks import grid
from imveil.plans.steps import Steps
from imveil.plans.transforms.ycbcr import ERROR, Planes
from imveil.schemes._blocks import codes, scramble
from imveil.schemes.base import Scheme, Shape, Traits, Within


@dataclass(frozen=True)
class EtCGrey(Scheme):
    """Block scrambling of the planes of colour pictures: (h, w, 3) becomes (h, 3 w, 1).

    block: side of a block. material, each (3 h w / block^2,) and row by row over the grey image: `rotate` 0..3,
    `negaposi` 0 = invert, `reverse` 0..3, and `shuffle`, block i of the cipher is block shuffle[i].
    """

    id: ClassVar[str] = "etc-grey/1"
    paper: ClassVar[str] = "Sirichotedumrong, Kiya, APSIPA TSIP 8:e7 (2019); Chuman et al., IEEE TIFS 14(6) (2019)"

    block: Annotated[int, Within(2, 64, tried=(4, 16))] = 8

    @property
    def traits(self) -> Traits:
        """Colour pictures become grey ones, decrypted up to rounding; whole pieces of grey JPEG survive it."""
        survives = self.block % 8 == 0
        return Traits(error=ERROR, keeps_shape=False, tile=self.block, channels=(3,), survives_jpeg=survives)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """Uniform codes for each block of all three planes."""
        drawn = codes(key, (self.id,), prod(grid(_grey(shape, self.block), self.block)), colors=False)
        del drawn["channel"]
        return drawn

    def plan_from_material(self, shape: Shape, rotate: Any, negaposi: Any, reverse: Any, shuffle: Any) -> Steps:
        """The planes; then turn, invert, reverse, shuffle."""
        grey = _grey(shape, self.block)
        none = np.zeros(prod(grid(grey, self.block)), np.int64)
        return Steps(Planes(shape[:2]), scramble(grey, self.block, rotate, negaposi, reverse, none, shuffle))

    def plain_shape(self, shape: Shape) -> Shape:
        """(h, 3 w, 1) came from (h, w, 3)."""
        h, w, c = shape
        if w % 3 or c != 1:
            raise BadShape(f"cipher images of {self.id} are (h, 3 w, 1), got {shape}")
        return h, w // 3, 3

    def returned(self, images: Any) -> Any:
        """To the planes and back."""
        planes = Planes((int(images.shape[1]), int(images.shape[2])))
        return (~planes)(planes(images))


def _grey(shape: Shape, block: int) -> Shape:
    h, w, _ = shape
    grid(shape, block)  # no block lies across two planes
    return h, 3 * w, 1
