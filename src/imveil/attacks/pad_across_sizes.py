"""pad-across-sizes: one known picture of another size opens pictures, where the short stream begins the long one.

A scheme that XORs a key stream, or reads inversions and colour orders off one, reads the same stream for every size. So
a known picture gives the stream as far as it reaches, sample by sample: XOR, or where every pixel kept its three values
up to inversion, of each pixel an order of colours and three signs. Samples that it does not reach stay grey. Streams
that depend on the size, or whose numbers are put in another order for each size, do not give way to it.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import bytes_only, one_key, same_shape
from imveil.attacks.base import Attack, Guess, View, blank


class PadAcrossSizes(Attack):
    """A stream read off pictures of another size, applied from its beginning."""

    id: ClassVar[str] = "pad-across-sizes"
    needs: ClassVar[frozenset[str]] = frozenset({"other_pairs"})
    paper: ClassVar[str] = "ours: reuse of a key stream"
    finds_key: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """A stream of one key for the samples of a picture, one after the other."""
        del shape
        blocks = "" if scheme.traits.tile == 1 else "blocks, and no stream of samples"
        return one_key(scheme) or same_shape(scheme) or bytes_only(scheme) or blocks

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """notes: reached, the share of samples that the known pictures reach."""
        del rng, steps
        assert view.other_pairs is not None
        plain, cipher = view.other_pairs
        channels = view.shape[2]
        if view.targets.shape[1:] != view.shape or not len(plain) or plain.shape[3] != channels:
            return Guess(blank(view))
        if any(images.dtype != np.uint8 for images in (cipher, view.targets)) or cipher.shape != plain.shape:
            return Guess(blank(view))
        known, hidden, targets = (a.reshape(len(a), -1, channels) for a in (plain, cipher, view.targets))
        found = np.full_like(targets, 128)
        reach = min(known.shape[1], targets.shape[1])
        known, hidden, seen = known[:, :reach], hidden[:, :reach], targets[:, :reach]
        orders = list(permutations(range(channels))) if channels == 3 else [tuple(range(channels))]
        left = np.ones(reach, bool)
        for order in orders:  # cipher colour k of a pixel is its colour order[k], inverted or not
            mask = known[..., list(order)] ^ hidden
            fits = left & ((mask == mask[0]) & np.isin(mask, (0, 255))).all(axis=(0, 2))
            found[:, np.flatnonzero(fits)[:, None], list(order)] = seen[:, fits] ^ mask[0, fits]
            left &= ~fits
        if left.any():  # no scheme of inversions: the XOR is all there is to it
            found[:, :reach] = seen ^ known[0] ^ hidden[0]
        return Guess(found.reshape(view.targets.shape), notes={"reached": reach / targets.shape[1]})
