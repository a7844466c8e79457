"""np-block/1: half of the samples of every block inverted, the same in every block (AprilPyone and Kiya 2021, "NP").

The paper's (and its code, which agrees byte for byte): each block of M x M pixels is flattened row, column,
channel; the samples at the places `flip` are inverted, v -> 255 - v, in all blocks of all pictures. `flip` is where a
permutation of 0..n-1 is above n / 2, n = M * M * c: one sample less than half (23 of 48). Ours: any number of channels.

Hides: little more than colours and fine texture. Leaks: position of every sample and |v - 127.5| of it, so outlines;
equal blocks. Key space: n over (n / 2 - 1), of 2^n. Break: one chosen or known block; from cipher pictures alone the
inverted places stand out, because neighbours are no longer alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.keys.key import Key
from imveil.plans.blocks import from_blocks, grid
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, Traits, Within, integers


@dataclass(frozen=True)
class NpBlock(Scheme):
    """Samples of blocks inverted, the same ones in every block; any number of channels.

    Attributes
    ----------
    block
        Side M of a block.
    material
        `flip` (block * block * c), 1 or True = invert.
    """

    id: ClassVar[str] = "np-block/1"
    paper: ClassVar[str] = "AprilPyone, Kiya, IEEE TIFS 16 (2021), arXiv 2010.00801"

    block: Annotated[int, Within(2, 16, tried=(2, 8, 16))] = 4

    @property
    def traits(self) -> Traits:
        """Blocks tile the picture."""
        return Traits(tile=self.block)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """Where one permutation is above half, whatever the size of the picture."""
        size = self.block**2 * shape[2]
        return {"flip": key.derive(self.id, "flip").stream().permutation(size) > size // 2}

    def plan_from_material(self, shape: Shape, flip: Any) -> Plan:
        """One XOR, the same in every block."""
        size, (down, across) = self.block**2 * shape[2], grid(shape, self.block)
        mask = integers("flip", flip, size, 2).astype(np.uint8) * np.uint8(255)
        return Plan(mask=from_blocks(np.tile(mask, (down * across, 1)), shape).ravel())
