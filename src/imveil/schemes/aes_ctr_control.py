"""aes-ctr-control/1: a fresh AES-CTR key stream for every image. Nothing can be learned: the control of every
experiment.

A model trained on it must stay at chance, and an attack that beats blind guessing on it is broken, not the cipher.
Not authenticated: data at rest and on the way are sealed apart.

Hides: everything but the size of a picture. Leaks: sizes and labels. Key space: 2^256. Break: none known.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from imveil.keys.key import Key
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, Traits, small_integers


@dataclass(frozen=True)
class AesCtrControl(Scheme):
    """AES-256-CTR under a key of each image's own, drawn from its public nonce.

    material: `mask`, (h * w * c) bytes in memory order.
    """

    id: ClassVar[str] = "aes-ctr-control/1"
    paper: ClassVar[str] = "none: AES-256-CTR, NIST SP 800-38A, a fresh key for each image"

    @property
    def traits(self) -> Traits:
        """A key per image."""
        return Traits(per_image=True)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """The mask, straight from the image's own key stream."""
        return {"mask": np.frombuffer(key.derive(self.id, "mask").stream().bytes(prod(shape)), np.uint8)}

    def plan_from_material(self, shape: Shape, mask: Any) -> Plan:
        """One XOR with `mask`."""
        return Plan(mask=small_integers("mask", mask, prod(shape), 256))
