"""pixel-shuffle/1: pixels in the order of a chaotic sequence, the confusion stage of the classical image ciphers.

The orbit of a logistic map is sorted, and pixel i of the cipher is the pixel whose number in the orbit is the i-th
smallest. One order for every picture of a data set. The architecture is Fridrich's (1998); sorting an orbit instead of
iterating a two-dimensional map is how most later work does it, and takes any size of picture. Ours: how x0 and r are
drawn, the burn-in, equal numbers in order of position.

Hides: where everything is. Leaks: every pixel value, so the exact histogram; the mean colour; with nearly all classes
told by colour, a good deal of the content; equality, sizes. Key space: (x0, r) hold about 2^90 values, fewer than the
(h w)! orders; no attack has to search either. Break: any permutation of n positions over L levels falls to
ceil(log_L n) chosen or about as many known pictures (Li et al., Signal Processing: Image Communication 23:212-223,
2008): one colour picture of up to 2^24 pixels, two grey ones of up to 2^16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from imveil.keys.key import Key
from imveil.plans.blocks import positions
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, Within
from imveil.schemes.chaos.orbit import Logistic


@dataclass(frozen=True)
class PixelShuffle(Scheme):
    """A permutation of pixels by sorting a logistic orbit, one for the data set.

    Attributes
    ----------
    unit
        What moves, a "pixel" with all its channels or each "sample" by itself.
    burn_in
        Steps of the map dropped before the first number.
    material
        `x0` and `r` of the map.
    """

    id: ClassVar[str] = "pixel-shuffle/1"
    paper: ClassVar[str] = "J. Fridrich, Int. J. Bifurcation and Chaos 8(6):1259-1284 (1998), the confusion stage"

    unit: Literal["pixel", "sample"] = "pixel"
    burn_in: Annotated[int, Within(0, 1_000_000, tried=(200,))] = 100

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """x0 and r from two words of the stream."""
        del shape
        return dict(Logistic().from_words(np.frombuffer(key.derive(self.id, "orbit").stream().bytes(16), "<u8")))

    def plan_from_material(self, shape: Shape, x0: Any, r: Any) -> Plan:
        """One gather. Raises BadMaterial for weak x0 or r, as `Logistic.check` lists them."""
        c = shape[2]
        units = positions(shape).reshape(-1, c if self.unit == "pixel" else 1)
        orbit = Logistic().orbit(len(units), burn_in=self.burn_in, x0=x0, r=r)
        return Plan(order=units[np.argsort(orbit, kind="stable")].ravel())
