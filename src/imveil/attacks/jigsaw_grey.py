"""jigsaw-grey: the luma of a picture whose three planes were scrambled as one grey image, from one cipher image.

A grey EtC cipher image holds three puzzles of the same size, of Y, Cb and Cr. Their blocks are told apart first, by
what no turn, negative or place changes: luma is rough and spread over all values, colour differences are smooth and
near 128. The third of the blocks that is least like luma is left out; from the rest the luma is assembled as `jigsaw`
does (regularised Mahalanobis gradients), likely blocks being preferred. The guess is a grey picture; colours are not
put back. After the attack on grey EtC in J. Imaging 12(2):65, 2026. Pictures of more than 1,600 blocks a plane are not
tried.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks.base import Attack, Guess, View, fitted
from imveil.attacks.solvers.blocks import SIDES, sides
from imveil.attacks.solvers.puzzle.guess import CANDIDATES, MOST, Scrambled, restored_grey, seconds


class JigsawGrey(Attack):
    """One puzzle a picture. Notes as for jigsaw."""

    id: ClassVar[str] = "jigsaw-grey"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "J. Imaging 12(2):65 (2026); A. C. Gallagher, CVPR 2012"
    slow: ClassVar[bool] = True

    def suits(self, scheme: Any) -> bool:
        """Schemes that scramble the planes of a picture as one grey image."""
        return str(scheme.id).startswith("etc-grey/")

    def seconds_a_picture(self, shape: tuple[int, ...]) -> float:
        """Of the smallest usual blocks that there are not too many of."""
        h, w, _ = shape
        return next(
            (seconds(CANDIDATES * h * w // side**2) for side in sorted(SIDES[:3]) if h * w // side**2 <= MOST), 0.0
        )

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """Each picture on its own; steps are not used."""
        del steps
        h, w, _ = view.shape
        fitting = [side for side in sides(view) if 1 < h * w // side**2 <= MOST]
        if not fitting or view.targets.shape[1:] != (h, 3 * w, 1) or view.targets.dtype != np.uint8:
            return Guess(fitted(view.targets, view))
        side = fitting[0]
        found = [restored_grey(image, side, Scrambled(turns=8, negatives=True), rng) for image in view.targets]
        notes = {"joined": [one.joined for one in found], "worth": [one.worth for one in found]}
        return Guess(
            np.stack([np.repeat(one.picture, 3, axis=2) for one in found]),
            notes={"block": side, **{name: float(np.mean(values)) for name, values in notes.items()}},
        )
