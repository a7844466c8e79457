"""Orbits of chaotic maps as they really are in binary64: how fast neighbours part, when an orbit comes back to itself,
which keys give one and the same sequence.

In exact numbers almost no orbit of these maps ever repeats. A computer has finitely many numbers, so every orbit does,
and some do early: these functions measure when.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.schemes.chaos.loops import compiled
from imveil.schemes.chaos.maps import Henon, Lattice, SkewTent
from imveil.schemes.chaos.orbit import ChaoticMap, Logistic

F64 = npt.NDArray[np.float64]


def _logistic(state: F64, fixed: F64) -> F64:
    return np.diag(fixed[0] * (1 - 2 * state))


def _skew_tent(state: F64, fixed: F64) -> F64:
    p = fixed[0]
    return np.array([[1 / p if state[0] < p else -1 / (1 - p)]])


def _henon(state: F64, fixed: F64) -> F64:
    a, b = fixed
    return np.array([[-2 * a * state[0], 1], [b, 0]])


def _lattice(state: F64, fixed: F64) -> F64:
    r, keep, share = fixed
    ring = np.eye(len(state))
    mixing = keep * ring + share * (np.roll(ring, 1, axis=0) + np.roll(ring, -1, axis=0))
    return np.asarray(mixing @ np.diag(r * (1 - 2 * state)))


JACOBIANS: dict[type[ChaoticMap], Callable[[F64, F64], F64]] = {
    Logistic: _logistic,
    SkewTent: _skew_tent,
    Henon: _henon,
    Lattice: _lattice,
}


def lyapunov(source: ChaoticMap, start: dict[str, Any], steps: int = 10_000) -> F64:
    """All Lyapunov exponents, nats a step, largest first: how fast neighbouring orbits part. (dimensions,)

    The directions of a small ball are carried along and made orthogonal again at every step: G. Benettin and others,
    Meccanica 15:9-20 (1980). 100 steps are dropped first.

    >>> lyapunov(Logistic(), {"x0": 0.1, "r": 4.0}).round(1).tolist()  # ln 2
    [0.7]
    """
    state, fixed, out = _begin(source, start)
    source.loop(state, fixed, np.empty(100 * source.width))
    frame, total = np.eye(len(state)), np.zeros(len(state))
    for _ in range(steps):
        frame, grown = np.linalg.qr(JACOBIANS[type(source)](state, fixed) @ frame)
        # A direction that vanishes (x = 1/2 of the logistic map) would end the sum: its least number stands for it.
        total += np.log(np.maximum(np.abs(np.diag(grown)), np.finfo(float).tiny))
        source.loop(state, fixed, out)
    return np.sort(total / steps)[::-1]


def cycle(source: ChaoticMap, start: dict[str, Any], limit: int) -> tuple[int, int] | None:
    """Steps before the orbit is on its cycle, and the cycle's length; None where it has not closed within `limit`
    steps of Brent's search (BIT 20:176-184, 1980), which finds every cycle that closes within limit / 3.

    >>> cycle(Logistic(), {"x0": 0.8639169583010999, "r": 3.9999623483305387}, 300_000)  # a narrow periodic window
    (57244, 36)
    """
    state, fixed, out = _begin(source, start)
    brent, meet = _searches()
    loop = compiled(source.loop)
    length = int(brent(loop, state.copy(), fixed, out, limit))
    return (int(meet(loop, state.copy(), state.copy(), fixed, out, length)), length) if length else None


def repeats(source: ChaoticMap, start: dict[str, Any], numbers: int, burn_in: int = 100) -> bool:
    """Whether the orbit has come back to itself, or to a fixed point, by the end of a sequence of that many numbers.

    An orbit that repeats stays on its cycle, so it has repeated exactly where its end has been there before. Eight
    numbers in a row tell the whole state of every map.
    """
    orbit = source.orbit(numbers + burn_in * source.width, burn_in=0, **start)
    end = orbit[-8:]
    places = np.flatnonzero(orbit[7:-1] == end[-1])
    return any(np.array_equal(orbit[i : i + 8], end) for i in places)


def same_sequence(source: ChaoticMap, one: dict[str, Any], other: dict[str, Any], burn_in: int = 100) -> bool:
    """Whether two keys give one and the same sequence: their orbits have met by the end of the burn-in."""
    a, b = (source.orbit(8, burn_in=burn_in, **start) for start in (one, other))
    return np.array_equal(a, b)


def _begin(source: ChaoticMap, start: dict[str, Any]) -> tuple[F64, F64, F64]:
    source.check(**start)
    state, fixed = source.begin(**start)
    return np.array(state, np.float64), np.array(fixed, np.float64), np.empty(source.width)


@cache
def _searches() -> tuple[Any, Any]:
    """Brent's search and the search for the meeting point, as machine code for any map's compiled loop."""
    import numba

    compile = numba.njit(nogil=True)

    @compile
    def same(a: Any, b: Any) -> bool:
        for i in range(len(a)):  # noqa: SIM110  numba compiles no generator
            if a[i] != b[i]:
                return False
        return True

    @compile
    def brent(loop: Any, state: Any, fixed: Any, out: Any, limit: int) -> int:
        # The state is compared with one that is kept at each power of two; 0 where no cycle has closed.
        kept, power, length = state.copy(), 1, 0
        for _ in range(limit):
            loop(state, fixed, out)
            length += 1
            if same(state, kept):
                return length
            if length == power:
                kept[:] = state
                power, length = 2 * power, 0
        return 0

    @compile
    def meet(loop: Any, slow: Any, fast: Any, fixed: Any, out: Any, length: int) -> int:
        # An orbit and the same orbit one cycle ahead are equal once the tail is over.
        for _ in range(length):
            loop(fast, fixed, out)
        steps = 0
        while not same(slow, fast):
            loop(slow, fixed, out)
            loop(fast, fixed, out)
            steps += 1
        return steps

    return brent, meet
