"""head-extraction: whoever may ask with rows of his own reads the whole head from as many questions as it has rows."""

from __future__ import annotations

import numpy as np

from imveil.attacks.messages.base import Claim, Evidence, MessageAttack, have


class HeadExtraction(MessageAttack):
    """Nothing in a query protects the head from who asks: limit questions, or do not call the head a secret."""

    id = "head-extraction"
    needs = frozenset({"ask", "candidates"})
    measure = "share"
    paper = "F. Tramer et al., USENIX Security 2016"

    def run(self, evidence: Evidence) -> Claim:
        """The weights, and with them the classes of the candidates: (n, classes) scores."""
        ask, z = evidence.ask, evidence.candidates
        have(ask)
        have(z)
        assert ask is not None and z is not None  # noqa: PT018
        weights = ask(np.eye(z.shape[1]))
        return Claim(z @ weights, weights)
