"""The compiled loops of the solver. Importing this module imports numba."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_PRIME = np.uint64(1099511628211)
_GOLDEN = np.uint64(11400714819323198485)
_SHIFT = np.uint64(40)
_EIGHT = np.uint64(8)


@numba.njit(cache=True)
def _edge(parent: Any, apart: Any, f: Any, g: Any, i: int) -> int:
    """What place i says: T[f[i + 1]] - T[g[i + 1]] = f[i] - g[i]. 1 where that closes a cycle, -1 where it contradicts
    what is known, 0 where it is news. parent, apart: a forest over the 256 values, with differences along its edges."""
    if f[i] == g[i]:  # a bijection keeps apart what is apart
        return -1
    w = np.int64(f[i]) - np.int64(g[i])
    x, s = np.int64(f[i + 1]), np.int64(0)
    while parent[x] != x:
        s += apart[x]
        x = parent[x]
    y, t = np.int64(g[i + 1]), np.int64(0)
    while parent[y] != y:
        t += apart[y]
        y = parent[y]
    if x == y:
        return 1 if (s - t - w) % 256 == 0 else -1
    parent[x], apart[x] = y, (w + t - s) % 256
    return 0


@numba.njit(cache=True)
def _along(parent: Any, apart: Any, f: Any, g: Any, most: int) -> Any:
    """Place after place until one contradicts: (places, cycles that closed)."""
    closed = 0
    for i in range(most):
        told = _edge(parent, apart, f, g, i)
        if told < 0:
            return i, closed
        closed += told
    return most, closed


@numba.njit(cache=True)
def lasting(ciphers: Any, least: int) -> Any:
    """Pairs of rows that do not contradict themselves over so many places: (row, row, cycles that closed until they
    did)."""
    found, fresh, zeros = [(0, 0, 0) for _ in range(0)], np.arange(256), np.zeros(256, np.int64)
    for a in range(len(ciphers)):
        for b in range(a + 1, len(ciphers)):
            places, closed = _along(fresh.copy(), zeros.copy(), ciphers[a], ciphers[b], ciphers.shape[1] - 1)
            if places >= least:
                found.append((a, b, closed))
    return found


@numba.njit(cache=True)
def claims(ciphers: Any, pairs: Any, places: int) -> Any:
    """What each pair says of T in so many places, (claims, 2): v, w and T[v] - T[w] as one number, number of the
    pair."""
    found = [(0, 0) for _ in range(0)]
    for number in range(len(pairs)):
        parent, apart = np.arange(256), np.zeros(256, np.int64)
        _along(parent, apart, ciphers[pairs[number, 0]], ciphers[pairs[number, 1]], places)
        offset, same, last = np.zeros(256, np.int64), np.full(256, -1), np.full(256, -1)
        for v in range(256):
            x = v
            while parent[x] != x:
                offset[v] += apart[x]
                x = parent[x]
            same[v], last[x] = last[x], v  # the value before it in the same tree
            w = same[v]
            while w >= 0:
                found.append(((w * 256 + v) * 256 + (offset[w] - offset[v]) % 256, number))
                w = same[w]
    return found


@numba.njit(cache=True)
def together(f: Any, g: Any, h: Any, k: Any) -> Any:
    """Two pairs at once, place after place until they contradict each other: (places, cycles that closed)."""
    parent, apart, closed = np.arange(256), np.zeros(256, np.int64), 0
    for i in range(len(f) - 1):
        for told in (_edge(parent, apart, f, g, i), _edge(parent, apart, h, k, i)):
            if told < 0:
                return i, closed
            closed += told
    return len(f) - 1, closed


@numba.njit(cache=True)
def like(ciphers: Any, f: Any, g: Any, h: Any, k: Any, places: int, cycles: int) -> Any:
    """Pairs of rows that contradict nothing that the pairs f, g and h, k say in so many places, as a list of (row, row,
    places)."""
    parent, apart, most = np.arange(256), np.zeros(256, np.int64), ciphers.shape[1] - 1
    _along(parent, apart, f, g, places)
    _along(parent, apart, h, k, places)
    found = [(0, 0, 0) for _ in range(0)]
    for a in range(len(ciphers)):
        for b in range(a + 1, len(ciphers)):
            upto, closed = _along(parent.copy(), apart.copy(), ciphers[a], ciphers[b], most)
            if closed >= cycles and upto >= places:
                found.append((a, b, upto))
    return found


@numba.njit(cache=True)
def votes(one: Any, other: Any, table: Any, out: Any) -> None:
    """For every place i >= 1 and mask: how many pairs (rows of one and other) it explains; added to out (n, 256)."""
    for row in range(one.shape[0]):
        for i in range(1, one.shape[1]):
            a, b = one[row, i - 1], other[row, i - 1]
            if a == b:
                continue
            w = np.uint8(one[row, i] - other[row, i])
            for mask in range(256):
                if np.uint8(table[np.uint8(a - mask)] - table[np.uint8(b - mask)]) == w:
                    out[i, mask] += 1


@numba.njit(cache=True)
def digests(maps: Any) -> Any:
    """A digest of each row (n, 256) up to a constant added to it."""
    out = np.zeros(len(maps), np.uint64)
    for p in range(len(maps)):
        h = np.uint64(0)
        for x in range(1, 256):
            h = h * _PRIME + np.uint64(np.uint8(maps[p, x] - maps[p, 0])) + np.uint64(1)
        out[p] = h
    return out


@numba.njit(cache=True)
def followers(maps: Any, table: Any, ranked: Any, order: Any) -> Any:
    """(n,): which row is table[row - shift] up to a constant for some shift; -1 where none is.

    ranked, order: digests in rising order, and the rows that they are of.
    """
    out = np.full(len(maps), -1)
    for p in range(len(maps)):
        for shift in range(256):
            first, h = table[np.uint8(maps[p, 0] - shift)], np.uint64(0)
            for x in range(1, 256):
                h = h * _PRIME + np.uint64(np.uint8(table[np.uint8(maps[p, x] - shift)] - first)) + np.uint64(1)
            at = np.searchsorted(ranked, h)
            if at < len(ranked) and ranked[at] == h and order[at] != p:
                out[p] = order[at]
                break
    return out


@numba.njit(cache=True)
def word(values: Any) -> Any:
    """Nine samples up to a constant, as one number."""
    k = np.uint64(0)
    for r in range(1, 9):
        k = (k << _EIGHT) | np.uint64(np.uint8(values[r] - values[0]))
    return k


@numba.njit(cache=True)
def fed(pictures: Any, table: Any, before: Any) -> Any:
    """Words of every sample with the feedback of `before` (9,) under every mask, (256 * n,)."""
    n, v = pictures.shape[1], np.empty(9, np.uint8)
    out = np.empty(256 * n, np.uint64)
    for mask in range(256):
        back = table[(before - np.uint8(mask)).astype(np.uint8)]
        for j in range(n):
            for r in range(9):
                v[r] = pictures[r, j] + back[r]
            out[mask * n + j] = word(v)
    return out


@numba.njit(cache=True)
def bitmap(words: Any) -> Any:
    """Which of 2^24 cells hold a word: most that are asked for are none, and this says so at once."""
    cells = np.zeros(1 << 24, np.uint8)
    for k in words:
        cells[(k * _GOLDEN) >> _SHIFT] = 1
    return cells


@numba.njit(cache=True)
def meeting(
    now: Any, candidates: Any, known: Any, e: Any, d: Any, last: Any, first: Any, cells: Any, ranked: Any
) -> Any:
    """Which candidate follows `now` (9,), with its masks, so that what is left of `now` is one of the ranked words.

    Parameters
    ----------
    known
        Whether the mask of all candidates is known, or all 256 are tried.
    last, first
        Tables of the last and the first round.

    Returns
    -------
    (place, mask, next mask, where in `ranked`), all -1 where none does.
    """
    w, v = np.empty(9, np.uint8), np.empty(9, np.uint8)
    for p in candidates:
        for mask in range(1 if known else 256):
            for r in range(9):
                w[r] = d[r, p] if known else np.uint8(e[r, p] - last[np.uint8(e[r, p - 1] - mask)])
            for following in range(256):
                for r in range(9):
                    v[r] = now[r] - first[np.uint8(w[r] - following)]
                k = word(v)
                if cells[(k * _GOLDEN) >> _SHIFT]:
                    at = np.searchsorted(ranked, k)
                    if at < len(ranked) and ranked[at] == k:
                        return p, mask, following, at
    return -1, -1, -1, -1
