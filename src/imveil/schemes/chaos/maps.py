"""The chaotic maps beside the logistic map: skew tent, Henon, a lattice of coupled logistic maps.

The seed's authors name "more secure chaotic maps" as future work; these are the ones that IEEE 754 fixes to the last
bit. Maps with sin and friends are left out: libraries differ in their last bits and chaos amplifies the difference.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.errors import BadMaterial
from imveil.schemes.chaos import loops
from imveil.schemes.chaos.orbit import ChaoticMap, check_r, draw_r, number, numbers, open_unit


class SkewTent(ChaoticMap):
    """x / p below p, (1 - x) / (1 - p) from p on. Parameters: x0 in (0, 1), p in (0.01, 0.99) but not about 1/2.

    M. Hasler, Y. Maistrenko, IEEE Trans. Circuits Syst. I 44(10):856-866 (1997); as a cipher: N. Masuda, K. Aihara,
    IEEE Trans. Circuits Syst. I 49(1):28-40 (2002). Every value is equally likely and every number of an orbit loses
    -p ln p - (1 - p) ln(1 - p) nats of its start. p = 1/2 shifts binary digits out and ends at 0 once they are gone.
    """

    words = 2
    loop = staticmethod(loops.skew_tent)

    def from_words(self, words: Any) -> dict[str, float]:
        """x0 = (u + 1/2) 2^-53 and p = 0.25 + 0.2 v 2^-53, u and v the top 53 bits of two words.

        >>> SkewTent().from_words([0, 0])
        {'x0': 5.551115123125783e-17, 'p': 0.25}
        """
        u, v = words
        return {"x0": open_unit(u), "p": 0.25 + (0.2 * float(int(v) >> 11)) * 2.0**-53}

    def check(self, x0: Any, p: Any) -> None:
        """Refuses what is out of range, a start that falls to 0 or rests, and a p that is nearly a shift."""
        x0, p = number("x0", x0), number("p", p)
        if not 0 < x0 < 1:
            raise BadMaterial("x0 of the skew tent map lies between 0 and 1, both excluded")
        if not 0.01 < p < 0.99:
            raise BadMaterial("p of the skew tent map lies between 0.01 and 0.99: nearer to 0 or 1 orbits hardly move")
        if abs(p - 0.5) < 0.01:
            raise BadMaterial("p of the skew tent map keeps 0.01 away from 1/2, which shifts digits out until all is 0")
        rest = 1 / (2 - p)
        if x0 in (p, rest, p * rest):
            raise BadMaterial("x0 is a weak start: its orbit is a fixed point or falls to one", hint="take another x0")

    def begin(self, x0: Any, p: Any) -> tuple[Any, Any]:
        """State x0, constant p."""
        return [float(x0)], [float(p)]


class Henon(ChaoticMap):
    """x, y = 1 - a x^2 + y, b x with a = 1.4 and b = 0.3; its numbers are (x + 1.5) / 3. Parameters: x0, y0.

    M. Henon, Commun. Math. Phys. 50:69-77 (1976), whose a and b these are. Starts lie in |x0| <= 1, |y0| <= 0.1: inside
    the region that he shows to be mapped into itself, and clear of the fixed point at (0.631, 0.189). Numbers of the
    attractor lie in 0.07..0.93 and are not equally likely.
    """

    words = 2
    loop = staticmethod(loops.henon)
    A: ClassVar = 1.4
    B: ClassVar = 0.3

    def from_words(self, words: Any) -> dict[str, float]:
        """x0 = 2 s - 1 and y0 = 0.2 t - 0.1, s and t = (u + 1/2) 2^-53 from the top 53 bits of two words.

        >>> Henon().from_words([1 << 63, 0])
        {'x0': 0.0, 'y0': -0.09999999999999999}
        """
        s, t = (open_unit(word) for word in words)
        return {"x0": 2.0 * s - 1.0, "y0": 0.2 * t - 0.1}

    def check(self, x0: Any, y0: Any) -> None:
        """Refuses starts outside the box, from where orbits may run to infinity."""
        if not -1 <= number("x0", x0) <= 1:
            raise BadMaterial("x0 of the Henon map lies in -1..1: farther out orbits may run to infinity")
        if not -0.1 <= number("y0", y0) <= 0.1:
            raise BadMaterial("y0 of the Henon map lies in -0.1..0.1: farther out orbits may run to infinity")

    def begin(self, x0: Any, y0: Any) -> tuple[Any, Any]:
        """State (x0, y0), constants (a, b)."""
        return [float(x0), float(y0)], [self.A, self.B]


class Lattice(ChaoticMap):
    """Eight logistic maps on a ring, each giving a fortieth of its value to either neighbour. Parameters: x0 (8,), r.

    x[i] = 0.95 f[i] + 0.025 (f[i - 1] + f[i + 1]), f = (r x)(1 - x): the diffusive lattice of K. Kaneko, Prog. Theor.
    Phys. 74(5):1033-1044 (1985), with coupling 0.05; eight sites and the coupling are our choice, well inside where
    all eight Lyapunov exponents are positive (docs/sequences.md). A step gives eight numbers, in order of the sites.
    """

    words = 9
    width = 8
    loop = staticmethod(loops.lattice)

    def from_words(self, words: Any) -> dict[str, Any]:
        """x0 from eight words, r from the ninth, each as the logistic map draws its own."""
        return {"x0": np.array([open_unit(word) for word in words[:8]]), "r": draw_r(words[8])}

    def check(self, x0: Any, r: Any) -> None:
        """Refuses what is out of range, and a ring that looks the same turned or mirrored: it stays so for ever."""
        x0, r = numbers("x0", x0, self.width), number("r", r)
        if not ((x0 > 0) & (x0 < 1)).all():
            raise BadMaterial("every x0 of the lattice lies between 0 and 1, both excluded")
        check_r(r)
        # x and 1 - x are one number after a step but for its rounding: a symmetry up to that is refused too.
        folded = np.minimum(x0, 1 - x0)
        turned = [np.roll(folded, k) for k in range(1, 8)] + [np.roll(folded[::-1], k) for k in range(8)]
        if any(np.array_equal(folded, other) for other in turned):
            raise BadMaterial(
                "x0 is a weak start: the ring is the same turned or mirrored and stays so", hint="take another x0"
            )

    def begin(self, x0: Any, r: Any) -> tuple[Any, Any]:
        """State x0, constants r, 0.95, 0.025."""
        return np.array(x0, np.float64), [float(r), 0.95, 0.025]
