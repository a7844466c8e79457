"""feedback-table: permutation and chained substitution in rounds, undone byte for byte from chosen pictures.

That one bit of a picture changes every byte of the cipher image is no security: where two pictures differ in one
sample, the first round carries the difference along by a bijection, byte after byte, so that one pair of values in 256
meets again and agrees in all that lies below. Then the last round's differences are differences of its table, whose
entries follow from each other; with the table the masks are voted, and so on through the first round, see
`solvers/feedback`. It takes thousands of chosen pictures, most of them to find a sample at the end of the first round's
walk. One and two rounds fall; three mix too well for it. Steps are chosen pictures.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import one_key
from imveil.attacks.base import Attack, Guess, View, blank


class FeedbackTable(Attack):
    """The tables, the masks and the order of every round."""

    id: ClassVar[str] = "feedback-table"
    needs: ClassVar[frozenset[str]] = frozenset({"oracle"})
    paper: ClassVar[str] = "ours; the architecture: E. Solak et al., Int. J. Bifurcation and Chaos 20:1405 (2010)"
    steps: ClassVar[int] = 50_000
    seconds_a_step: ClassVar[float] = 0.003
    finds_key: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """One key, and rounds with feedback."""
        del shape
        chained = {"rounds", "backward"} <= scheme.config().keys()
        return one_key(scheme) or ("" if chained else "no sample feeds back into the others")

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """Grey pictures where nothing is found. steps: chosen pictures, at most."""
        from imveil.attacks.solvers.feedback.solve import solve

        assert view.oracle is not None
        if view.targets.dtype != np.uint8 or view.targets[0].size != np.prod(view.shape):
            return Guess(blank(view))
        undo = solve(view.oracle, view.shape, rng, steps)
        if undo is None:
            return Guess(blank(view))
        return Guess(undo(view.targets.reshape(len(view.targets), -1)).reshape(-1, *view.shape))
