"""sum-members: who of many candidates is in a total? A total is linear in "this one is in it", so least squares says.

With Gram matrix (z_i . z_j)^2 for the second moments, and z_i . z_j between candidates of one class for the class sums,
each weighted as the release is. Noise of known size is met with the ridge that is optimal for it.
"""

from __future__ import annotations

import numpy as np

from imveil.attacks.messages.base import Claim, Evidence, MessageAttack, have


class SumMembers(MessageAttack):
    """Exact totals of candidates alone fall without an error; strangers in the sum, and noise, protect."""

    id = "sum-members"
    needs = frozenset({"total", "candidates"})
    measure = "auc"

    def run(self, evidence: Evidence) -> Claim:
        """A membership score for each candidate."""
        total, z, labels = evidence.total, evidence.candidates, evidence.labels
        have(total)
        have(z)
        have(labels)
        assert total is not None and z is not None and labels is not None  # noqa: PT018
        wide, narrow = total.weight**2, 1 - total.weight**2
        inner = z @ z.T
        gram = wide * inner**2 + narrow * (labels[:, None] == labels) * inner
        seen = wide * np.einsum("ij,jk,ik->i", z, total.second, z)
        seen = seen + narrow * np.einsum("ij,ij->i", z, total.classes.T[labels])
        # In the release's own units the noise is total.noise * weight; a priori each candidate is in it or not.
        ridge = 4 * (total.noise * total.weight) ** 2
        count = float(total.classes[-1].sum() / z[0, -1])
        if not ridge:
            ridge = 1e-9 if count <= len(z) + 0.5 else 1e-1  # more pictures than candidates: strangers
        scores = np.linalg.solve(gram + ridge * np.eye(len(z)), seen - gram.sum(axis=1) * 0.5)
        return Claim(scores)
