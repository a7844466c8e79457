"""link: which of a thousand plain candidates is behind a cipher image? The one that agrees in what the scheme keeps.

Nothing is redrawn: the guess is the chosen candidate. Inverting keeps |v - 127.5|, moving keeps the multiset of values,
LE keeps that of nibbles, an orthogonal matrix keeps the length of every patch, a table for half of the samples leaves
the other half where it was, a mask that repeats keeps the XOR of samples a period apart, and bits turned over at random
agree somewhat more often than not, which adds up over a picture. Every such trait is compared; each cipher image is
picked by the trait whose best candidate stands out most from the others, for it and for all cipher images on the mean;
an exact agreement stands out whatever the others are. Sizes are told anyway, where they differ. Against a cipher that
keeps nothing the pick is one in a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from imveil.attacks.base import Attack, Guess, View
from imveil.attacks.solvers.blocks import pieces, sides
from imveil.plans.transforms.ycbcr import to_ycbcr

OTHERS = 4.0  # a trait that stands out for all cipher images counts more than one that does for this one
PERIODS = (3, 4, 8, 16, 32, 64)
PLACES = 4096  # of large images this many samples are compared, evenly over them


class Link(Attack):
    """Distances in each trait, ratio of the best to the second best."""

    id: ClassVar[str] = "link"
    needs: ClassVar[frozenset[str]] = frozenset({"gallery"})
    paper: ClassVar[str] = "ours"

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """notes: sure, how far the picks stand out, on the mean."""
        del steps
        assert view.gallery is not None
        pick = rng.integers(0, len(view.gallery), len(view.targets))  # where nothing can be compared
        best = np.zeros(len(view.targets))
        for apart in _distances(view):
            sure = _standing_out(apart)
            sure = (sure + OTHERS * sure.mean()) / (1 + OTHERS)
            pick = np.where(sure > best, apart.argmin(axis=1), pick)
            best = np.maximum(best, sure)
        return Guess(view.gallery[pick], notes={"sure": float(best.mean())})


def _standing_out(apart: Any) -> Any:
    """How far each row's smallest distance stands out, (n,): its gap to the second in standard deviations of the rest,
    and the logarithm of the ratio of the two, which counts most where the smallest is zero."""
    if apart.shape[1] < 3:
        return np.ones(len(apart))
    ranked = np.sort(apart, axis=1).astype(np.float64)
    first, second, spread = ranked[:, 0], ranked[:, 1], np.maximum(ranked[:, 1:].std(axis=1), 1e-9)
    return (second - first) / spread + np.log((second + 1e-9) / (first + 1e-9))


def _distances(view: View) -> Iterator[Any]:
    """(targets, candidates) of distances, one trait after the other."""
    assert view.gallery is not None
    ciphers, gallery = view.targets, view.gallery
    if ciphers.dtype.kind == "f":
        for side in sides(view):
            yield _apart(*(np.sort(_lengths(a, side), axis=1) for a in (ciphers, gallery)))
        return
    if ciphers[0].size == gallery[0].size:
        plain = [gallery] if gallery.shape[3] != 3 or ciphers.shape[3] == 3 else [gallery, to_ycbcr(gallery)]
        ours = _counts(ciphers)
        for candidates in plain:
            theirs = _counts(candidates)
            for fold in (False, True):
                yield _apart(_spread(ours, fold), _spread(theirs, fold))
            if ciphers.dtype == np.uint8:
                yield _apart(*(_spread(_of_halves(counts), True) for counts in (ours, theirs)))
    if ciphers.shape[1:] == gallery.shape[1:]:
        yield _unequal(_folded(ciphers), _folded(gallery))
        if ciphers.dtype == np.uint8:
            ours, theirs = (_some(images.reshape(len(images), -1)) for images in (ciphers, gallery))
            for base in (2.0, 2**0.5):
                yield _bits_apart(ours, theirs, base)
            for lag in {1, *PERIODS, view.shape[1] * view.shape[2]}:
                if lag < ciphers[0].size:
                    yield _unequal(*(_lagged(images, lag) for images in (ciphers, gallery)))


def _apart(ours: Any, theirs: Any) -> Any:
    """Mean absolute difference of every cipher image's trait (n, k) from every candidate's (m, k)."""
    return np.stack([np.abs(theirs - one).mean(axis=1) for one in ours])


def _counts(images: Any) -> Any:
    """How often each byte occurs in each image, (n, 256); what is above 255 counts as 255."""
    rows = np.minimum(images.reshape(len(images), -1), 255)
    return np.stack([np.bincount(row, minlength=256) for row in rows])


def _of_halves(counts: Any) -> Any:
    """How often each value of half a byte occurs, (n, 16)."""
    pairs = counts.reshape(len(counts), 16, 16)
    return pairs.sum(axis=1) + pairs.sum(axis=2)


def _spread(counts: Any, fold: bool) -> Any:
    """The distribution of values, folded about the middle or not, as counts up to each value: (n, values)."""
    if fold:
        half = counts.shape[1] // 2
        counts = np.concatenate(
            [counts[:, :half] + counts[:, : half - 1 : -1], np.zeros_like(counts[:, half:])], axis=1
        )
    return np.cumsum(counts, axis=1).astype(np.float32)


def _folded(images: Any) -> Any:
    """Bytes folded about the middle, at some places, (n, k); what no picture has is 255, which no fold gives."""
    flat = _some(images.reshape(len(images), -1))
    return np.where(flat > 255, 255, np.minimum(flat, 255 - np.minimum(flat, 255))).astype(np.uint8)


def _some(rows: Any) -> Any:
    """Of large images some samples, (n, k), in an odd step so that all colours are among them."""
    return rows[:, :: 1 + 2 * (rows.shape[1] // (2 * PLACES))]


def _lagged(images: Any, lag: int) -> Any:
    """The XOR of samples this far apart, at some places, (n, k)."""
    rows = images.reshape(len(images), -1)
    return _some(rows[:, lag:]) ^ _some(rows[:, :-lag])


def _unequal(ours: Any, theirs: Any) -> Any:
    """The share of places where two differ. (n, k), (m, k) -> (n, m)."""
    counts = [(theirs != one).view(np.uint8).sum(axis=1, dtype=np.uint32) for one in ours]
    return np.stack(counts) / ours.shape[1]


def _bits_apart(ours: Any, theirs: Any, base: float) -> Any:
    """The share of bits that differ at the same place, bit b counting base^b. (n, k), (m, k) -> (n, m).

    Of bits that are turned over with probability 1 / (1 + e^eps_b) this is the likelihood, where eps_b grows so.
    """
    total, weights = np.zeros((len(ours), len(theirs)), np.float32), base ** np.arange(8)
    for bit, weight in enumerate(weights):
        one, other = ((a >> bit & 1).astype(np.float32) - 0.5 for a in (ours, theirs))
        total += np.float32(weight) * (one @ other.T)
    return 0.5 - 2 * total / (ours.shape[1] * weights.sum())


def _lengths(images: Any, side: int) -> Any:
    """Of every patch the length of its vector, (n, patches)."""
    return np.linalg.norm(pieces(images, side).astype(np.float64), axis=2)
