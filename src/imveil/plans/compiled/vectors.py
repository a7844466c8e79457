"""Vectors of bytes as LLVM knows them: what the compiled loops need and no loop can say.

Small pieces of code for numba's builder: loads and stores of vectors, stores past the cache, and the transposition of
16 rows of bytes, which is 64 shuffles however wide the rows are. LLVM makes the best of them on every processor.
Importing this module imports numba. numba's cache watches the file of a loop only: a change here needs one there too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

BYTE, INT, WORD = ir.IntType(8), ir.IntType(32), ir.IntType(64)
LINE = 64  # bytes of memory that move together
ROWS = 16  # a transposition turns this many rows into columns


def inline(code: Callable[..., None]) -> Any:
    """A function of addresses and counts that compiled loops may call; `code(build, *given)` writes it for LLVM."""
    signature = inspect.signature(code)
    given = types.void(*[types.uintp] * (len(signature.parameters) - 1))

    def write(context: Any, build: Any, _: Any, values: Any) -> Any:
        code(build, *values)
        return context.get_dummy_value()

    def typed(*_: Any) -> Any:
        return given, write

    typed.__signature__ = signature  # type: ignore[attr-defined]  # numba counts arguments there
    return intrinsic(typed)


def at(build: Any, base: Any, count: Any, step: Any = 1) -> Any:
    """The address base + count * step; each may be a number."""
    count, step = (const(x) if isinstance(x, int) else x for x in (count, step))
    return build.add(base, build.mul(count, step))


def const(number: int) -> Any:
    """An address-sized constant."""
    return ir.Constant(WORD, number)


def load(build: Any, address: Any, width: int) -> Any:
    """A vector of `width` bytes from any address."""
    return build.load(build.inttoptr(address, ir.VectorType(BYTE, width).as_pointer()), align=1)


def store(build: Any, vector: Any, address: Any, *, past_cache: bool = False) -> None:
    """Write a vector; past the cache only where the address is a multiple of its width.

    A line that is written whole and not read again soon need not be fetched first.
    """
    pointer = build.inttoptr(address, vector.type.as_pointer())
    written = build.store(vector, pointer, align=vector.type.count if past_cache else 1)
    if past_cache:
        written.set_metadata("nontemporal", build.module.add_metadata([ir.Constant(INT, 1)]))


def prefetch(build: Any, address: Any, *, write: bool = False) -> None:
    """Ask for the line at an address, which need not exist, into the second level of the cache."""
    kind = ir.FunctionType(ir.VoidType(), [BYTE.as_pointer(), INT, INT, INT])
    function = cgutils.get_or_insert_function(build.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
    level, data = 2, 1
    numbers = [ir.Constant(INT, number) for number in (int(write), level, data)]
    build.call(function, [build.inttoptr(address, BYTE.as_pointer()), *numbers])


def shuffled(build: Any, first: Any, second: Any, places: Any) -> Any:
    """The bytes of two vectors, one after the other, taken at constant `places`."""
    return build.shuffle_vector(first, second, ir.Constant(ir.VectorType(INT, len(places)), list(places)))


def joined(build: Any, parts: list[Any]) -> Any:
    """1, 2 or 4 vectors as one."""
    while len(parts) > 1:
        both = range(2 * parts[0].type.count)
        parts = [shuffled(build, parts[i], parts[i + 1], both) for i in range(0, len(parts), 2)]
    return parts[0]


def transposed(build: Any, rows: list[Any]) -> list[Any]:
    """16 rows of 16 bytes become 16 columns; wider rows are several such squares side by side.

    Each of four stages zips row i with row i + 8: the bits of a byte's row and column, eight in all, move round by one.
    """
    width = rows[0].type.count
    low = [half + k + side for half in range(0, width, 16) for k in range(8) for side in (0, width)]
    high = [place + 8 for place in low]
    for _ in range(4):
        rows = [shuffled(build, rows[i], rows[i + 8], zipped) for i in range(8) for zipped in (low, high)]
    return rows


def halves(build: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """Two vectors of bytes -> their low nibbles (those of `low` below), and their high ones."""
    few, many = (ir.Constant(low.type, [k] * low.type.count) for k in (15, 240))
    words = ir.VectorType(ir.IntType(16), low.type.count // 2)
    four = ir.Constant(words, [4] * words.count)
    up = build.bitcast(build.shl(build.bitcast(high, words), four), high.type)
    down = build.bitcast(build.lshr(build.bitcast(low, words), four), low.type)
    return (
        build.or_(build.and_(low, few), build.and_(up, many)),
        build.or_(build.and_(down, few), build.and_(high, many)),
    )


@inline
def fence(build: Any) -> None:
    """What was written past the cache is seen by all threads from here on."""
    build.fence("seq_cst")
