"""link: which of many encrypted queries is about the same picture as this one? By the bytes alone: correlation."""

from __future__ import annotations

import numpy as np

from imveil.attacks.messages.base import Claim, Evidence, MessageAttack, have


class Link(MessageAttack):
    """Finds every pair at once where randomness repeats, and none where each query has a key and noise of its own."""

    id = "link"
    needs = frozenset({"ciphertexts"})
    measure = "share"

    def run(self, evidence: Evidence) -> Claim:
        """(n, n): the likeness of each query of the first half to each of the second."""
        blobs = evidence.ciphertexts
        have(blobs)
        assert blobs is not None
        half = len(blobs) // 2
        x = blobs.astype(np.float64) - 127.5
        x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        return Claim(x[:half] @ x[half:].T)
