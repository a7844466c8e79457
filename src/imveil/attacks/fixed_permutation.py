"""fixed-permutation: positions of a fixed permutation, from cipher images alone, by the statistics of neighbours.

A permutation moves the correlations of an image without changing them, and pixels with a large partial correlation are
neighbours; see `solvers/order.py`. What no such attack can know is whether pictures are mirrored: that they stand
upright is guessed from light, which comes from above. It works on pixels that keep their colours together, up to 1,600
of them.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from imveil.attacks.base import Attack, Guess, View


class FixedPermutation(Attack):
    """Puts the pixels of all cipher images into one order in which neighbours belong together."""

    id: ClassVar[str] = "fixed-permutation"
    needs: ClassVar[frozenset[str]] = frozenset({"ciphers"})
    paper: ClassVar[str] = "ours, after Le Roux et al., Learning the 2-D topology of images, NIPS 2007"

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The targets in order. notes: see `reordered`. Raises MissingExtra without scipy."""
        from imveil.attacks.solvers.order.guess import reordered

        del steps
        return reordered(view, rng)
