"""fold: the outlines under negative-positive, from one cipher image. v above 127 becomes 255 - v.

Inverting keeps |v - 127.5|, so folding undoes every inversion up to the one that makes a picture bright: edges stay
where they are. Published as the basic attack on per-image keys (Chang & Li 2020), later called the FR attack.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from imveil.attacks.base import Attack, Guess, View, fitted


class Fold(Attack):
    """min(v, 255 - v). Their second picture, the grey one of it, says no more and is not scored."""

    id: ClassVar[str] = "fold"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "A. H. Chang, B. M. Case, arXiv 2004.13263 (2020)"

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """One comparison a sample."""
        del rng, steps
        return Guess(fitted(np.minimum(view.targets, 255 - view.targets), view))
