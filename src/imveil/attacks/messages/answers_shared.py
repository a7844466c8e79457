"""answers-shared: what an owner opened goes back to the cloud. Where opening is approximate, it holds the key's noise.

A ciphertext (b, a) of an approximate scheme opens to b + a s itself, noise and all. Whoever knows that, and the
ciphertext, solves for the key s. Only the real part of the slots is shared, so that an answer gives one equation in s
and its conjugate; two answers under one key are enough. Exact schemes round the noise away, and nothing is left.
"""

from __future__ import annotations

import numpy as np

from imveil.attacks.messages import _ring
from imveil.attacks.messages.base import Claim, Evidence, MessageAttack, have


class AnswersShared(MessageAttack):
    """The reason for exact BFV, and for a key that dies with its query."""

    id = "answers-shared"
    needs = frozenset({"opened", "candidates"})
    measure = "share"
    paper = "B. Li, D. Micciancio, Eurocrypt 2021"

    def run(self, evidence: Evidence) -> Claim:
        """Which candidate each query is about, read with the key; `values` is the key."""
        opened, rows = evidence.opened, evidence.candidates
        have(opened)
        have(rows)
        assert opened is not None and rows is not None  # noqa: PT018
        q = opened.prime
        known = []
        for (b, a), twice in zip(opened.answered[:2], opened.twice[:2], strict=True):
            at = [_ring.values(x, q) for x in (twice - b - _ring.conjugate(b, q), a, _ring.conjugate(a, q))]
            known.append(at)
        (k, a, c), (k2, a2, c2) = known
        secret = (k * c2 - k2 * c) * _ring.inverse((a * c2 - a2 * c) % q, q) % q
        read = []
        for b, a in opened.asked:
            phase = _ring.polynomial((_ring.values(b, q) + _ring.values(a, q) * secret) % q, q)
            read.append(_ring.centred(phase, q)[: rows.shape[1]].astype(np.float64) / opened.scale)
        distance = np.linalg.norm(np.array(read)[:, None] - rows, axis=2)
        return Claim(-distance, _ring.centred(_ring.polynomial(secret, q), q).astype(np.float64))
