"""diffuse/1: the classical chaotic image cipher, permutation and chained substitution in rounds (Fridrich 1998).

Each round moves every sample of the picture to another place and then adds to it a mask and a function of the sample
before it, from the first to the last and, `backward`, from the last to the first:

    y[i] = x[order[i]] + mask[i] + table[y[i - 1]]  mod 256,    y[-1] = start

The architecture, rounds of a permutation and of a substitution that feeds back through a function of the grey level,
is the paper's. Ours: the orbit of a logistic map for all of it (the paper iterates the baker map), the mask, the keyed
table for that function, the pass backwards, two rounds. A round takes 256 + n + passes * (n + 1) numbers of its orbit,
in this order: the table and the order by sorting them, then start and mask of each pass as bytes, floor(1e14 x) mod
256. Much published code feeds back by XOR or addition alone; there a change of the highest bit changes no other bit,
ever. The table is what mends that.

The yardstick of NPCR and UACI: change one bit of a picture and every sample of the cipher picture changes as if drawn
anew, NPCR 99.61 % and UACI 33.46 % (two rounds; one round, or one without the pass backwards, falls short).

Hides: all that a single cipher picture shows. Leaks: equality of pictures, sizes. Little is left for a model to learn
from: a smallest change of a picture changes all of its cipher. Key space: (x0, r) of each round hold about 2^90 values.
Breaks: sensitivity to the picture is no security by itself. With a start that does not depend on the picture, one key
for many pictures, chosen ciphers recover permutation and substitution of the architecture (Solak et al., Int. J.
Bifurcation and Chaos 20:1405-1413, 2010; Xie et al., Signal Processing 132:150-154, 2017). Ours, `feedback-table`: some
thousands of chosen pictures give the tables, the masks and the order of one and of two rounds, and with them every
picture byte for byte; from three rounds on it finds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.errors import BadMaterial
from imveil.keys.key import Key
from imveil.plans.transforms.chain import Chain, Pass
from imveil.schemes.base import Scheme, Shape, Within
from imveil.schemes.chaos.orbit import QUANTISERS, Logistic


@dataclass(frozen=True)
class Diffuse(Scheme):
    """Rounds of permutation and chained substitution, one key for the data set.

    Attributes
    ----------
    rounds
        Of both steps.
    backward
        Chain from the last sample to the first too.
    burn_in
        Steps of the map dropped in each round.
    material
        `x0` and `r`, (rounds,) each.
    """

    id: ClassVar[str] = "diffuse/1"
    paper: ClassVar[str] = "J. Fridrich, Int. J. Bifurcation and Chaos 8(6):1259-1284 (1998)"

    rounds: Annotated[int, Within(1, 16, tried=(4,))] = 2
    backward: bool = True
    burn_in: Annotated[int, Within(0, 1_000_000, tried=(200,))] = 100

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """x0 and r of each round from two words of the stream."""
        del shape
        words = np.frombuffer(key.derive(self.id, "rounds").stream().bytes(16 * self.rounds), "<u8").reshape(-1, 2)
        params = [Logistic().from_words(pair) for pair in words]
        return {name: np.array([one[name] for one in params]) for name in ("x0", "r")}

    def plan_from_material(self, shape: Shape, x0: Any, r: Any) -> Chain:
        """The passes of all rounds. Raises BadMaterial for weak x0 or r, as `Logistic.check` lists them."""
        for name, value in (("x0", x0), ("r", r)):
            if np.size(value) != self.rounds:
                raise BadMaterial(f"{name} needs {self.rounds} values, a round each, got {np.size(value)}")
        rounds = zip(np.ravel(x0), np.ravel(r), strict=True)
        return Chain(shape, tuple(one for pair in rounds for one in self._round(prod(shape), *pair)))

    def _round(self, n: int, x0: Any, r: Any) -> list[Pass]:
        passes = 2 if self.backward else 1
        orbit = Logistic().orbit(256 + n + passes * (n + 1), burn_in=self.burn_in, x0=x0, r=r)
        table = np.argsort(orbit[:256], kind="stable").astype(np.uint8)
        order = np.argsort(orbit[256 : 256 + n], kind="stable").astype(np.int32)
        masks = QUANTISERS["mantissa"](orbit[256 + n :]).reshape(passes, n + 1)
        found = [Pass(order, masks[0, 1:], table, int(masks[0, 0]))]
        if self.backward:
            found.append(Pass(None, masks[1, 1:], table, int(masks[1, 0]), backward=True))
        return found
