"""Chaotic maps: bytes a second on one core, compiled, beside the same loop in plain Python.

usage: python benchmarks/chaos.py [--record]

Both ways take turns for seven rounds; the best round of each counts. A round is an orbit after its burn-in and the
bytes that `mantissa` makes of it. --record appends the ratios to records/speed.jsonl.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable

import numpy as np

from imveil.cipher.chaos import sequence
from imveil.lab import record
from imveil.lab.sequences import chaotic, start_of

ROUNDS, FEW, MANY = 7, 100_000, 20_000_000


def main() -> None:
    """Measure every map, print a line each."""
    print(f"{'map':12} {'million bytes/s':>16} {'plain Python':>14} {'ratio':>8}")
    for id in chaotic():
        begin = time.perf_counter()
        plain, fast = [], []
        compiled(id, FEW)  # numba is imported, the loop compiled or read from the cache
        for _ in range(ROUNDS):
            plain.append(rate(FEW, lambda: in_python(id, FEW)))  # noqa: B023  called at once
            fast.append(rate(MANY, lambda: compiled(id, MANY)))  # noqa: B023
        ratios = [f / p for f, p in zip(fast, plain, strict=True)]
        name = f"sequence of {id}"
        print(f"{id:16} {max(fast):12.0f} {max(plain):14.2f} {max(fast) / max(plain):8.0f}")
        if "--record" in sys.argv:
            one = record.measured(
                kind="speed",
                name=name,
                digest=hashlib.sha256(name.encode()).hexdigest()[:16],
                facts={"to": "the same loop in plain Python", "bytes": MANY, "million bytes a second": max(fast)},
                value=max(fast) / max(plain),
                unit="ratio",
                n=ROUNDS,
                low=min(ratios),
                high=max(ratios),
                seconds=round(time.perf_counter() - begin, 1),
            )
            record.append(one)


def compiled(id: str, count: int) -> None:
    """As every run over a data set does it."""
    import numba  # noqa: F401  with it loaded, the loops are compiled

    sequence(chaotic()[id].source, count, burn_in=100, quantiser="mantissa", **start_of(id, 0))


def in_python(id: str, count: int) -> None:
    """The same steps by the interpreter."""
    source = chaotic()[id].source
    state, fixed = (np.array(part, float) for part in source.begin(**start_of(id, 0)))
    out = np.empty(count)
    source.loop(state, fixed, out)
    (1e14 * out).astype(np.int64).astype(np.uint8)


def rate(count: int, work: Callable[[], None]) -> float:
    """Millions a second."""
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start) / 1e6


if __name__ == "__main__":
    main()
