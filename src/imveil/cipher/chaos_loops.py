"""The loops of the chaotic maps, one step after the other, in plain Python that numba can compile as it stands.

Every step is + - x / and comparison of binary64 numbers in exactly the order written here. IEEE 754 fixes these to the
last bit; neither Python nor numba without fastmath fuses or reorders any, so both give the same numbers. A loop fills
`out` with the numbers that follow `state`, all in [0, 1], and leaves `state` where it came to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any


def logistic(state: Any, fixed: Any, out: Any) -> None:
    """x = (r x) (1 - x)."""
    x, r = state[0], fixed[0]
    for n in range(len(out)):
        x = (r * x) * (1.0 - x)
        out[n] = x
    state[0] = x


@cache
def compiled(loop: Callable[[Any, Any, Any], None]) -> Callable[[Any, Any, Any], None]:
    """The loop as machine code; imports numba. No fastmath: fusing a multiply into an add would change the bytes."""
    import numba

    return numba.njit(nogil=True, cache=True)(loop)
