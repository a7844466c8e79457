"""What the schemes share that XOR samples with a shuffled sequence of a chaotic map: fields, key material, the plan.

A scheme file names its map, its paper and its material; what it hides and leaks stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, Literal

import numpy as np

from imveil.errors import BadField
from imveil.keys.key import Key
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, permutation
from imveil.schemes.chaos.orbit import ChaoticMap, sequence


@dataclass(frozen=True)
class ChaoticXor(Scheme):
    """XOR with a shuffled chaotic sequence, one for the data set.

    Attributes
    ----------
    quantiser
        How a number in [0, 1] becomes a byte: "mantissa" floor(1e14 x) mod 256, "floor256" floor(256 x), "threshold" 0
        or 255.
    index
        "sample", h * w * c values, or "pixel", h * w values shared by the channels.
    burn_in
        Steps dropped before the first value.
    shuffle
        Whether the second key permutes the sequence.
    """

    source: ClassVar[ChaoticMap]

    quantiser: Literal["mantissa", "floor256", "threshold"] = "mantissa"
    index: Literal["sample", "pixel"] = "sample"
    burn_in: int = 100
    shuffle: bool = True

    def check(self) -> None:
        """A burn-in lies in 0..1,000,000."""
        if not 0 <= self.burn_in <= 1_000_000:
            raise BadField(f"burn_in of {self.id} lies in 0..1000000, not {self.burn_in}")

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """The map's parameters from words of the stream of K1, the permutation from that of K2."""
        words = np.frombuffer(key.derive(self.id, "K1").stream().bytes(8 * self.source.words), "<u8")
        length = self._length(shape)
        perm = np.arange(length)
        if self.shuffle:
            perm = key.derive(self.id, "K2").stream().permutation(length)
        return {**self.source.from_words(words), "perm": perm}

    def masked(self, shape: Shape, perm: Any, **params: Any) -> Plan:
        """One XOR with the sequence of the map under `params`, in the order `perm`. Raises BadMaterial."""
        length = self._length(shape)
        perm = permutation("perm", perm, length)
        mask = sequence(self.source, length, burn_in=self.burn_in, quantiser=self.quantiser, **params)[perm]
        return Plan(mask=mask if self.index == "sample" else np.repeat(mask, shape[2]))

    def _length(self, shape: Shape) -> int:
        return prod(shape) if self.index == "sample" else shape[0] * shape[1]
