"""chang-li: the published chosen-plaintext attack on pixel-wise negative-positive, as its authors' code does it.

One picture of constant (1, 2, 3) is encrypted. Where its cipher sample is above 127 the sample was inverted, so the
target's is inverted back; then the colour that shows 1 goes first, the one that shows 2 second, 3 third. Exact where
the cipher is that and nothing else; a sequence in place of the single value 255 defeats the procedure, and that is all
that it defeats.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import bytes_only, one_key, same_shape
from imveil.attacks.base import Attack, Guess, View, fitted


class ChangLi(Attack):
    """One chosen picture, two readings of it."""

    id: ClassVar[str] = "chang-li"
    needs: ClassVar[frozenset[str]] = frozenset({"oracle"})
    paper: ClassVar[str] = "A. H. Chang, B. M. Case, arXiv 2004.13263 (2020), pixel-wise scheme, same key"
    finds_key: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """One key, and bytes at the places of the picture."""
        del shape
        return one_key(scheme) or same_shape(scheme) or bytes_only(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """A colour that nobody shows stays as it came, as in the authors' code."""
        del rng, steps
        assert view.oracle is not None
        marks = np.arange(1, view.shape[2] + 1, dtype=np.uint8)
        cipher = view.oracle(np.broadcast_to(marks, (1, *view.shape)).copy())
        targets = fitted(view.targets, view)
        if cipher.shape[1:] != view.shape:
            return Guess(targets)
        inverted = cipher > 127
        shown = np.where(inverted, 255 - cipher, cipher)[0]
        targets = np.where(inverted, 255 - targets, targets)
        images = targets.copy()
        for channel in range(view.shape[2]):
            found = shown == marks[channel]
            source = np.where(found.any(axis=2), found.argmax(axis=2), channel)
            images[..., channel] = np.take_along_axis(targets, source[None, ..., None], axis=3)[..., 0]
        return Guess(images.astype(np.uint8))
