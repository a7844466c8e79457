"""negpos-inplace/1: negpos/1 with the colour step of a widely used code, which loses colours. Not invertible.

That code writes the three colours of a pixel in place, one after the other, so what was overwritten is read again: five
of its six orders duplicate a colour and lose another. Published numbers of that group were measured with it, so it is
kept for comparison, byte for byte, under an id of its own. Use negpos/1.

What is the paper's: inversion per sample and a colour order per pixel, as in negpos/1. What is that code's: the orders.
Ours: colour pictures only, as in all experiments with it.

Hides: the look of a picture from a casual viewer, and for good a part of its colours. Leaks: position of every pixel,
|v - 127.5| of the samples that are left, sizes, equality. Key space 2^(h w c) * 6^(h w). Breaks: as negpos/1, except
that nobody, with or without the key, gets the lost samples back.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from imveil.keys.key import Key
from imveil.plans.blocks import positions, recoloured
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, Traits, integers

# out[c] = in[ORDERS[code][c]]: what 012 021 102 120 201 210 become when each is written over its own input.
ORDERS = np.array([[0, 1, 2], [0, 2, 2], [1, 1, 2], [1, 2, 1], [2, 2, 2], [2, 1, 2]])


@dataclass(frozen=True)
class NegPosInplace(Scheme):
    """Pixel-based encryption by inversion and lossy colour order, for pictures of three colours.

    material: `inv` (h * w * 3), 0 = invert; `colors` (h * w), codes 0..5 into `ORDERS`.
    """

    id: ClassVar[str] = "negpos-inplace/1"
    paper: ClassVar[str] = "public code of Sirichotedumrong, Kinoshita, Kiya, ICIP 2019 and IEEE Access 7:177844 (2019)"
    why_not_invertible: ClassVar[str] = (
        "overwrites colours that it still has to read, as the published code does: they are lost; "
        "negpos/1 keeps all colours"
    )

    @property
    def traits(self) -> Traits:
        """Loses information; three colours."""
        return Traits(invertible=False, channels=(3,))

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """Independent fair bits, and uniform codes."""
        return {
            "inv": key.derive(self.id, "inv").stream().below(2, prod(shape)),
            "colors": key.derive(self.id, "colors").stream().below(6, shape[0] * shape[1]),
        }

    def plan_from_material(self, shape: Shape, inv: Any, colors: Any) -> Plan:
        """Inversion first, then the colours."""
        inv = integers("inv", inv, prod(shape), 2)
        colors = integers("colors", colors, shape[0] * shape[1], 6)
        order = recoloured(positions(shape).reshape(-1, shape[2]), ORDERS[colors])
        invert = Plan(mask=np.where(inv == 0, 255, 0).astype(np.uint8))
        return Plan(order=order.ravel()) @ invert
