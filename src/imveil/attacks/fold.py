"""fold and fold-colours: negative-positive undone as far as one cipher image allows, outlines or colours."""

from __future__ import annotations

from itertools import permutations
from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import bytes_only, same_shape
from imveil.attacks.base import U8, Attack, Guess, View, blank, fitted


class Fold(Attack):
    """fold: the outlines under negative-positive, from one cipher image. v above 127 becomes 255 - v.

    Inverting keeps |v - 127.5|, so folding undoes every inversion up to the one that makes a picture bright: edges stay
    where they are. Published as the basic attack on per-image keys (Chang & Li 2020), later called the FR attack. Their
    second picture, the grey one of it, says no more and is not scored.
    """

    id: ClassVar[str] = "fold"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "A. H. Chang, B. M. Case, arXiv 2004.13263 (2020)"
    local: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Bytes at the places of the picture."""
        del shape
        return same_shape(scheme) or bytes_only(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """One comparison a sample."""
        del rng, steps
        return Guess(fitted(np.minimum(view.targets, 255 - view.targets), view))


class FoldColours(Attack):
    """fold-colours: colours under negative-positive and colour shuffling, from one cipher image.

    In raster order, each pixel takes that one of 6 orders and 8 inversions which lies nearest to the decoded neighbour:
    the left one in the first row, the upper one below it. The first pixel is a guess of the attacker's; the authors
    start from a known one, we from the candidate nearest to grey.
    """

    id: ClassVar[str] = "fold-colours"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "A. H. Chang, B. M. Case, arXiv 2004.13263 (2020), pixel-wise scheme, different keys"
    local: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Bytes at the places of the picture."""
        del shape
        return same_shape(scheme) or bytes_only(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """Greedy, so that an error spreads down its column."""
        del rng, steps
        if view.targets.shape[1:] != view.shape or view.targets.dtype != np.uint8:
            return Guess(blank(view))
        images = np.empty_like(view.targets)
        start = np.full((len(images), 1, view.shape[2]), 128, np.uint8)
        for column in range(view.shape[1]):
            start = images[:, 0, column : column + 1] = _nearest(view.targets[:, 0, column : column + 1], start)
        for row in range(1, view.shape[0]):
            images[:, row] = _nearest(view.targets[:, row], images[:, row - 1])
        return Guess(images)


def _nearest(pixels: U8, wanted: U8) -> U8:
    """Of each pixel's orders and inversions the one nearest to `wanted` in absolute differences. Both (n, w, c)."""
    folded = np.minimum(pixels, 255 - pixels).astype(np.int16)
    wanted16 = wanted.astype(np.int16)
    best, found = np.full(pixels.shape[:2], np.iinfo(np.int32).max), np.empty_like(wanted16)
    channels = pixels.shape[2]
    orders = permutations(range(channels)) if channels == 3 else [tuple(range(channels))]
    for order in orders:
        # For a given order every colour chooses its own inversion: the nearer of v and 255 - v.
        kept = folded[..., order]
        kept = np.where(np.abs(kept - wanted16) <= np.abs(255 - kept - wanted16), kept, 255 - kept)
        distance = np.abs(kept - wanted16).sum(axis=2)
        better = distance < best
        best, found = np.where(better, distance, best), np.where(better[..., None], kept, found)
    return found.astype(np.uint8)
