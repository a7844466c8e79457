"""look: the cipher image taken for the picture, as it is. What anybody sees who opens the file.

It finds pictures that are not encrypted at all, and measures what a scheme leaves visible to the naked eye.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from imveil.lab.attack import Attack, Guess, View, fitted


class Look(Attack):
    """No attack yet: the line that any attack has to beat."""

    id: ClassVar[str] = "look"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "none: opening the file"

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """Nothing is done."""
        del rng, steps
        return Guess(fitted(view.targets, view))
