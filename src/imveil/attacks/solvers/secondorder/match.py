"""Match: which unit belongs to which place, so that several relations between units agree with those between places.

A quadratic assignment: Frank-Wolfe steps on doubly stochastic matrices (FAQ: Vogelstein et al., PLoS ONE 10(4), 2015),
then one linear assignment after another, from several starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.units import F32, I64
from imveil.errors import MissingExtra

STEPS = 30
ROUNDS = 60


def assigned(profit: Any) -> I64:
    """(m,): the unit at each place, with the largest sum of profit[unit, place]. Raises MissingExtra without scipy."""
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise MissingExtra(
            "attacks by second-order statistics need scipy", hint="pip install 'imveil[audit]'"
        ) from error
    order = np.empty(len(profit), np.int64)
    unit, place = linear_sum_assignment(-profit)
    order[place] = unit
    return order


def agreement(ours: Sequence[Any], theirs: Sequence[Any], own: Any, order: I64) -> float:
    """How well an order fits: products of relations, and what each unit gains at its place."""
    places = np.arange(len(order))
    pairs = sum(float((a[np.ix_(order, order)] * b).sum()) for a, b in zip(ours, theirs))
    return pairs + float(own[order, places].sum())


def match(
    ours: Sequence[Any], theirs: Sequence[Any], own: Any = None, *, tries: int = 20, seed: int = 0
) -> tuple[I64, float]:
    """The unit at each place, (m,), and the agreement of the best of `tries` starts.

    Parameters
    ----------
    ours, theirs
        Relations (m, m) of units and of places, pair by pair.
    own
        (m, m) what a unit gains at a place.
    """
    one, two, gain = _prepared(ours, theirs, own)
    found = (follow(one, two, gain, climbed(one, two, gain, start)) for start in _starts(len(gain), tries, seed))
    return max(found, key=lambda pair: pair[1])


def follow(ours: Sequence[Any], theirs: Sequence[Any], own: Any, order: I64) -> tuple[I64, float]:
    """From an order, one linear assignment after another; the best on the way, and its agreement."""
    best, most = order, agreement(ours, theirs, own, order)
    for _ in range(ROUNDS):
        after = assigned(_gain(ours, theirs, own, order))
        if (after == order).all():
            break
        order, now = after, agreement(ours, theirs, own, after)
        if now > most:
            best, most = order, now
    return best, most


def _prepared(ours: Sequence[Any], theirs: Sequence[Any], own: Any) -> tuple[list[F32], list[F32], F32]:
    size = len(ours[0])
    gain = np.zeros((size, size), np.float32) if own is None else np.asarray(own, np.float32)
    return [np.asarray(a, np.float32) for a in ours], [np.asarray(b, np.float32) for b in theirs], gain


def _starts(size: int, tries: int, seed: int) -> Iterator[F32]:
    """The flat matrix, then random ones half-way to it."""
    rng, flat = np.random.default_rng(seed), np.full((size, size), 1 / size, np.float32)
    yield flat
    for _ in range(tries - 1):
        drawn = rng.random((size, size), np.float32)
        for _ in range(10):
            drawn /= drawn.sum(axis=1, keepdims=True)
            drawn /= drawn.sum(axis=0, keepdims=True)
        yield ((flat + drawn) / 2).astype(np.float32)


def _gain(ours: Sequence[Any], theirs: Sequence[Any], own: Any, order: I64) -> Any:
    profit = np.array(own)
    for a, b in zip(ours, theirs):
        profit = profit + a[:, order] @ b.T + a[order].T @ b
    return profit


def climbed(ours: Sequence[F32], theirs: Sequence[F32], own: F32, start: F32) -> I64:
    """The order nearest to where Frank-Wolfe ends."""
    at, size = start, len(own)
    for _ in range(STEPS):
        sides = [a @ at for a in ours]
        slope: Any = own
        for a, b, side in zip(ours, theirs, sides):
            slope = slope + side @ b.T + a.T @ at @ b
        step = np.zeros_like(at)
        step[assigned(slope), np.arange(size)] = 1
        step -= at
        far = [a @ step for a in ours]
        square = sum(float(((x @ b.T) * step).sum()) for x, b in zip(far, theirs))
        line = float((slope * step).sum())
        if line <= 0:
            break
        length = 1.0 if square >= 0 else min(1.0, -line / (2 * square))
        if length <= 1e-6:
            break
        at = at + np.float32(length) * step
    return assigned(at)
