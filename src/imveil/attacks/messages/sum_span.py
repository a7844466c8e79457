"""sum-span: is a picture in a total, asked of that picture alone? Rows that are in it lie in its span, or near it."""

from __future__ import annotations

import numpy as np

from imveil.attacks.messages.base import Claim, Evidence, MessageAttack, have


class SumSpan(MessageAttack):
    """Certain for fewer pictures than numbers; fades as the sum grows, gone at a hundred pictures a number."""

    id = "sum-span"
    needs = frozenset({"total", "candidates"})
    measure = "auc"

    def run(self, evidence: Evidence) -> Claim:
        """Minus the distance from the span, or minus the leverage."""
        total, z = evidence.total, evidence.candidates
        have(total)
        have(z)
        assert total is not None and z is not None  # noqa: PT018
        values, axes = np.linalg.eigh(total.second)
        if total.noise:
            return Claim(np.einsum("ij,jk,ik->i", z, total.second, z))
        inside = values > 1e-9 * values[-1]
        if not inside.all():
            kept = axes[:, inside]
            return Claim(-np.linalg.norm(z - (z @ kept) @ kept.T, axis=1))
        inverse = (axes / values) @ axes.T
        return Claim(-np.einsum("ij,jk,ik->i", z, inverse, z))
