"""The masks of the last round, voted from pairs that agree, once its table is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from imveil.attacks.solvers.feedback import kernels
from imveil.attacks.solvers.feedback.asking import Group

SWEEPS = 4
SHARE = 0.03  # of places that are equal; by chance 0.004
LOOKED_AT = 768  # places
MOST = 40  # pairs of one group that vote


@dataclass
class Peeled:
    """The last round, as far as it is known. table: (256,); masks: (n,) uint8; solved: (n,) which of them are sure."""

    table: Any
    masks: Any
    solved: Any

    def halfway(self, ciphers: Any) -> Any:
        """Without the pass backwards, up to constants. (k, n)."""
        e = ciphers.copy()
        e[:, :-1] -= self.table[ciphers[:, 1:]]
        return e

    def before(self, ciphers: Any) -> Any:
        """What went into the round, moved, up to constants. (k, n)."""
        e = self.halfway(ciphers)
        d = e.copy()
        d[:, 1:] -= self.table[(e[:, :-1] - self.masks[1:]).astype(np.uint8)]
        return d


@dataclass(frozen=True)
class Reach:
    """How far one sample reaches. sample; places: (n,) which of the places of the last round it changes when two of
    its values agree."""

    sample: int
    places: Any


def solve(table: Any, groups: list[Group]) -> tuple[Peeled, list[Reach]]:
    """Vote, sweep after sweep: what is known helps to see which pairs agree. Reaches from the least to the most."""
    n = groups[0].ciphers.shape[1]
    peeled = Peeled(table, np.zeros(n, np.uint8), np.arange(n) == 0)
    halves = [peeled.halfway(group.ciphers) for group in groups]
    pairs: list[list[tuple[int, int]]] = []
    for sweep in range(SWEEPS):
        known = peeled.solved.sum()
        pairs = [_agreeing(peeled, group, half, sweep == 0) for group, half in zip(groups, halves)]
        one, other = (
            np.concatenate([half[[pair[side] for pair in some[:MOST]]] for half, some in zip(halves, pairs) if some])
            for side in (0, 1)
        )
        counts = np.zeros((n, 256), np.int64)
        kernels.votes(one, other, table, counts)
        ranked = np.sort(counts, axis=1)
        peeled.masks = counts.argmax(axis=1).astype(np.uint8)
        peeled.solved = (ranked[:, -1] >= 4) & (ranked[:, -1] > 2 * ranked[:, -2])
        peeled.solved[0] = True
        if sweep and peeled.solved.sum() == known:
            break
    reaches = []
    for group, some in zip(groups, pairs):
        if some:
            d, places = peeled.before(group.ciphers), np.zeros(n, bool)
            for a, b in some[:MOST]:
                places |= d[a] != d[b]
            reaches.append(Reach(group.sample, places & peeled.solved))
    return peeled, sorted(reaches, key=lambda one: int(one.places.sum()))


def _agreeing(peeled: Peeled, group: Group, half: Any, first: bool) -> list[tuple[int, int]]:
    """Pairs of rows that agree: at the beginning, as long as nothing else is known; else in many places."""
    if first:
        seen, least = half[:, :5], 1.0
    else:
        places = np.flatnonzero(peeled.solved)
        seen, least = peeled.before(group.ciphers)[:, places[:: max(1, len(places) // LOOKED_AT)]], SHARE
    found = []
    for a in range(len(seen) - 1):
        same = (seen[a + 1 :] == seen[a]).mean(axis=1)
        found += [(a, a + 1 + int(b)) for b in np.flatnonzero(same >= least)]
    return found
