"""lattice-xor/1: the seed with eight coupled logistic maps on a ring, whose orbit does not come back in practice.

Future work of the seed's authors: "more secure chaotic maps". The lattice is K. Kaneko's (1985); eight sites, the
coupling of 0.05, combining it with the seed, how x0 and r are drawn, burn-in and quantiser are ours.

    f[i] = (r x[i]) (1 - x[i]),   x[i] = 0.95 f[i] + 0.025 (f[i-1] + f[i+1])    in IEEE binary64, around the ring
    cipher = plain XOR s[perm]      eight numbers a step; the same sequence for every image of the data set

Weak, and refused as material: a ring that looks the same turned or mirrored (equal sites above all), which it stays for
ever; r as in logistic-xor/1. burn_in counts steps of the whole ring.
Hides: the histogram and the look of each image by itself. Leaks: the XOR of any two pictures, position of every
pixel, equality, sizes. Key space: (x0, r) hold about 2^458 values, of which a key reaches 2^256, and the permutation
(h w c)!, neither of which any attack has to search. Break: a many-time pad like the seed. A better sequence changes
nothing about that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from imveil.plans.plan import Plan
from imveil.schemes._chaotic_xor import ChaoticXor
from imveil.schemes.base import Shape
from imveil.schemes.chaos.maps import Lattice


@dataclass(frozen=True)
class LatticeXor(ChaoticXor):
    """XOR with a shuffled sequence of a coupled map lattice, one for the data set. Fields as in logistic-xor/1.

    material: `x0` (8,), `r` (K1), `perm` (K2, of the sequence's length; the identity where shuffle is off).
    """

    id: ClassVar[str] = "lattice-xor/1"
    paper: ClassVar[str] = "arXiv 2203.16780 with the lattice of Prog. Theor. Phys. 74:1033 (1985)"
    source = Lattice()

    def plan_from_material(self, shape: Shape, x0: Any, r: Any, perm: Any) -> Plan:
        """One XOR. Raises BadMaterial for weak x0 or r, as `Lattice.check` lists them."""
        return self.masked(shape, perm, x0=x0, r=r)
