"""differencing: two honest totals that differ by one picture give away its row, and so the picture among candidates."""

from __future__ import annotations

from imveil.attacks.messages._difference import named
from imveil.attacks.messages.base import Claim, Evidence, MessageAttack, have


class Differencing(MessageAttack):
    """The reason for a ledger that knows sets that differ by few pictures."""

    id = "differencing"
    needs = frozenset({"total", "other", "candidates"})
    measure = "share"

    def run(self, evidence: Evidence) -> Claim:
        """The candidate that is in `total` and not in `other`."""
        total, other, z = evidence.total, evidence.other, evidence.candidates
        have(total)
        have(other)
        have(z)
        assert total is not None and other is not None and z is not None  # noqa: PT018
        return named(total.second - other.second, z)
