"""head-membership: a head fits the pictures that it was made from better than others: the smaller the loss, the
surer."""

from __future__ import annotations

import numpy as np

from imveil.attacks.messages.base import Claim, Evidence, MessageAttack, have


class HeadMembership(MessageAttack):
    """Near certain for ten pictures, a coin's toss for a hundred pictures a number."""

    id = "head-membership"
    needs = frozenset({"head", "candidates"})
    measure = "auc"
    paper = "S. Yeom et al., CSF 2018"

    def run(self, evidence: Evidence) -> Claim:
        """Minus the squared error of each candidate's scores."""
        head, z, labels = evidence.head, evidence.candidates, evidence.labels
        have(head)
        have(z)
        have(labels)
        assert head is not None and z is not None and labels is not None  # noqa: PT018
        return Claim(-np.square(z @ head - np.eye(head.shape[1])[labels]).sum(axis=1))
