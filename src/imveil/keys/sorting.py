"""Sorting: the order of 64-bit words by value, equal ones in order of position, fast where there are many.

numpy's stable sort needs 14 ms for the 150,528 words of one picture of 224x224; a compiled radix sort 2 ms.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

_RADIX_FROM = 1 << 10  # words: below this, numpy is as fast
_COMPILE_AFTER = 1 << 23  # words sorted by numpy: about as long as importing numba takes
_sorted = 0


def order(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The positions of `words` by value, equal words in order of position. (n,) -> (n,).

    Meant for words of a key stream: others are sorted too, slowly where thousands have the same upper 33 bits.

    >>> order(np.array([7, 3, 7, 0], np.uint64)).tolist()
    [3, 1, 0, 2]
    """
    global _sorted
    if len(words) >= _RADIX_FROM:
        _sorted += len(words)
        if "numba" in sys.modules or _sorted > _COMPILE_AFTER:
            words = words.view()
            words.flags.writeable = False  # one kind of array, compiled once
            found: npt.NDArray[np.int64] = _compiled()(words)
            return found
    return np.argsort(words, kind="stable")


@cache
def _compiled() -> Callable[..., Any]:
    import numba

    return numba.njit(nogil=True, cache=True)(radix)


def radix(words: Any) -> Any:
    """`order` in plain Python that numba can compile as it stands: three stable passes over digits of 11 bits sort the
    upper 33 bits; the few words that these do not tell apart are then put in order one by one."""
    n = len(words)
    counts = np.zeros((3, 2048), np.int64)
    for i in range(n):
        for digit in range(3):
            counts[digit, (words[i] >> np.uint64(31 + 11 * digit)) & np.uint64(2047)] += 1
    values, others = words.copy(), np.empty_like(words)
    places, moved = np.arange(n), np.empty(n, np.int64)
    for digit in range(3):
        begin = np.zeros(2048, np.int64)
        begin[1:] = np.cumsum(counts[digit])[:-1]
        for i in range(n):
            bucket = (values[i] >> np.uint64(31 + 11 * digit)) & np.uint64(2047)
            j = begin[bucket]
            begin[bucket] = j + 1
            others[j], moved[j] = values[i], places[i]
        values, others = others, values
        places, moved = moved, places
    for i in range(1, n):
        value, place, j = values[i], places[i], i
        while j > 0 and values[j - 1] > value:
            values[j], places[j] = values[j - 1], places[j - 1]
            j -= 1
        values[j], places[j] = value, place
    return places
