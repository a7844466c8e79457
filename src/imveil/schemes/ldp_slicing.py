"""ldp-slicing/1: every bit of every sample turned over with a small or large probability, the important ones less often
(Cao, Li, He 2026, "LDP-Slicing"): randomised response, so that each pixel is eps-differentially private.

Of a pixel's bits, 24 in colour, bit b is turned over with probability 1 / (1 + e^eps_b), and the eps_b of a pixel add
up to eps: two pixels of any colours give a cipher pixel with probabilities that differ by a factor of e^eps at most.

The abstract's: bit planes, randomised response, more of eps for more important planes, eps for a pixel. Ours, because
the text was not at hand: `msb` shares eps in proportion to what a bit is worth, 2^b, `sqrt` to the root of that,
colours alike; the paper's step that hides what people see (it cuts off coarse wavelets) is left out. Probabilities are
rounded up to multiples of 2^-16, which is the safe side. And ours: the noise comes from a key of the picture's own, so
that a run can be repeated and the owner can take the noise off again; a guarantee against everybody would forget it.

Hides: the values of a single pixel, as far as eps says. Leaks: what many pixels have in common: a sum over a picture is
hardly blurred, so outlines come through from eps 4 or so, and a picture is picked out of others from eps 1 on. The
guarantee is for a pixel and not for a picture: with 1,024 pixels it holds with 1,024 eps. Key space: 2^256, beside the
point: no key has to be found. Break: the likeliest of some candidate pictures, by the turned bits' own probabilities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from imveil.errors import BadField
from imveil.keys.key import Key
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, Traits, small_integers

WORDS = 1 << 16


@dataclass(frozen=True)
class LdpSlicing(Scheme):
    """Randomised response on bit planes, fresh noise for every picture.

    Attributes
    ----------
    eps
        Of a pixel, all its channels together; more than 0 and at most 1000.
    split
        How the bits of a pixel share it: in proportion to 2^b ("msb") or to its root ("sqrt").
    material
        `flips` (h * w * c), bytes: the bits that are turned over.
    """

    id: ClassVar[str] = "ldp-slicing/1"
    paper: ClassVar[str] = "Cao, Li, He, arXiv 2603.03711 (2026)"

    eps: float = 1.0
    split: Literal["msb", "sqrt"] = "msb"

    def check(self) -> None:
        """eps in (0, 1000]."""
        if not 0 < self.eps <= 1000:
            raise BadField(f"eps of {self.id} is more than 0 and at most 1000, not {self.eps}")

    @property
    def traits(self) -> Traits:
        """A key per image."""
        return Traits(per_image=True)

    def thresholds(self, channels: int) -> npt.NDArray[np.int64]:
        """How often each bit is turned over, the lowest first, (8,) of 65,536.

        >>> LdpSlicing(eps=3.0).thresholds(3)[[0, 7]]
        array([32704, 24713])
        """
        base = 2.0 if self.split == "msb" else math.sqrt(2.0)
        worth = [base**bit for bit in range(8)]
        return np.array(
            [math.ceil(WORDS / (1 + math.exp(self.eps * w / (channels * math.fsum(worth))))) for w in worth], np.int64
        )

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """A little-endian word of 16 bits for every bit of every sample, the lowest first: turned over where it is
        smaller than the bit's threshold."""
        said = f"eps={float(self.eps)!r} split={self.split}", "x".join(map(str, shape))
        words = np.frombuffer(key.derive(self.id, "flips", *said).stream().bytes(16 * prod(shape)), "<u2")
        turned = words.reshape(-1, 8) < self.thresholds(shape[2])
        return {"flips": np.packbits(turned, axis=1, bitorder="little")[:, 0]}

    def plan_from_material(self, shape: Shape, flips: Any) -> Plan:
        """One XOR with `flips`."""
        return Plan(mask=small_integers("flips", flips, prod(shape), 256))
