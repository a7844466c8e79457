"""round-twice: two masked sums of one owner in one round have the same masks; their difference is bare."""

from __future__ import annotations

import numpy as np

from imveil.attacks.messages._difference import named
from imveil.attacks.messages.base import Claim, Evidence, MessageAttack, have


class RoundTwice(MessageAttack):
    """The reason for a ledger that enters a round and step once."""

    id = "round-twice"
    needs = frozenset({"messages", "candidates"})
    measure = "share"

    def run(self, evidence: Evidence) -> Claim:
        """The candidate that is in the first message and not in the second."""
        messages, z = evidence.messages, evidence.candidates
        have(messages)
        have(z)
        assert messages is not None and z is not None  # noqa: PT018
        words = (messages[0] - messages[1]).view(np.int64)
        rows = z.shape[1]
        second = np.zeros((rows, rows))
        second[np.triu_indices(rows)] = words[: rows * (rows + 1) // 2] * 2.0**-36
        return named(second + np.triu(second, 1).T, z)
