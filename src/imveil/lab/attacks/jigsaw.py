"""jigsaw: scrambled blocks put together again like a jigsaw puzzle, from one cipher image.

Blocks keep what is inside them, and a border still goes on where its neighbour begins. Every pair of sides is compared
in every turn, negative and order of colours that the scheme knows (Mahalanobis gradients, Gallagher, CVPR 2012), the
surest are joined to a tree within the frame, gaps are filled. Chuman, Kurihara and Kiya brought such solvers to
encrypted pictures. The whole picture may come out turned, mirrored, negative or in other colours where the scheme
does that to blocks: nothing in a cipher image says which is right. A shuffle of the pixels inside the blocks is not
undone. Pictures of more than 1,600 blocks are left as they are.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.cipher.blocks import to_blocks
from imveil.lab.attack import Attack, Guess, View, fitted
from imveil.lab.pieces import sides
from imveil.lab.solvers.puzzle import solve

MOST = 1600


class Jigsaw(Attack):
    """One puzzle a picture. Notes: `joined`, the share of the blocks that the tree joined, in the mean."""

    id: ClassVar[str] = "jigsaw"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "T. Chuman, K. Kurihara, H. Kiya (2017, 2018); A. C. Gallagher, CVPR 2012"
    slow: ClassVar[bool] = True

    def suits(self, scheme: Any) -> bool:
        """Schemes that move whole blocks and leave their inside in order."""
        return str(scheme.id).startswith("etc/") or (
            str(scheme.id).startswith("patch/") and not scheme.pixels and scheme.blocks
        )

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """Deterministic: nothing is drawn."""
        del rng, steps
        images = fitted(view.targets, view).copy()
        h, w, _ = view.shape
        fitting = [side for side in sides(view) if 1 < h * w // side**2 <= MOST]
        if not fitting or images.shape != view.targets.shape or view.targets.dtype != np.uint8:
            return Guess(images)
        side = fitting[0]
        moved_only = bool(view.scheme) and str(view.scheme).startswith("patch/")
        joined = []
        for i, image in enumerate(images):
            cut = to_blocks(image, side).reshape(-1, side, side, image.shape[2])
            solved = solve(
                cut, h // side, w // side, turns=not moved_only, negatives=not moved_only, colours=not moved_only
            )
            images[i] = solved.picture(cut)
            joined.append(solved.joined)
        return Guess(images, notes={"joined": float(np.mean(joined)), "block": side})
