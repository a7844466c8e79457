"""Where in the picture every sample of the walk stands, from nine random pictures.

Nine samples up to a constant are a word that no other place has. Where the place that follows in the walk is known,
256 masks are looked up; where it is not, two tables of words meet in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imveil.attacks.solvers.feedback import kernels
from imveil.attacks.solvers.feedback.masks import Peeled

PICTURES = 9


@dataclass(frozen=True)
class Undo:
    """Both rounds backwards. order: (n,) places of the last round along the first round's walk; place: (n,) of the
    picture; following, before: (n,) masks; const: (n,) what is left to add."""

    peeled: Peeled
    table: Any
    order: Any
    place: Any
    following: Any
    before: Any
    const: Any

    def __call__(self, ciphers: Any) -> Any:
        """Pictures (k, n)."""
        b = self.peeled.before(ciphers)[:, self.order]
        a = b.copy()
        a[:, :-1] -= self.table[(b[:, 1:] - self.following[:-1]).astype(np.uint8)]
        x = a.copy()
        x[:, 1:] -= self.table[(a[:, :-1] - self.before[1:]).astype(np.uint8)]
        out = np.empty_like(x)
        out[:, self.place] = x
        return out + self.const


def find(peeled: Peeled, table: Any, ups: dict[int, tuple[int, int]], pictures: Any, ciphers: Any) -> Undo | None:
    """The whole walk from its first sample on; None where it is lost.

    Parameters
    ----------
    pictures, ciphers
        (PICTURES, n) random pictures and what became of them.
    """
    n = pictures.shape[1]
    peeled = Peeled(peeled.table, peeled.masks.copy(), peeled.solved.copy())
    e, d = peeled.halfway(ciphers), peeled.before(ciphers)
    words = _words(pictures)
    rank = np.argsort(words)
    ranked = words[rank]

    def place_of(values: Any) -> int:
        at = int(np.searchsorted(ranked, kernels.word(values)))
        return int(rank[at]) if at < n and ranked[at] == kernels.word(values) else -1

    def left(p: int, q: int, mask: int) -> Any:
        return (d[:, p] - table[(d[:, q] - np.uint8(mask)).astype(np.uint8)]).astype(np.uint8)

    starts = [(p, place_of(left(p, *up))) for p, up in ups.items()]
    start = next(((p, j) for p, j in starts if j >= 0), None)
    if start is None:
        return None
    p, below = start[0], {q for q, _ in ups.values()}
    order, place, following, before = [p], [start[1]], [], [0]
    used = np.zeros(n, bool)
    used[p] = True
    a: Any = None
    while len(order) < n:
        if p in ups:
            q, mask = ups[p]
            now = left(p, q, mask)
            at = 0 if a is None else _mask_of(now, a, table, place_of)
            if at < 0:
                return None
            if a is not None:
                before.append(at)
                place.append(place_of((now - table[(a - np.uint8(at)).astype(np.uint8)]).astype(np.uint8)))
        else:
            fed = kernels.fed(pictures, table, a)
            by = np.argsort(fed)
            cells, sorted_ = kernels.bitmap(fed), fed[by]
            free = ~used
            free[list(below)] = False
            met = (-1, -1, -1, -1)
            for known in (True, False):
                some = np.flatnonzero(free & (peeled.solved == known))
                if len(some) and met[0] < 0:
                    met = kernels.meeting(
                        d[:, p].copy(), some, known, e, d, peeled.table, table, cells, sorted_
                    )  # fmt: skip
            q, own, mask, where = (int(one) for one in met)
            if q < 0:
                return None
            if not peeled.solved[q]:
                peeled.masks[q], peeled.solved[q] = own, True
                d[:, q] = e[:, q] - peeled.table[(e[:, q - 1] - np.uint8(own)).astype(np.uint8)]
            now = left(p, q, mask)
            before.append(int(by[where]) // n)
            place.append(int(by[where]) % n)
        following.append(mask)
        order.append(q)
        used[q] = True
        a, p = now, q
    now = d[:, p].copy()
    at = _mask_of(now, a, table, place_of)
    if at < 0:
        return None
    before.append(at)
    place.append(place_of((now - table[(a - np.uint8(at)).astype(np.uint8)]).astype(np.uint8)))
    if len(set(place)) < n:
        return None
    undo = Undo(
        peeled=peeled,
        table=table,
        order=np.array(order),
        place=np.array(place),
        following=np.array([*following, 0], np.uint8),
        before=np.array(before, np.uint8),
        const=np.zeros(n, np.uint8),
    )
    return replace(undo, const=pictures[0] - undo(ciphers[:1])[0])


def _words(values: Any) -> Any:
    """`kernels.word` of each column of (9, n)."""
    bytes_ = (values[1:] - values[:1]).astype(np.uint8)
    return np.ascontiguousarray(bytes_[::-1].T).view("<u8").ravel()


def moved(peeled: Peeled, pictures: Any, ciphers: Any) -> Any:
    """Cipher rows (k, n) -> pictures, where nothing but a permutation is left when the last round is undone; None where
    more is."""
    peeled = Peeled(peeled.table, peeled.masks.copy(), peeled.solved.copy())
    words = _words(pictures)
    rank = np.argsort(words)
    e, d = peeled.halfway(ciphers), peeled.before(ciphers)
    for p in np.flatnonzero(~peeled.solved):
        ways = e[:, p, None] - peeled.table[(e[:, p - 1, None] - np.arange(256, dtype=np.uint8)).astype(np.uint8)]
        fits = np.flatnonzero(np.isin(_words(ways.astype(np.uint8)), words))
        if not len(fits):
            return None
        peeled.masks[p], d[:, p] = fits[0], ways[:, fits[0]]
    found = _words(d)
    place = rank[np.searchsorted(words[rank], found).clip(max=len(rank) - 1)]
    if (words[place] != found).any() or len(set(place.tolist())) < len(place):
        return None
    const = pictures[0, place] - d[0]

    def undo(rows: Any) -> Any:
        out = np.empty_like(rows)
        out[:, place] = peeled.before(rows) + const
        return out

    return undo


def _mask_of(now: Any, a: Any, table: Any, place_of: Any) -> int:
    """The mask under which `now` without the feedback of `a` is a sample of the pictures; -1 where none is."""
    for mask in range(256):
        if place_of((now - table[(a - np.uint8(mask)).astype(np.uint8)]).astype(np.uint8)) >= 0:
            return mask
    return -1
