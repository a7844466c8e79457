"""link-learned: which of a thousand candidates is behind a cipher image, by an encoder that has learnt it.

Nobody tells it what the scheme keeps: under keys of his own the attacker encrypts public pictures, as in FaceLinkGen,
and learns from such pairs which combinations of features of a cipher image follow from which of its picture, and how
closely. Every target is given the likeliest candidate. What it finds holds for any key, so that a key per image is no
remedy; what it misses may still be there, see `link` for exact traits. The encoder is a layer of filters, means over
cells and over the whole, and canonical correlations (`solvers/linkage.py`). Steps are passes over the public pictures,
each under fresh keys.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import same_shape
from imveil.attacks.base import Attack, Guess, View


class LinkLearned(Attack):
    """An encoder trained on pairs of the attacker's own."""

    id: ClassVar[str] = "link-learned"
    needs: ClassVar[frozenset[str]] = frozenset({"gallery", "public", "simulate"})
    paper: ClassVar[str] = "after FaceLinkGen (2026); the encoder is ours"
    steps: ClassVar[int] = 6
    seconds_a_step: ClassVar[float] = 1.0

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Cipher images of the pictures' shape."""
        del shape
        return same_shape(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """notes: correlation, of the combination of features that cipher images tell best; 0 where none was learnt."""
        from imveil.attacks.solvers.linkage import linked

        assert view.gallery is not None
        pick, correlation = linked(view, rng, steps)
        return Guess(view.gallery[pick], notes={"correlation": correlation})
