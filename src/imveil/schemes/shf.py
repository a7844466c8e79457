"""shf/1: the samples of every block shuffled by one key (AprilPyone and Kiya 2021, "SHF").

The paper's (and its code, which agrees byte for byte): each block of M x M pixels is flattened row, column,
channel and reordered by one permutation, X = X[perm], the same in all blocks of all pictures. It was proposed as a
defence against adversarial examples. Ours: any number of channels.

Hides: the look of a picture below the size of a block. Leaks: the place of every block and all values in it, so its
mean, its histogram, and the picture at 1/M of its size; equal blocks. Key space: (M * M * c)!. Break: one chosen
picture (at M = 4 a block of 48 different samples names every place; larger blocks take two); or known pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from imveil.keys.key import Key
from imveil.plans.blocks import from_blocks, positions, to_blocks
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, Traits, Within, permutation


@dataclass(frozen=True)
class Shf(Scheme):
    """Samples of blocks shuffled, the same way in every block; any number of channels.

    Attributes
    ----------
    block
        Side M of a block.
    material
        `perm`, a permutation of the block * block * c samples of a block.
    """

    id: ClassVar[str] = "shf/1"
    paper: ClassVar[str] = "AprilPyone, Kiya, IEEE TIFS 16 (2021), arXiv 2010.00801"

    block: Annotated[int, Within(2, 16, tried=(2, 8, 16))] = 4

    @property
    def traits(self) -> Traits:
        """Blocks tile the picture."""
        return Traits(tile=self.block)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """One permutation, whatever the size of the picture."""
        return {"perm": key.derive(self.id, "perm").stream().permutation(self.block**2 * shape[2])}

    def plan_from_material(self, shape: Shape, perm: Any) -> Plan:
        """The same gather in every block."""
        size = self.block**2 * shape[2]
        blocks = to_blocks(positions(shape), self.block).reshape(-1, size)
        return Plan(order=from_blocks(blocks[:, permutation("perm", perm, size)], shape).ravel())
