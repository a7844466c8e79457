"""etc-inplace/1: etc/1 with the colour step of published code, which loses colours. Not invertible.

That code writes the three colours of a block in place, one after the other, so what was overwritten is read again: five
of its six orders duplicate a colour and lose another. Published accuracies of EtC on CIFAR (Madono et al. 2020) were
measured with it, so it is kept for comparison, byte for byte, under an id of its own. Use etc/1.

The papers': all steps, as in etc/1. That code's: the orders. Ours: as in etc/1; and colour pictures only, as in all
experiments with it.

Hides: what is larger than a block, and for good a part of the colours. Leaks: everything else inside a block, up to a
turn and an inversion; equal blocks. Key space: N! * 8^N * 2^N * 6^N for N blocks. Breaks: as etc/1, except that nobody,
with or without the key, gets the lost samples back.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.keys.key import Key
from imveil.plans.blocks import grid
from imveil.plans.plan import Plan
from imveil.schemes._blocks import codes, scramble
from imveil.schemes.base import Scheme, Shape, Traits, Within

# out[c] = in[ORDERS[code][c]]: what the orders of etc/1 become when each is written over its own input.
ORDERS = np.array([[0, 1, 2], [1, 1, 2], [2, 1, 2], [0, 2, 2], [2, 2, 2], [1, 2, 1]])


@dataclass(frozen=True)
class EtCInplace(Scheme):
    """Block scrambling with lossy orders of colours, for pictures of three colours.

    Attributes
    ----------
    block
        Side of a block.
    material
        As in etc/1, `channel` being codes 0..5 into `ORDERS`.
    """

    id: ClassVar[str] = "etc-inplace/1"
    paper: ClassVar[str] = "public code of Madono, Tanaka, Onishi, Ogawa, arXiv 2001.07761 (2020)"
    why_not_invertible: ClassVar[str] = (
        "overwrites colours that it still has to read, as the published code does: they are lost; "
        "etc/1 keeps all colours"
    )

    block: Annotated[int, Within(2, 64, tried=(8, 16))] = 4

    @property
    def traits(self) -> Traits:
        """Loses information; three colours; blocks tile the picture."""
        return Traits(invertible=False, tile=self.block, channels=(3,))

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """Uniform codes for each block."""
        return codes(key, (self.id,), prod(grid(shape, self.block)), colors=True)

    def plan_from_material(
        self, shape: Shape, rotate: Any, negaposi: Any, reverse: Any, channel: Any, shuffle: Any
    ) -> Plan:
        """Turn, invert, reverse, recolour; then shuffle."""
        return scramble(shape, self.block, rotate, negaposi, reverse, channel, shuffle, orders=ORDERS)
