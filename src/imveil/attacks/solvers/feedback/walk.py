"""The first round's table, and which place of the last round follows which in the first round's walk.

While two samples at the end of the walk take random values, every place below them shows a bijection of what any one
of them shows; neighbours show the same table up to shifts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from imveil.attacks.solvers.feedback import kernels
from imveil.attacks.solvers.feedback.asking import Asker
from imveil.attacks.solvers.feedback.masks import Peeled, Reach

PART, MOST = 400, 4000  # pictures
GAP = (5, 60)  # places between two samples, among which neighbours are looked for
GAPS = 4


@dataclass(frozen=True)
class Walk:
    """tables: (256,), from each place to the one below it, the likelier first.   ups: for each of them, of the places
    that have one, the place above and the mask: {place: (place, mask)}."""

    tables: list[Any]
    ups: list[dict[int, tuple[int, int]]]


def find(ask: Asker, peeled: Peeled, reaches: list[Reach], rng: np.random.Generator) -> Walk | None:
    """Both; None where too little is left to ask, or where no table stands out."""
    one, two = reaches[0], reaches[1]
    low = np.flatnonzero(peeled.solved & ~one.places & ~two.places)
    seen = np.zeros((0, len(low)), np.uint8)
    while len(seen) < MOST and ask.left >= PART and len(low):
        rows = np.zeros((PART, ask.n), np.uint8)
        rows[:, one.sample], rows[:, two.sample] = rng.integers(0, 256, (2, PART))
        seen = np.concatenate([seen, peeled.before(ask(rows))[:, low]])
        if len(np.unique(seen[:, 0])) >= 255:
            break
    maps = _maps(seen) if len(seen) else None
    if maps is None:
        return None
    good = np.array([len(set(one.tolist())) == 256 for one in maps])
    low, maps = low[good], maps[good]
    table = _table(maps, low, reaches)
    if table is None:
        return None
    digests = kernels.digests(maps)
    order = np.argsort(digests)
    linked = kernels.followers(maps, table, digests[order], order)
    inverse = np.argsort(table).astype(np.uint8)
    # Which of both leads downwards no statistic has told yet: both are tried.
    links = [(p, q) for p, q in enumerate(linked) if q >= 0]
    turned = [(q, p) for p, q in links]
    return Walk([table, inverse], [_ups(maps, low, turned, table), _ups(maps, low, links, inverse)])


def _maps(seen: Any) -> Any:
    """(places, 256): what each place shows while the first shows 0 to 255; a value that was not seen is the one left
    over. None where more than one is missing."""
    first = np.full(256, -1)
    first[seen[:, 0]] = np.arange(len(seen))
    missing = np.flatnonzero(first < 0)
    if len(missing) > 1:
        return None
    maps = seen[first.clip(min=0)].T.copy()
    if len(missing):
        (gap,) = missing
        rest = np.delete(maps, gap, axis=1).astype(np.int64)
        maps[:, gap] = (255 * 128 - rest.sum(axis=1)) % 256
    return maps


def _table(maps: Any, low: Any, reaches: list[Reach]) -> Any:
    """What neighbours have in common: of all pairs in some small gaps, the map that occurs most often up to shifts."""
    at = {int(p): i for i, p in enumerate(low)}
    gaps = []
    for one, two in pairwise(reaches[1:]):
        gap = [at[int(p)] for p in np.flatnonzero(two.places & ~one.places) if int(p) in at]
        if GAP[0] <= len(gap) <= GAP[1]:
            gaps.append(gap)
    counts: Counter[bytes] = Counter()
    found: dict[bytes, Any] = {}
    for gap in sorted(gaps, key=len)[:GAPS]:
        for p in gap:
            back = np.argsort(maps[p])
            for q in gap:
                if p != q:
                    table = maps[q][back].astype(np.uint8)
                    name = _shiftless(table)
                    counts[name] += 1
                    found.setdefault(name, table)
    if not counts or counts.most_common(1)[0][1] < 3:
        return None
    return found[counts.most_common(1)[0][0]]


def _shiftless(table: Any) -> bytes:
    """The same for every table that differs in shifts of what goes in and what comes out."""
    steps: bytes = np.diff(table, append=table[:1]).tobytes()
    twice = steps + steps
    return min(twice[i : i + 256] for i in range(256))


def _ups(maps: Any, low: Any, links: list[tuple[int, int]], table: Any) -> dict[int, tuple[int, int]]:
    """The mask of each link (place, place above)."""
    found: dict[int, tuple[int, int]] = {}
    masks = np.arange(256)[:, None]
    for p, q in links:
        left = (maps[p] - table[(maps[q][None] - masks).astype(np.uint8)]).astype(np.uint8)
        fits = np.flatnonzero((left == left[:, :1]).all(axis=1))
        if len(fits):
            found[int(low[p])] = (int(low[q]), int(fits[0]))
    return found
