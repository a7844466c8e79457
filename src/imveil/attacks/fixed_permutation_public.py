"""fixed-permutation-public: positions of a fixed permutation, from cipher images and public pictures of the same kind.

The correlations of the cipher images are matched with those of the public pictures; see `solvers/order.py`. It needs
no neighbours, so samples may move one by one, up to 3,072 of them, and it knows which way round pictures are.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from imveil.attacks.base import Attack, Guess, View


class FixedPermutationPublic(Attack):
    """Puts pixels or samples where public pictures have the like."""

    id: ClassVar[str] = "fixed-permutation-public"
    needs: ClassVar[frozenset[str]] = frozenset({"ciphers", "public"})
    paper: ClassVar[str] = "ours, after Vogelstein et al., PLoS ONE 10(4) (2015), for the matching"
    slow: ClassVar[bool] = True  # a minute and more for 3,072 samples

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The targets in order. notes: see `reordered`. Raises MissingExtra without scipy."""
        from imveil.attacks.solvers.order.guess import reordered

        del steps
        return reordered(view, rng)
