"""inverse-net-moved: blocks put back by their contrast first, then the network of inverse-net.

A network that works block by block cannot follow blocks that move. But turning, mirroring, inverting and recolouring a
block leave its contrast: over known pairs, the standard deviation of a cipher block rises and falls with that of the
block it came from, and with no other. So the permutation is read off the pairs, and only the rest is learned. Where
blocks stayed in place this is inverse-net.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from imveil.attacks.base import U8, Attack, Guess, Images, View, blank
from imveil.attacks.solvers.blocks import pieces, whole
from imveil.attacks.solvers.network import BATCH, block_of, inverted


class InverseNetMoved(Attack):
    """One permutation and one network for one key."""

    id: ClassVar[str] = "inverse-net-moved"
    needs: ClassVar[frozenset[str]] = frozenset({"pairs"})
    paper: ClassVar[str] = "ours, in front of Ito, Kinoshita and Kiya, arXiv 2008.03143"
    steps: ClassVar[int] = 600
    seconds_a_step: ClassVar[float] = 0.05

    def suits(self, scheme: Any) -> bool:
        """Schemes that move blocks under one key."""
        traits = scheme.traits
        return bool(traits.keeps_shape and not traits.per_image and "block" in scheme.config())

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """steps: of the optimiser, 8 pairs each.   notes: loss, as in inverse-net; moved, the share of blocks that
        were put elsewhere."""
        assert view.pairs is not None
        plain, cipher = view.pairs
        if not len(plain) or cipher.shape[1:] != view.shape:
            return Guess(blank(view))
        side = block_of(view)
        order = came_from(pieces(plain, side), pieces(cipher, side))

        def back(images: Images) -> Images:
            moved: Images = whole(pieces(images, side)[:, order], view.shape)
            return moved

        cipher, rows = back(cipher), rng.integers(0, len(plain), (max(steps, 1), BATCH))

        def draw(step: int) -> tuple[U8, Images]:
            return plain[rows[step]], cipher[rows[step]]

        found = inverted(replace(view, targets=back(view.targets)), draw, rng, steps, positions=True)
        share = float((order != np.arange(len(order))).mean())
        return Guess(found.images, notes={**found.notes, "moved": share})


def came_from(plain: Any, cipher: Any) -> Any:
    """(blocks,): for each block of a picture the cipher block that it became; in place, where no permutation fits.

    plain, cipher: (pairs, blocks, samples).
    """
    stay = np.arange(plain.shape[1])
    if len(plain) < 3:
        return stay
    ours, theirs = (_standard(a.std(axis=2)) for a in (plain, cipher))
    order = (ours.T @ theirs).argmax(axis=1)
    return order if len(set(order.tolist())) == len(order) else stay


def _standard(contrast: Any) -> Any:
    contrast = contrast - contrast.mean(axis=0)
    return contrast / np.maximum(np.linalg.norm(contrast, axis=0), 1e-9)
