"""logistic-xor/1: the seed. Samples XORed with a shuffled sequence from a logistic map (Ahmad & Shin 2022).

What is the paper's (arXiv 2203.16780, abstract): substitution only; pixel values are XORed with a *sequence* where
older methods XOR the single value 255; the sequence comes from a logistic map (key K1); a second key K2 shuffles the
sequence. What is ours, because the paper's full text was not available: every number and convention. How x0 and r
are drawn, the burn-in, the quantiser, one value per sample or per pixel. They are fields, documented and adjustable,
and never called the paper's values.

    x[n+1] = (r x[n]) (1 - x[n])    in IEEE binary64, exactly in this order;    s[n] = Q(x[burn_in + 1 + n])
    cipher = plain XOR s[perm]      the same sequence for every image of the data set

Hides: the histogram and the look of each image by itself. Leaks: the XOR of any two pictures, position of every
pixel, equality, sizes. Key space: (x0, r) hold about 2^90 values (r alone 2^38, for lack of digits) and the
permutation (h w c)!, neither of which any attack has to search. Break: it is a many-time pad. One known or chosen
picture gives the sequence, and so do a hundred cipher images alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from imveil.plans.plan import Plan
from imveil.schemes._chaotic_xor import ChaoticXor
from imveil.schemes.base import Shape
from imveil.schemes.chaos.orbit import Logistic


@dataclass(frozen=True)
class LogisticXor(ChaoticXor):
    """XOR with a shuffled logistic sequence, one for the data set.

    quantiser: how a number in [0, 1] becomes a byte: "mantissa" floor(1e14 x) mod 256, "floor256" floor(256 x),
    "threshold" 0 or 255. index: "sample", h * w * c values, or "pixel", h * w values shared by the channels.
    burn_in: steps dropped before the first value. shuffle: whether the second key permutes the sequence.
    material: `x0`, `r` (K1), `perm` (K2, of the sequence's length; the identity where shuffle is off).
    """

    id: ClassVar[str] = "logistic-xor/1"
    paper: ClassVar[str] = "I. Ahmad, S. Shin, arXiv 2203.16780 (2022)"
    source = Logistic()

    def plan_from_material(self, shape: Shape, x0: Any, r: Any, perm: Any) -> Plan:
        """One XOR. Raises BadMaterial for weak x0 or r, as `Logistic.check` lists them."""
        return self.masked(shape, perm, x0=x0, r=r)
