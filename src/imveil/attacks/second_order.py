"""second-order, -public and -alone: fixed keys undone from cipher images, by the correlations of their samples."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import one_key
from imveil.attacks.base import Attack, Guess, View

_PAPER = "ours; matching after Vogelstein et al., PLoS ONE 10(4) (2015)"


class SecondOrder(Attack):
    """second-order: one key for a data set falls to its cipher images alone.

    A key permutes units (samples, nibbles, blocks) and inverts some, so every matrix of correlations between cipher
    units is that of plain units, permuted and signed. Which permutation and which signs is found by matching it with
    what is known of pictures in general; see `solvers/secondorder`. What no statistic tells is whether a whole set is
    mirrored, where blocks change places.
    """

    id: ClassVar[str] = "second-order"
    needs: ClassVar[frozenset[str]] = frozenset({"ciphers"})
    paper: ClassVar[str] = _PAPER
    finds_key: ClassVar[bool] = True
    any_kind: ClassVar[bool] = True
    decides: ClassVar[int] = 300

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """There must be a recipe for it, and one key for all pictures."""
        del shape
        return _one_key(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The targets undone. notes: see `undone`. Raises MissingExtra without scipy."""
        from imveil.attacks.solvers.secondorder.guess import undone

        del rng, steps
        return undone(view)


class SecondOrderPublic(Attack):
    """second-order-public: the same, with the statistics of public pictures of the same kind.

    They tell more than the shipped ones where pictures are of a kind of their own, such as X-rays or faces.
    """

    id: ClassVar[str] = "second-order-public"
    needs: ClassVar[frozenset[str]] = frozenset({"ciphers", "public"})
    paper: ClassVar[str] = _PAPER
    finds_key: ClassVar[bool] = True
    any_kind: ClassVar[bool] = True
    decides: ClassVar[int] = 300

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """There must be a recipe for it, and one key for all pictures."""
        del shape
        return _one_key(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The targets undone. notes: see `undone`. Raises MissingExtra without scipy."""
        from imveil.attacks.solvers.secondorder.guess import undone
        from imveil.attacks.solvers.secondorder.prior import Prior

        del rng, steps
        public = view.public
        return undone(
            view, None if public is None or len(public) < 2 else Prior.of(public[: Prior.enough(public.shape)])
        )


class SecondOrderAlone(Attack):
    """second-order-alone: each cipher image by itself, so that a key of its own for each picture is no remedy.

    Schemes that treat all blocks of a picture alike show the same units as often as a picture has blocks: 64 times at
    32 pixels and 3,136 times at 224, where one image is enough.
    """

    id: ClassVar[str] = "second-order-alone"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = _PAPER
    any_kind: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """It must treat all blocks alike."""
        from imveil.attacks.solvers.secondorder.families import FAMILIES, family_of

        del shape
        family = family_of(scheme.id)
        return "" if family is not None and FAMILIES[family].alone else "blocks are not all treated alike"

    def seconds_a_picture(self, shape: tuple[int, ...]) -> float:
        """Where nobody says what the scheme is, and several families are tried."""
        del shape
        return 1.5

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The targets undone one by one. notes: see `one_by_one`. Raises MissingExtra without scipy."""
        from imveil.attacks.solvers.secondorder.guess import one_by_one

        del rng, steps
        return one_by_one(view)


def _one_key(scheme: Any) -> str:
    from imveil.attacks.solvers.secondorder.families import family_of

    return one_key(scheme) or ("" if family_of(scheme.id) is not None else "no recipe for this kind of map")
