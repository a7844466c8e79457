"""The loops of the chaotic maps, one step after the other, in plain Python that numba can compile as it stands.

Every step is + - x / and comparison of binary64 numbers in exactly the order written here. IEEE 754 fixes these to the
last bit; neither Python nor numba without fastmath fuses or reorders any, so both give the same numbers. A loop fills
`out` with the numbers that follow `state`, all in [0, 1], and leaves `state` where it came to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

Loop = Callable[[Any, Any, Any], None]


def logistic(state: Any, fixed: Any, out: Any) -> None:
    """x = (r x) (1 - x)."""
    x, r = float(state[0]), float(fixed[0])
    for n in range(len(out)):
        x = (r * x) * (1.0 - x)
        out[n] = x
    state[0] = x


def skew_tent(state: Any, fixed: Any, out: Any) -> None:
    """x = x / p below p, (1 - x) / (1 - p) from p on."""
    x, p = float(state[0]), float(fixed[0])
    for n in range(len(out)):
        # One division a step, of numbers chosen first: two would wait for each other.
        above, below = (x, p) if x < p else (1.0 - x, 1.0 - p)
        x = above / below
        out[n] = x
    state[0] = x


def henon(state: Any, fixed: Any, out: Any) -> None:
    """x, y = (1 - (a x) x) + y, b x; the number is (x + 1.5) / 3."""
    x, y, a, b = float(state[0]), float(state[1]), float(fixed[0]), float(fixed[1])
    for n in range(len(out)):
        x, y = (1.0 - (a * x) * x) + y, b * x
        out[n] = (x + 1.5) / 3.0
    state[0], state[1] = x, y


def lattice(state: Any, fixed: Any, out: Any) -> None:
    """f = (r x) (1 - x) at each site, then x[i] = keep f[i] + share (f[i - 1] + f[i + 1]) around the ring.

    All sites of a step follow each other in `out`, whose length is a multiple of theirs.
    """
    r, keep, share, sites = float(fixed[0]), float(fixed[1]), float(fixed[2]), len(state)
    f = [0.0] * (sites + 2)
    for n in range(0, len(out), sites):
        for i in range(sites):
            x = float(state[i])
            f[i + 1] = (r * x) * (1.0 - x)
        f[0], f[sites + 1] = f[sites], f[1]
        for i in range(sites):
            x = keep * f[i + 1] + share * (f[i] + f[i + 2])
            state[i] = x
            out[n + i] = x


@cache
def compiled(loop: Loop) -> Loop:
    """The loop as machine code; imports numba. No fastmath: fusing a multiply into an add would change the bytes."""
    import numba

    return numba.njit(nogil=True, cache=True)(loop)
