"""embedding-inversion: what a released embedding would show, which no round releases: a decoder draws the picture.

The decoder is learnt on public pictures and their embeddings: least squares with a ridge, on the numbers and on random
features of them. Who has the picture itself among candidates needs no decoder: he embeds them all and compares.
"""

from __future__ import annotations

import numpy as np

from imveil.attacks.messages.base import F64, Claim, Evidence, MessageAttack, have

_FEATURES, _SEED = 2048, 20161
_RIDGES = (1e-5, 1e-4, 1e-3, 1e-2)  # as shares of the mean eigenvalue
_TOLD = 192  # pixels, spread over the picture, by which drawings are compared


class EmbeddingInversion(MessageAttack):
    """The reason why sums leave an owner, and embeddings do not."""

    id = "embedding-inversion"
    needs = frozenset({"embeddings", "public", "candidates"})
    measure = "share"
    paper = "A. Dosovitskiy, T. Brox, CVPR 2016"

    def run(self, evidence: Evidence) -> Claim:
        """Which candidate picture (n, pixels) each embedding shows; `values` are the pictures that were drawn."""
        rows, public, pictures = evidence.embeddings, evidence.public, evidence.candidates
        have(rows)
        have(public)
        have(pictures)
        assert rows is not None and public is not None and pictures is not None  # noqa: PT018
        known, seen = public
        mean, told = seen.mean(axis=0), slice(None, None, max(1, seen.shape[1] // _TOLD))
        decoder, missed = _decoder(_features(known), seen - mean, told)
        drawn = _features(rows) @ decoder
        # How much likelier is a candidate given the drawing, as drawings of public pictures miss them, than without it?
        likely, before = np.linalg.inv(missed), np.linalg.inv(_spread((seen - mean)[:, told]))
        candidates = (pictures - mean)[:, told]
        own = np.einsum("ij,jk,ik->i", candidates, likely - before, candidates)
        return Claim(2 * drawn[:, told] @ likely @ candidates.T - own, drawn + mean)


def _features(rows: F64) -> F64:
    """The numbers, a constant, and what random planes cut off them."""
    planes = np.random.default_rng(_SEED).normal(size=(rows.shape[1], _FEATURES))
    cut = np.maximum(rows @ planes, 0) / np.sqrt(_FEATURES)
    return np.concatenate([rows, cut, np.full((len(rows), 1), 0.3)], axis=1)


def _decoder(x: F64, pixels: F64, told: slice) -> tuple[F64, F64]:
    """(features, pixels), with the ridge that draws the last tenth best when the rest is learnt from; and the
    covariance of what it misses there. Both are told by some pixels."""
    few = len(x) - max(1, len(x) // 10)
    gram, mixed = x[:few].T @ x[:few], x[:few].T @ pixels[:few]
    unit = np.trace(gram) / len(gram) * np.eye(len(gram))
    left = [x[few:] @ np.linalg.solve(gram + r * unit, mixed[:, told]) - pixels[few:, told] for r in _RIDGES]
    best = int(np.argmin([np.square(one).mean() for one in left]))
    missed = _spread(left[best])
    whole, more = gram + x[few:].T @ x[few:], mixed + x[few:].T @ pixels[few:]
    return np.asarray(np.linalg.solve(whole + _RIDGES[best] * unit, more), np.float64), missed


def _spread(x: F64) -> F64:
    """The second moments of rows, none of them nearly zero: (n, numbers) -> (numbers, numbers)."""
    found = x.T @ x / len(x)
    return np.asarray(found + 1e-2 * np.trace(found) / len(found) * np.eye(len(found)), np.float64)
