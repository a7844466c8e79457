"""unfold: negative-positive with a key for each image undone by a small net, from one cipher image.

Inverting keeps |v - 127.5|, so what is lost is a sign for every sample, and the order of a pixel's colours. Pictures
are smooth: signs change along lines where |v - 127.5| touches zero, and which side of a line is bright follows from the
rest of the picture, up to the sign of all of it. A net of some 300,000 weights has learnt that from the training
pictures of CIFAR-100; it comes with the package (`solvers/unfold`). It does not draw: what comes out is made of the
values that the cipher image shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import bytes_only, same_shape
from imveil.attacks.base import Attack, Guess, View


class Unfold(Attack):
    """Signs and orders of colours, weighed by a net.

    Parameters
    ----------
    weights
        A file of another training; None: the one that comes with the package.
    """

    id: ClassVar[str] = "unfold"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "ours; the net after Ronneberger, Fischer, Brox, MICCAI 2015"
    local: ClassVar[bool] = True
    smooths: ClassVar[bool] = True

    def __init__(self, weights: Path | None = None) -> None:
        self._weights = weights

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Bytes at the places of the picture."""
        del shape
        return same_shape(scheme) or bytes_only(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """Each target by itself. Raises MissingExtra without torch."""
        from imveil.attacks.solvers.unfold.guess import pictures
        from imveil.attacks.solvers.unfold.weights import SHIPPED, load

        del rng, steps
        return pictures(view, load(self._weights or SHIPPED))
