"""fixed-permutation and fixed-permutation-public: one order of positions, worked out from many cipher images."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import at_most, bytes_only, same_shape
from imveil.attacks.base import Attack, Guess, View


class FixedPermutation(Attack):
    """fixed-permutation: positions of a fixed permutation, from cipher images alone, by the statistics of neighbours.

    A permutation moves the correlations of an image without changing them, and pixels with a large partial correlation
    are neighbours; see `solvers/order`. What no such attack can know is whether pictures are mirrored: that they stand
    upright is guessed from light, which comes from above. It works on up to 1,600 pixels. Where their colours were
    parted they are found first, by what they share beyond their neighbourhood, from some 700 images on.
    """

    id: ClassVar[str] = "fixed-permutation"
    needs: ClassVar[frozenset[str]] = frozenset({"ciphers"})
    paper: ClassVar[str] = "ours, after Le Roux et al., Learning the 2-D topology of images, NIPS 2007"
    finds_key: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Bytes at the places of the picture; pictures that are not too large."""
        return same_shape(scheme) or bytes_only(scheme) or at_most(1600, shape)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The targets in order. notes: see `reordered`. Raises MissingExtra without scipy."""
        from imveil.attacks.solvers.order.guess import reordered

        del steps
        return reordered(view, rng)


class FixedPermutationPublic(Attack):
    """fixed-permutation-public: positions of a fixed permutation, from cipher images and public pictures of the kind.

    The correlations of the cipher images are matched with those of the public pictures; see `solvers/order`. It needs
    no neighbours, so samples may move one by one, up to 3,072 of them, and it knows which way round pictures are.
    """

    id: ClassVar[str] = "fixed-permutation-public"
    needs: ClassVar[frozenset[str]] = frozenset({"ciphers", "public"})
    paper: ClassVar[str] = "ours, after Vogelstein et al., PLoS ONE 10(4) (2015), for the matching"
    finds_key: ClassVar[bool] = True
    slow: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Bytes at the places of the picture; pictures that are not too large."""
        return same_shape(scheme) or bytes_only(scheme) or at_most(3072, shape)

    def seconds_before(self, shape: tuple[int, ...]) -> float:
        """Linear assignments take the cube of the number of samples; none above 3,072."""
        size = math.prod(shape)
        return 30.0 * (size / 3072) ** 3 if size <= 3072 else 0.0

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The targets in order. notes: see `reordered`. Raises MissingExtra without scipy."""
        from imveil.attacks.solvers.order.guess import reordered

        del steps
        return reordered(view, rng)
