"""etc/1: encryption then compression, whole blocks turned, inverted, recoloured and shuffled (Kurihara et al. 2015).

The papers' (Chuman, Sirichotedumrong, Kiya, IEEE TIFS 14(6), 2019): the blocks of a picture are permuted; each
is rotated by 0, 90, 180 or 270 degrees and reversed by none, rows, columns or both; a key bit inverts all its samples,
v -> 255 - v; another key picks one of six orders of its colours. Blocks of 16x16 let the cipher picture pass through
JPEG, blocks of 4x4 are used for learning. The order of steps and the codes are those of published code (see
`imveil.schemes._blocks`), with which we agree byte for byte.

Ours: all codes are uniform and independent (published code inverts exactly half of the blocks and never reverses both
ways); grey pictures, which have no colours to reorder, go through the other steps; a fourth channel stays in place.

Hides: what is larger than a block. Leaks: everything inside a block, up to a turn and an inversion: textures, edges,
how many colours; equal blocks. Key space: N! * 8^N * 2^N * 6^N for N blocks. Breaks: solvers of jigsaw puzzles, with
cipher pictures alone; a few chosen or known pictures where one key serves a data set.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar

from imveil.keys.key import Key
from imveil.plans.blocks import grid
from imveil.plans.plan import Plan
from imveil.schemes._blocks import codes, scramble
from imveil.schemes.base import Scheme, Shape, Traits, Within


@dataclass(frozen=True)
class EtC(Scheme):
    """Block scrambling with true orders of colours; any number of channels.

    block: side of a block. material, each (blocks,) and row by row over the picture: `rotate` 0..3, `negaposi` 0 =
    invert, `reverse` 0..3, `channel` 0..5, and `shuffle`, block i of the cipher is block shuffle[i].
    """

    id: ClassVar[str] = "etc/1"
    paper: ClassVar[str] = "Kurihara et al. 2015; Chuman, Sirichotedumrong, Kiya, IEEE TIFS 14(6) (2019)"

    block: Annotated[int, Within(2, 64, tried=(8, 16))] = 4

    @property
    def traits(self) -> Traits:
        """Blocks tile the picture; those that hold whole pieces of JPEG survive it."""
        return Traits(tile=self.block, survives_jpeg=self.block % 16 == 0)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """Uniform codes for each block."""
        return codes(key, (self.id,), prod(grid(shape, self.block)), colors=shape[2] >= 3)

    def plan_from_material(
        self, shape: Shape, rotate: Any, negaposi: Any, reverse: Any, channel: Any, shuffle: Any
    ) -> Plan:
        """Turn, invert, reverse, recolour; then shuffle."""
        return scramble(shape, self.block, rotate, negaposi, reverse, channel, shuffle)
