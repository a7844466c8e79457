"""inverse-net-fresh: the same network, trained under keys of the attacker's own, a fresh one in every step.

Nobody gives the attacker a pair: he encrypts public pictures himself. What such a network learns holds for every key,
so it shows what a scheme leaks whatever the key, as far as a short training finds it. The networks are
those of Ito et al. for pixels and for blocks, nothing added (attacks/solvers/network.py).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks.base import U8, Attack, Guess, Images, View, blank
from imveil.attacks.solvers.network import BATCH, inverted


class InverseNetFresh(Attack):
    """One network for all keys."""

    id: ClassVar[str] = "inverse-net-fresh"
    needs: ClassVar[frozenset[str]] = frozenset({"public", "simulate"})
    paper: ClassVar[str] = "Ito, Kinoshita and Kiya, arXiv 2008.03143"
    steps: ClassVar[int] = 600
    seconds_a_step: ClassVar[float] = 0.05

    def suits(self, scheme: Any) -> bool:
        """Schemes whose cipher images have the shape of the pictures."""
        return bool(scheme.traits.keeps_shape)

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """steps: of the optimiser, 8 pictures under one key each.   notes: loss, as a share of the variance."""
        assert view.public is not None
        public, simulate = view.public, view.simulate
        if simulate is None or not len(public):
            return Guess(blank(view))

        def draw(step: int) -> tuple[U8, Images]:
            del step
            pictures = public[rng.integers(0, len(public), BATCH)]
            return pictures, simulate(pictures)

        return inverted(view, draw, rng, steps, positions=False)
