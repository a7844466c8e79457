"""aes-xor/1: one fixed AES-CTR key stream XORed into every image: the seed's method with a perfect sequence.

It shows that the quality of the sequence is not the point. Hides: the histogram and the look of each image by itself.
Leaks: the XOR of any two pictures, equality of pictures, their sizes; one known or chosen picture gives away all
others, those of other sizes as far as it reaches, and a few dozen cipher images do the same without any. Key space:
2^256, which does not matter. Break: a many-time pad.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from imveil.keys.key import Key
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, small_integers


@dataclass(frozen=True)
class AesXor(Scheme):
    """The same AES-256-CTR key stream for every image of a data set. Key space 2^256, which does not matter.

    material: `mask`, (h * w * c) bytes in memory order.
    """

    id: ClassVar[str] = "aes-xor/1"
    paper: ClassVar[str] = "none: arXiv 2203.16780 with AES-256-CTR (NIST SP 800-38A) for the logistic map"

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """The mask, straight from the key stream."""
        return {"mask": np.frombuffer(key.derive(self.id, "mask").stream().bytes(prod(shape)), np.uint8)}

    def plan_from_material(self, shape: Shape, mask: Any) -> Plan:
        """One XOR with `mask`."""
        return Plan(mask=small_integers("mask", mask, prod(shape), 256))
