"""le/1: learnable image encryption, the nibbles of every block inverted and shuffled by one key (Tanaka 2018).

Each 4x4 block of a colour picture is 96 nibbles: the 48 low halves of its samples (row, column, channel), then the 48
high ones. The key is a permutation of the 96. Nibbles where it is above 48 (47 of them) are inverted, v -> 15 - v; the
block is gathered by the key; the same places are inverted again. All blocks of all pictures have the one key, so a net
whose first layer looks at whole blocks can learn.

The paper's (and the author's code, which agrees byte for byte): all of this. Ours: other block sizes and
channel counts, by the same rule with n = 2 * block * block * c; sizes that blocks do not tile are refused, or padded
with `pad=True` as the author's code does (its last row and column repeated), with the size recorded.

Hides: the look of a picture below the size of a block. Leaks: the place of every block, so the outlines of a picture in
coarse steps; equal blocks stay equal, in one picture and between pictures. Key space: 96! (the published 96! * 2^96
counts inversions apart, but they follow from the permutation). Break: one chosen picture, of which two of 64 blocks are
enough; or known pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.keys.key import Key
from imveil.plans.blocks import grid
from imveil.plans.plan import Plan
from imveil.schemes._nibbles import scramble
from imveil.schemes.base import Scheme, Shape, Traits, Within, permutation


@dataclass(frozen=True)
class LE(Scheme):
    """Nibbles of blocks, the same key in every block; any number of channels.

    Attributes
    ----------
    block
        Side of a block.
    material
        `keys`, a permutation of the 2 * block * block * c nibbles of a block.
    """

    id: ClassVar[str] = "le/1"
    paper: ClassVar[str] = "M. Tanaka, ICCE-TW 2018, arXiv 1804.00490"

    block: Annotated[int, Within(2, 16, tried=(2, 8))] = 4

    @property
    def traits(self) -> Traits:
        """Blocks tile the picture."""
        return Traits(tile=self.block)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """One permutation, whatever the size of the picture."""
        return {"keys": key.derive(self.id, "keys").stream().permutation(2 * self.block**2 * shape[2])}

    def plan_from_material(self, shape: Shape, keys: Any) -> Plan:
        """The same step in every block."""
        down, across = grid(shape, self.block)
        keys = permutation("keys", keys, 2 * self.block**2 * shape[2])
        return scramble(shape, self.block, np.broadcast_to(keys, (down * across, len(keys))))
