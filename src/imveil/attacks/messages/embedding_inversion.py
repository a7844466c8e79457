"""embedding-inversion: what a released embedding would show, which no round releases: a decoder draws the picture.

The decoder is learnt on public pictures and their embeddings: least squares with a ridge, on the numbers and on random
features of them. Who has the picture itself among candidates needs no decoder: he embeds them all and compares.
"""

from __future__ import annotations

import numpy as np

from imveil.attacks.messages.base import F64, Claim, Evidence, MessageAttack, have

_FEATURES, _SEED = 2048, 20161
_RIDGES = (1e-5, 1e-4, 1e-3, 1e-2)  # as shares of the mean eigenvalue


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
        mean = seen.mean(axis=0)
        drawn = _features(rows) @ _decoder(_features(known), seen - mean)
        return Claim(_unit(drawn) @ _unit(pictures - mean).T, drawn + mean)


def _features(rows: F64) -> F64:
    """The numbers, a constant, and what random planes cut off them."""
    planes = np.random.default_rng(_SEED).normal(size=(rows.shape[1], _FEATURES))
    cut = np.maximum(rows @ planes, 0) / np.sqrt(_FEATURES)
    return np.concatenate([rows, cut, np.full((len(rows), 1), 0.3)], axis=1)


def _decoder(x: F64, pixels: F64) -> F64:
    """(features, pixels): the ridge is the one that draws the last tenth best when the rest is learnt from,
    told by some 200 pixels."""
    few, some = len(x) - max(1, len(x) // 10), slice(None, None, max(1, pixels.shape[1] // 200))
    gram, mixed = x[:few].T @ x[:few], x[:few].T @ pixels[:few]
    unit = np.trace(gram) / len(gram) * np.eye(len(gram))
    tried = [np.linalg.solve(gram + ridge * unit, mixed[:, some]) for ridge in _RIDGES]
    best = int(np.argmin([np.square(x[few:] @ one - pixels[few:, some]).mean() for one in tried]))
    whole, more = gram + x[few:].T @ x[few:], mixed + x[few:].T @ pixels[few:]
    return np.asarray(np.linalg.solve(whole + _RIDGES[best] * unit, more), np.float64)


def _unit(x: F64) -> F64:
    x = x - x.mean(axis=1, keepdims=True)
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12), np.float64)
