"""link: which of a thousand plain candidates is behind a cipher image? The one that agrees in what the scheme keeps.

Nothing is redrawn: the guess is the chosen candidate. Inverting keeps |v - 127.5|, moving keeps the multiset of values,
LE keeps that of nibbles, an orthogonal matrix keeps the length of every patch, a table for half of the samples leaves
the other half where it was. Every such trait is compared; each cipher image is picked by the trait whose best candidate
stands out most from its second best, and an exact agreement stands out completely. Sizes are told anyway, where they
differ. Against a cipher that keeps nothing the pick is one in a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from imveil.lab import codes
from imveil.lab.attack import Attack, Guess, View
from imveil.lab.pieces import pieces, sides


class Link(Attack):
    """Distances in each trait, ratio of the best to the second best."""

    id: ClassVar[str] = "link"
    needs: ClassVar[frozenset[str]] = frozenset({"gallery"})
    paper: ClassVar[str] = "ours"

    def run(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """notes: sure, the mean ratio test (1: the pick agrees exactly and no other candidate does)."""
        del steps
        assert view.gallery is not None
        pick = rng.integers(0, len(view.gallery), len(view.targets))  # where nothing can be compared
        best = np.zeros(len(view.targets))
        for apart in _distances(view):
            near = np.partition(apart, min(1, apart.shape[1] - 1), axis=1)[:, :2]
            sure = 1 - near[:, 0] / np.maximum(near[:, -1], 1e-12)
            pick = np.where(sure > best, apart.argmin(axis=1), pick)
            best = np.maximum(best, sure)
        return Guess(view.gallery[pick], notes={"sure": float(best.mean())})


def _distances(view: View) -> Iterator[Any]:
    """(targets, candidates) of distances, one trait after the other."""
    assert view.gallery is not None
    ciphers, gallery = view.targets, view.gallery
    if ciphers.dtype.kind == "f":
        for side in sides(view):
            yield _apart(*(np.sort(_lengths(a, side), axis=1) for a in (ciphers, gallery)))
        return
    if ciphers[0].size == gallery[0].size:
        plain = [gallery] if gallery.shape[3] != 3 or ciphers.shape[3] == 3 else [gallery, _planes(gallery)]
        for candidates in plain:
            for values, fold in ((256, False), (256, True)):
                yield _apart(_spread(ciphers, values, fold), _spread(candidates, values, fold))
            if ciphers.dtype == np.uint8:
                halves = [codes.halves(a.reshape(len(a), -1)) for a in (ciphers, candidates)]
                yield _apart(_spread(halves[0], 16, True), _spread(halves[1], 16, True))
    if ciphers.shape[1:] == gallery.shape[1:]:
        yield _unequal(ciphers, gallery)


def _apart(ours: Any, theirs: Any) -> Any:
    """Mean absolute difference of every cipher image's trait (n, k) from every candidate's (m, k)."""
    return np.stack([np.abs(theirs - one).mean(axis=1) for one in ours])


def _spread(images: Any, values: int, fold: bool) -> Any:
    """The distribution of values, folded about the middle or not, as counts up to each value: (n, values)."""
    flat = images.reshape(len(images), -1).astype(np.int64)
    flat = np.minimum(flat, values - 1)
    flat = np.minimum(flat, values - 1 - flat) if fold else flat
    places = (flat + values * np.arange(len(flat))[:, None]).ravel()
    counts = np.bincount(places, minlength=values * len(flat)).reshape(len(flat), values)
    return np.cumsum(counts, axis=1).astype(np.float32)


def _unequal(ciphers: Any, gallery: Any) -> Any:
    """The share of samples, folded, that differ at the same place."""
    theirs = np.minimum(gallery, 255 - gallery).reshape(len(gallery), -1)
    ours = np.where(ciphers > 255, -1, np.minimum(ciphers.astype(np.int32), 255 - ciphers.astype(np.int32)))
    return np.stack([(theirs != one.ravel()).mean(axis=1) for one in ours])


def _lengths(images: Any, side: int) -> Any:
    """Of every patch the length of its vector, (n, patches)."""
    return np.linalg.norm(pieces(images, side).astype(np.float64), axis=2)


def _planes(images: Any) -> Any:
    """Y, Cb and Cr of full range (JFIF), as bytes."""
    r, g, b = (images[..., i].astype(np.float32) for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    found = np.stack([y, 128 + (b - y) / 1.772, 128 + (r - y) / 1.402], axis=-1)
    return found.round().clip(0, 255).astype(np.uint8)
