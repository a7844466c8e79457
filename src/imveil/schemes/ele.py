"""ele/1: extended learnable encryption, LE with a key of its own for every block, then the blocks shuffled.

The paper's (Madono, Tanaka, Onishi, Ogawa 2020, Fig. 2, and its code, which agrees byte for byte): each block goes
through LE's step (see le/1) with the key of its place in the picture, counted row by row; then block i of the cipher is
block perm[i]. The paper's figure draws the shuffle first, its code does it last, and so do we. Ours: other block sizes
and channel counts by the same rule.

Hides: the look of a picture, and where its blocks were. Leaks: with one key for a data set, which pictures have equal
blocks at the same place; how many different values a block holds, roughly. Key space: (96!)^N * N! for N blocks.
Break: four chosen pictures; or known pictures, block by block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.keys.key import Key
from imveil.plans.blocks import grid
from imveil.plans.plan import Plan
from imveil.schemes._nibbles import scramble
from imveil.schemes.base import Scheme, Shape, Traits, Within, permutation, permutations


@dataclass(frozen=True)
class ELE(Scheme):
    """Nibbles of blocks, another key in every block, and the blocks shuffled; any number of channels.

    Attributes
    ----------
    block
        Side of a block.
    material
        `keys` (blocks, n), a permutation of the n = 2 * block * block * c nibbles for each block of the picture, row by
        row; `perm` (blocks,), block i of the cipher is block perm[i].
    """

    id: ClassVar[str] = "ele/1"
    paper: ClassVar[str] = "Madono, Tanaka, Onishi, Ogawa, AAAI-20 workshop, arXiv 2001.07761"

    block: Annotated[int, Within(2, 16, tried=(2, 8))] = 4

    @property
    def traits(self) -> Traits:
        """Blocks tile the picture."""
        return Traits(tile=self.block)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """The keys of all blocks from one stream, in order; the order of blocks from another."""
        down, across = grid(shape, self.block)
        stream = key.derive(self.id, "keys").stream()
        keys = [stream.permutation(2 * self.block**2 * shape[2]) for _ in range(down * across)]
        return {"keys": np.array(keys), "perm": key.derive(self.id, "perm").stream().permutation(down * across)}

    def plan_from_material(self, shape: Shape, keys: Any, perm: Any) -> Plan:
        """Nibbles first, then blocks."""
        down, across = grid(shape, self.block)
        keys = permutations("keys", keys, down * across, 2 * self.block**2 * shape[2])
        return scramble(shape, self.block, keys, permutation("perm", perm, down * across))
