"""The table of the last round, from two pictures that agree in most of what goes into it.

Up to the first place where they differ, f[i] - g[i] = T[f[i + 1]] - T[g[i + 1]]: edges of a graph on 256 values, whose
cycles close. A pair that does not agree fails at its first cycle with 255 in 256.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from imveil.attacks.solvers.feedback import kernels
from imveil.attacks.solvers.feedback.asking import Asker, Group

CYCLES = 3  # that close where pairs of rows agree
LEAST, PLACES = 60, 70  # over which a pair is looked at
SURE = 0.85  # of the places before a contradiction, which comes somewhat late
ENOUGH = 12  # agreeing pairs among all 256 values of a sample


def find(ask: Asker, groups: Iterator[Group]) -> tuple[Any, Group, list[Group]] | None:
    """The table up to a constant (256,), all values of the sample that gave it away, and all groups that were asked
    for on the way; None where there is nothing left to ask."""
    seen: list[Group] = []
    for group in groups:
        seen.append(group)
        couple = _couple(group.ciphers)
        if couple is None or ask.left < 256:
            continue
        rows, places = couple
        whole = ask.group(group.sample, np.arange(256), group.base)
        f, g, h, k = group.ciphers[rows]
        pairs = kernels.like(whole.ciphers, f, g, h, k, int(SURE * places), CYCLES)
        table = _read(whole.ciphers, pairs) if len(pairs) >= ENOUGH else None
        if table is not None:
            return table, whole, seen
    return None


def _couple(ciphers: Any) -> tuple[list[int], int] | None:
    """Four rows that are two pairs, or one pair twice, and the places over which they agree so well that it is no
    chance. Only pairs that say the same of some two values are tried together."""
    pairs = np.array(kernels.lasting(ciphers, LEAST)).reshape(-1, 3)
    for a, b, closed in pairs:
        if closed >= CYCLES:
            return [a, b, a, b], kernels.together(*ciphers[[a, b, a, b]])[0]
    said = np.array(kernels.claims(ciphers, pairs, PLACES)).reshape(-1, 2)
    said = said[np.argsort(said[:, 0], kind="stable")]
    tried = set()
    for step in (1, 2):  # three pairs may say the same
        same = said[step:, 0] == said[:-step, 0]
        tried |= set(zip(said[:-step][same, 1].tolist(), said[step:][same, 1].tolist()))
    for one, two in sorted(tried):
        rows = [*pairs[one][:2], *pairs[two][:2]]
        places, closed = kernels.together(*ciphers[rows])
        if closed >= CYCLES:
            return rows, places
    return None


def _read(ciphers: Any, pairs: Any) -> Any:
    """The table from all pairs, as far as they agree with each other."""
    upto = int(np.median([places for _, _, places in pairs]))
    while upto > 20:
        table = _propagated(ciphers, [pair for pair in pairs if pair[2] >= upto], upto)
        if table is not None:
            return table
        upto -= 1
    return None


def _propagated(ciphers: Any, pairs: Any, upto: int) -> Any:
    """(256,) uint8 that satisfies every edge of the first `upto` places; None where there is none, or several."""
    edges: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for a, b, _ in pairs:
        f, g = ciphers[a].astype(int), ciphers[b].astype(int)
        for i in range(upto):
            edges[f[i + 1]].append((g[i + 1], g[i] - f[i]))
            edges[g[i + 1]].append((f[i + 1], f[i] - g[i]))
    if not edges:
        return None
    found, todo = np.full(256, -1), [next(iter(edges))]
    found[todo[0]] = 0
    while todo:
        x = todo.pop()
        for y, step in edges[x]:
            value = (found[x] + step) % 256
            if found[y] < 0:
                found[y] = value
                todo.append(y)
            elif found[y] != value:
                return None
    return found.astype(np.uint8) if len(set(found.tolist())) == 256 and found.min() >= 0 else None
