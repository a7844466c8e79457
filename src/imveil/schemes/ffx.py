"""ffx/1: half of the samples of every block sent through a secret table (AprilPyone and Kiya 2021, "FFX").

The paper's (and its code, which agrees byte for byte): each block of M x M pixels is flattened row, column,
channel; the samples at the places `flip` (as in np-block/1, 23 of 48) become lookup[v], the first 256 values of a
format-preserving encryption of 0..999; the others stay. That code then divides the whole picture by the largest value
of the table; the cipher here is the integers before that division, 0..999 as uint16, which is all that has to be kept.

Ours: `lookup` is the first 256 of a permutation of 0..999 drawn from the key, where the paper uses the FFX mode of AES
under a password; any number of channels. A cipher sample that no picture gives, which only a wrong key or an altered
image makes, is decrypted to its lowest eight bits.

Hides: little more than colours and fine texture, a little better than np-block/1. Leaks: position of every sample, the
value of the half that stays, which of the other samples are equal; equal blocks. Key space: n over (n / 2 - 1) for
n = M * M * c, times 1000! / 744!. Break: one chosen picture with all 256 values; or known pictures; values above 255
give `flip` away at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.errors import BadMaterial
from imveil.keys.key import Key
from imveil.plans.blocks import from_blocks, grid
from imveil.plans.transforms.lookup import Table
from imveil.schemes.base import Scheme, Shape, Traits, Within, integers

VALUES = 1000


@dataclass(frozen=True)
class Ffx(Scheme):
    """Samples of blocks through a table, the same ones in every block; any number of channels; cipher images uint16.

    Attributes
    ----------
    block
        Side M of a block.
    material
        `flip` (block * block * c), 1 or True = through the table; `lookup` (256), different values in 0..999.
    """

    id: ClassVar[str] = "ffx/1"
    paper: ClassVar[str] = "AprilPyone, Kiya, IEEE TIFS 16 (2021), arXiv 2010.00801"

    block: Annotated[int, Within(2, 16, tried=(2, 8, 16))] = 4

    @property
    def traits(self) -> Traits:
        """Blocks tile the picture; values up to 999."""
        return Traits(dtype="uint16", tile=self.block)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """Where one permutation is above half, and the beginning of another."""
        size = self.block**2 * shape[2]
        return {
            "flip": key.derive(self.id, "flip").stream().permutation(size) > size // 2,
            "lookup": key.derive(self.id, "lookup").stream().permutation(VALUES)[:256],
        }

    def plan_from_material(self, shape: Shape, flip: Any, lookup: Any) -> Table:
        """One look into the table, at the same places of every block."""
        size, (down, across) = self.block**2 * shape[2], grid(shape, self.block)
        flip = integers("flip", flip, size, 2).astype(bool)
        lookup = integers("lookup", lookup, 256, VALUES)
        if len(np.unique(lookup)) < 256:
            raise BadMaterial("lookup must hold 256 different values: what it sends to one cannot be decrypted")
        where = from_blocks(np.tile(flip, (down * across, 1)), shape)
        return Table(shape, where, lookup.astype(np.uint16), VALUES)
