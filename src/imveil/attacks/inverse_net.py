"""inverse-net: a network trained on known pictures and their cipher images, under the key of the targets.

The inverse transformation network of Ito et al., with its body for pixels where the scheme has no blocks, and its body
for blocks where it has; ours is one affine map for each place in front of it, without which nothing is learned of a
scheme whose key differs from place to place (solvers/network.py has the networks and what they cannot follow). It
learns a
scheme that nobody described, with hundreds of pairs; where a plan can be read off a few pairs, known-plan is exact.
Blocks that move, as in `etc/1`, it does not follow, nor XOR with arbitrary bytes.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks.base import U8, Attack, Guess, Images, View, blank
from imveil.attacks.solvers.network import BATCH, inverted


class InverseNet(Attack):
    """One network for one key."""

    id: ClassVar[str] = "inverse-net"
    needs: ClassVar[frozenset[str]] = frozenset({"pairs"})
    paper: ClassVar[str] = "Ito, Kinoshita and Kiya, arXiv 2008.03143; ours: a map for each place"
    steps: ClassVar[int] = 600
    seconds_a_step: ClassVar[float] = 0.05

    def suits(self, scheme: Any) -> bool:
        """Schemes with one key for all images, whose cipher images have the shape of the pictures."""
        return bool(scheme.traits.keeps_shape and not scheme.traits.per_image)

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """steps: of the optimiser, 8 pairs each.   notes: loss, as a share of the variance of the pictures."""
        assert view.pairs is not None
        plain, cipher = view.pairs
        if not len(plain):
            return Guess(blank(view))
        rows = rng.integers(0, len(plain), (max(steps, 1), BATCH))

        def draw(step: int) -> tuple[U8, Images]:
            return plain[rows[step]], cipher[rows[step]]

        return inverted(view, draw, rng, steps, positions=True)
