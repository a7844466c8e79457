"""many-time-pad-public: `many-time-pad` with plain pictures of the same kind as a prior.

They tell the picture from its negative, which no prior-free attack can know, and they sharpen the lowest bits.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from imveil.attacks.base import Attack, Guess, View
from imveil.attacks.solvers.pad.guess import unpadded


class ManyTimePadPublic(Attack):
    """Votes of neighbours, then a prediction learned from public pictures."""

    id: ClassVar[str] = "many-time-pad-public"
    needs: ClassVar[frozenset[str]] = frozenset({"ciphers", "public"})
    paper: ClassVar[str] = "ours"

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The targets without the sequence. notes: see `unpadded`."""
        del steps
        return unpadded(view, rng)
