"""Chaotic maps as sources of bytes: an orbit in binary64, and three ways to make a byte of each number.

    s[n] = Q(x[burn_in + 1 + n])    n = 0, 1, ...    x[0] from the key, numbers of an orbit in [0, 1]

docs/spec/chaos.md says it in words, complete enough for a second implementation. A map gives the same bytes on every
machine, because its steps are + - x / and comparison only, in one order (`loops.py`).
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from imveil.errors import BadField, BadMaterial
from imveil.schemes.chaos import loops

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]

CHUNK = 4096  # numbers at a time: what is quantised next is still in the first cache
COMPILE_FROM = 1 << 20  # steps: below this, Python is done before numba has been imported


class ChaoticMap(ABC):
    """A map, and what its parameters are: all of them secret, drawn by `from_words`, refused by `check` where weak.

    Attributes
    ----------
    words
        How many 64-bit words a set of parameters takes.
    width
        How many numbers one step gives.
    """

    words: ClassVar[int]
    width: ClassVar[int] = 1

    @staticmethod
    @abstractmethod
    def loop(state: Any, fixed: Any, out: Any) -> None:
        """The steps, from `loops.py`."""

    @abstractmethod
    def from_words(self, words: Any) -> dict[str, Any]:
        """Parameters from `words` uniform 64-bit words. About 4 of 2^53 words round to a start that `check` refuses."""

    @abstractmethod
    def check(self, *args: Any, **params: Any) -> None:
        """BadMaterial for parameters that are out of range or known to be weak. No message shows a value."""

    @abstractmethod
    def begin(self, *args: Any, **params: Any) -> tuple[Any, Any]:
        """State before the first step, and constants, as `loop` wants them."""

    def orbit(self, count: int, *, burn_in: int, **params: Any) -> F64:
        """The `count` numbers after the first `burn_in` steps that follow the start. (count,) float64 in [0, 1].

        Raises BadMaterial for weak parameters.

        >>> Logistic().orbit(2, burn_in=0, x0=0.125, r=4.0).tolist()
        [0.4375, 0.984375]
        """
        out, done = np.empty(count), 0
        for part in self.parts(count, burn_in=burn_in, **params):
            out[done : done + len(part)] = part
            done += len(part)
        return out

    def parts(self, count: int, *, burn_in: int, **params: Any) -> Iterator[F64]:
        """`orbit` in pieces of up to 4096 numbers; each is overwritten by the next."""
        self.check(**params)
        first, constants = self.begin(**params)
        state, fixed = np.array(first), np.array(constants)
        loop: loops.Loop = self.loop
        if burn_in * self.width + count >= COMPILE_FROM or "numba" in sys.modules:
            loop = loops.compiled(loop)
        buffer = np.empty(CHUNK)
        for left in range(burn_in * self.width, 0, -CHUNK):
            loop(state, fixed, buffer[:left])
        for left in range(count, 0, -CHUNK):
            loop(state, fixed, buffer[: -(-left // self.width) * self.width])
            yield buffer[:left]


class Logistic(ChaoticMap):
    """x = (r x) (1 - x). Parameters: x0 in (0, 1), r in (3.57, 4]. R. May, Nature 261:459-467 (1976).

    In exact numbers x0 and 1 - x0 are one key: the first step makes them equal. In binary64 its rounding may leave
    them an ulp apart, and then their orbits part after some fifty steps; docs/sequences.md counts how often.
    """

    words = 2
    loop = staticmethod(loops.logistic)

    def from_words(self, words: Any) -> dict[str, float]:
        """x0 = (u + 1/2) 2^-53 and r = 3.9999 + 0.0001 v 2^-53, u and v the top 53 bits of two words.

        >>> Logistic().from_words([0, 0])
        {'x0': 5.551115123125783e-17, 'r': 3.9999}
        """
        u, v = words
        return {"x0": open_unit(u), "r": draw_r(v)}

    def check(self, x0: Any, r: Any) -> None:
        """Refuses what is out of range, starts on a fixed point or one that leads there, and wide periodic windows."""
        x0, r = number("x0", x0), number("r", r)
        if not 0 < x0 < 1:
            raise BadMaterial("x0 of the logistic map lies between 0 and 1, both excluded")
        check_r(r)
        if {x0, 1 - x0} & {0.5, 0.75, 1 - 1 / r}:
            raise BadMaterial("x0 is a weak start: its orbit is a fixed point or falls to one", hint="take another x0")

    def begin(self, x0: Any, r: Any) -> tuple[Any, Any]:
        """State x0, constant r."""
        return [float(x0)], [float(r)]


# The periodic windows of (3.57, 4] that are wider than 0.001, from where a stable cycle appears (its multiplier is +1)
# to the crisis that ends its last bands (the critical point's orbit meets the unstable mate): first, last, period.
# Rounded outwards. Narrower ones are dense and not listed: docs/spec/chaos.md.
WINDOWS = (
    (3.828427, 3.856801, 3),
    (3.960101, 3.961596, 4),
    (3.738172, 3.744711, 5),
    (3.905571, 3.906773, 5),
    (3.626553, 3.634844, 6),
    (3.701640, 3.702794, 7),
    (3.605208, 3.606779, 10),
    (3.582023, 3.583728, 12),
)


def open_unit(word: Any) -> float:
    """A number in (0, 1) from the top 53 bits u of a 64-bit word: (u + 1/2) 2^-53, the sum rounded to binary64.

    >>> open_unit(1 << 63)
    0.5
    """
    return (float(int(word) >> 11) + 0.5) * 2.0**-53


def draw_r(word: Any) -> float:
    """3.9999 + 0.0001 v 2^-53, v the top 53 bits of a word, each step rounded: where periodic orbits are rarest."""
    return 3.9999 + (0.0001 * float(int(word) >> 11)) * 2.0**-53


def check_r(r: float) -> None:
    """BadMaterial where the logistic map is not chaotic: outside (3.57, 4] and in its wide periodic windows."""
    if not 3.57 < r <= 4:
        raise BadMaterial("r of the logistic map lies above 3.57, where chaos begins, and is at most 4")
    for low, high, period in WINDOWS:
        if low <= r <= high:
            raise BadMaterial(
                f"r lies in {low}..{high}, where orbits settle to period {period}", hint="take an r above 3.99"
            )


def _floor256(x: F64) -> U8:
    return np.minimum(256.0 * x, 255.0).astype(np.uint8)


def _mantissa(x: F64) -> U8:
    # Numbers are not negative, so cutting is the floor; the cast to a byte keeps the low 8 bits, which is mod 256.
    return (1e14 * x).astype(np.int64).astype(np.uint8)


def _threshold(x: F64) -> U8:
    return (x >= 0.5).astype(np.uint8) * np.uint8(255)


QUANTISERS: dict[str, Callable[[F64], U8]] = {
    "mantissa": _mantissa,
    "floor256": _floor256,
    "threshold": _threshold,
}


def sequence(source: ChaoticMap, length: int, *, burn_in: int, quantiser: str, **params: Any) -> U8:
    """`length` bytes from an orbit of `source`, after `burn_in` steps that give none. (length,) uint8.

    Parameters
    ----------
    quantiser
        "mantissa" floor(1e14 x) mod 256, "floor256" min(255, floor(256 x)), "threshold" 255 where x >= 1/2, else 0.

    Raises
    ------
    BadField
        For another.
    BadMaterial
        For weak parameters.

    >>> sequence(Logistic(), 3, burn_in=100, quantiser="floor256", x0=0.125, r=3.99995).tolist()
    [124, 255, 0]
    """
    if quantiser not in QUANTISERS:
        raise BadField(f"quantiser is one of {', '.join(QUANTISERS)}, not {quantiser!r}")
    quantise, out, done = QUANTISERS[quantiser], np.empty(length, np.uint8), 0
    for part in source.parts(length, burn_in=burn_in, **params):
        out[done : done + len(part)] = quantise(part)
        done += len(part)
    return out


def number(name: str, value: Any) -> float:
    """Material as one real number; BadMaterial when it is none. The value is not shown."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or array.ndim:
        raise BadMaterial(f"{name} is one real number, got {array.dtype} of shape {array.shape}")
    return float(array)


def numbers(name: str, values: Any, count: int) -> F64:
    """Material as (count,) real numbers; BadMaterial when it is none. Values are not shown."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiu" or array.shape != (count,):
        raise BadMaterial(f"{name} holds {count} real numbers, got {array.dtype} of shape {array.shape}")
    return array.astype(np.float64)
