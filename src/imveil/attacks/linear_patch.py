"""linear-patch: one matrix over every patch falls to least squares on known patches.

A picture of 32x32 has 64 patches of 4x4x3 = 48 samples: one known pair gives the matrix, where its patches span the
space. Patches of 16x16x3 need four pictures of 224x224. Constant colour cannot be told from a bias until there are more
patches than dimensions. The block size is the scheme's own, or the one that explains the pairs best.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks.base import Attack, Guess, View, blank
from imveil.attacks.solvers.blocks import fitted_map, pieces, sides, whole


class LinearPatch(Attack):
    """Least squares, then the map backwards."""

    id: ClassVar[str] = "linear-patch"
    needs: ClassVar[frozenset[str]] = frozenset({"pairs"})
    paper: ClassVar[str] = "ours: linear algebra"
    finds_key: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Schemes that give real numbers."""
        del shape
        return "" if scheme.traits.dtype.startswith("float") else "no matrix over real numbers"

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """notes: residual, of the known cipher samples that the map leaves unexplained (0 exact, 1 nothing)."""
        del rng, steps
        assert view.pairs is not None
        plain, cipher = view.pairs
        if cipher.shape[1:3] != view.shape[:2] or not len(plain):
            return Guess(blank(view))
        best, images = np.inf, blank(view)
        for side in sides(view):
            x, y = (a.reshape(-1, a.shape[2]) for a in (pieces(plain, side), pieces(cipher, side)))
            if len(x) <= x.shape[1] and "block" not in view.fields:
                continue  # fewer patches than dimensions are explained by any size
            found = fitted_map(x, y)
            left = np.square(y - x @ found.matrix.T - found.bias).mean() / max(float(np.var(y)), 1e-12)
            if left < best:
                best = left
                images = whole(found.undo(pieces(view.targets, side)), view.shape)
        return Guess(images, notes={"residual": float(min(best, 1e9))})
