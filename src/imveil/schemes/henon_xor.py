"""henon-xor/1: the seed with the Henon map, which has two dimensions.

Future work of the seed's authors: "more secure chaotic maps". The map and its a = 1.4, b = 0.3 are M. Henon's (1976);
combining it with the seed, how x0 and y0 are drawn, burn-in and quantiser are ours.

    x[n+1] = (1 - (a x[n]) x[n]) + y[n],   y[n+1] = b x[n]    in IEEE binary64; the number is (x + 1.5) / 3
    cipher = plain XOR s[perm]                                 the same sequence for every image of the data set

Weak, and refused as material: starts outside |x0| <= 1, |y0| <= 0.1, from where orbits may run to infinity. Its numbers
fill 0.07..0.93 only and unevenly: floor256 and threshold are biased, mantissa is not.
Hides: the histogram and the look of each image by itself. Leaks: the XOR of any two pictures, position of every
pixel, equality, sizes. Key space: (x0, y0) hold about 2^105 values and the permutation (h w c)!, neither of which any
attack has to search. Break: a many-time pad like the seed. A better sequence changes nothing about that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from imveil.plans.plan import Plan
from imveil.schemes._chaotic_xor import ChaoticXor
from imveil.schemes.base import Shape
from imveil.schemes.chaos.maps import Henon


@dataclass(frozen=True)
class HenonXor(ChaoticXor):
    """XOR with a shuffled sequence of the Henon map, one for the data set. Fields as in logistic-xor/1.

    material: `x0`, `y0` (K1), `perm` (K2, of the sequence's length; the identity where shuffle is off).
    """

    id: ClassVar[str] = "henon-xor/1"
    paper: ClassVar[str] = "arXiv 2203.16780 with the map of Commun. Math. Phys. 50:69 (1976)"
    source = Henon()

    def plan_from_material(self, shape: Shape, x0: Any, y0: Any, perm: Any) -> Plan:
        """One XOR. Raises BadMaterial for starts outside the box of `Henon.check`."""
        return self.masked(shape, perm, x0=x0, y0=y0)
