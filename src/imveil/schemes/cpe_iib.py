"""cpe-iib/1: EtC on blocks, and again on the sub-blocks inside each block (Ahmad and Shin 2022, "IIB-CPE").

The papers' (Sensors 22:8074 and Electronics 11:2514, abstracts): a colour picture stays one; its 16x16 blocks are
processed as in EtC; then, inside each block, sub-blocks of 8, 4 or 2 pixels are permuted, rotated, reversed and
inverted, "inside out". Small pieces hide better, and the picture still compresses, because a block keeps its pixels.

Ours, because the papers' full text was not available: blocks first, sub-blocks second; the order and the codes of the
steps, those of etc/1; no colour step on sub-blocks; every sub-block of every block has codes of its own; 4 pixels.

Hides: what is larger than a sub-block, and the inner order of a block. Leaks: the colours of every block up to an
inversion and a colour order, textures within sub-blocks, equal blocks of one colour. Key space: that of etc/1 for N
blocks, times (M! * 8^M * 2^M)^N for M sub-blocks in each. Breaks: as etc/1, with more pieces for a puzzle solver; a few
chosen or known pictures where one key serves a data set.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.errors import BadField
from imveil.keys.key import Key
from imveil.plans.blocks import grid, positions, to_blocks
from imveil.plans.plan import Plan
from imveil.schemes._blocks import codes, scramble
from imveil.schemes.base import Scheme, Shape, Traits, Within, integers, permutations


@dataclass(frozen=True)
class CpeIib(Scheme):
    """Block scrambling between and inside blocks; any number of channels.

    Attributes
    ----------
    block, sub_block
        Sides of a block and of its sub-blocks.
    material
        `rotate`, `negaposi`, `reverse`, `channel`, `shuffle` of the N blocks as in etc/1; and, each (N, M) with block
        and sub-block counted row by row, `sub_rotate` 0..3, `sub_negaposi` 0 = invert, `sub_reverse` 0..3, and
        `sub_shuffle`, sub-block j of block i is its sub-block sub_shuffle[i, j].
    """

    id: ClassVar[str] = "cpe-iib/1"
    paper: ClassVar[str] = "Ahmad, Shin, Sensors 22:8074 (2022) and Electronics 11:2514 (2022)"

    block: Annotated[int, Within(4, 64, tried=(8, 32))] = 16
    sub_block: Annotated[int, Within(1, 32, tried=(2, 8))] = 4

    def check(self) -> None:
        """Sub-blocks are smaller than blocks and tile them."""
        if self.block % self.sub_block or self.sub_block == self.block:
            raise BadField(f"sub_block of {self.id} divides block = {self.block}, not {self.sub_block}")

    @property
    def traits(self) -> Traits:
        """Blocks tile the picture; sub-blocks that hold whole pieces of JPEG survive it."""
        return Traits(tile=self.block, survives_jpeg=self.sub_block % 16 == 0)

    @property
    def _inside(self) -> int:
        return (self.block // self.sub_block) ** 2

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """Uniform codes for each block and each sub-block."""
        blocks, inside = prod(grid(shape, self.block)), self._inside

        def draw(step: str, limit: int) -> Any:
            return key.derive(self.id, "sub", step).stream().below(limit, blocks * inside).reshape(blocks, inside)

        stream = key.derive(self.id, "sub", "shuffle").stream()
        return {
            **codes(key, (self.id,), blocks, colors=shape[2] >= 3),
            "sub_rotate": draw("rotate", 4),
            "sub_negaposi": draw("negaposi", 2),
            "sub_reverse": draw("reverse", 4),
            "sub_shuffle": np.array([stream.permutation(inside) for _ in range(blocks)]),
        }

    def plan_from_material(
        self,
        shape: Shape,
        rotate: Any,
        negaposi: Any,
        reverse: Any,
        channel: Any,
        shuffle: Any,
        sub_rotate: Any,
        sub_negaposi: Any,
        sub_reverse: Any,
        sub_shuffle: Any,
    ) -> Plan:
        """Blocks, then sub-blocks: one plan."""
        blocks, inside = prod(grid(shape, self.block)), self._inside
        outer = scramble(shape, self.block, rotate, negaposi, reverse, channel, shuffle)
        # where[i, j]: which of all sub-blocks of the picture, row by row, is number j of block i
        down, across = grid(shape, self.sub_block)
        where = to_blocks(positions((down, across, 1)), self.block // self.sub_block).reshape(blocks, inside)

        def spread(name: str, value: Any, limit: int) -> Any:
            found = np.empty(blocks * inside, np.int64)
            found[where] = integers(name, value, blocks * inside, limit).reshape(blocks, inside)
            return found

        moved = np.empty(blocks * inside, np.int64)
        moved[where] = np.take_along_axis(where, permutations("sub_shuffle", sub_shuffle, blocks, inside), axis=1)
        inner = scramble(
            shape,
            self.sub_block,
            spread("sub_rotate", sub_rotate, 4),
            spread("sub_negaposi", sub_negaposi, 2),
            spread("sub_reverse", sub_reverse, 4),
            np.zeros(blocks * inside, np.int64),
            moved,
        )
        return inner @ outer
