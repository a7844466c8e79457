"""skew-tent-xor/1: the seed with a skew tent map, whose values are all equally likely.

Future work of the seed's authors: "more secure chaotic maps". The map is M. Hasler's and Y. Maistrenko's (1997), a
cipher was made of it by N. Masuda and K. Aihara (2002); combining it with the seed, how x0 and p are drawn, burn-in and
quantiser are ours.

    x[n+1] = x[n] / p where x[n] < p, else (1 - x[n]) / (1 - p)    in IEEE binary64
    cipher = plain XOR s[perm]                                      the same sequence for every image of the data set

Weak, and refused as material: x0 that falls to 0 or rests (p, 1 / (2 - p), p / (2 - p)), p within 0.01 of 0, 1/2, 1.
Hides: the histogram and the look of each image by itself. Leaks: the XOR of any two pictures, position of every
pixel, equality, sizes. Key space: (x0, p) hold about 2^104 values and the permutation (h w c)!, neither of which any
attack has to search. Break: a many-time pad like the seed. A better sequence changes nothing about that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from imveil.plans.plan import Plan
from imveil.schemes._chaotic_xor import ChaoticXor
from imveil.schemes.base import Shape
from imveil.schemes.chaos.maps import SkewTent


@dataclass(frozen=True)
class SkewTentXor(ChaoticXor):
    """XOR with a shuffled sequence of a skew tent map, one for the data set. Fields as in logistic-xor/1.

    material: `x0`, `p` (K1), `perm` (K2, of the sequence's length; the identity where shuffle is off).
    """

    id: ClassVar[str] = "skew-tent-xor/1"
    paper: ClassVar[str] = "arXiv 2203.16780 with the map of IEEE Trans. Circuits Syst. I 44:856 (1997)"
    source = SkewTent()

    def plan_from_material(self, shape: Shape, x0: Any, p: Any, perm: Any) -> Plan:
        """One XOR. Raises BadMaterial for weak x0 or p, as `SkewTent.check` lists them."""
        return self.masked(shape, perm, x0=x0, p=p)
