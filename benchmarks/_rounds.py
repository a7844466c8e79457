"""What the benchmarks share: things measured in turn, round after round, and ratios of their best rounds.

Machines are noisy and differ, so a speed is a ratio to something measured in the same rounds: a memory copy on one
core, or other people's code on the same images. Every benchmark prints its ratios; with --record it also appends them
to records/speed.jsonl, from which the tables of README and docs are made.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from imveil import record

ROUNDS = 7
BYTES = 20_000 * 32 * 32 * 3  # of a batch: 61 MB, more than the caches hold
COPY = "a one-core memory copy"
SIZES = (32, 64, 224, 512)

Times = dict[str, list[float]]


def batch(side: int, nbytes: int = BYTES) -> Any:
    """Random pictures (n, side, side, 3), about `nbytes` of them."""
    shape = (nbytes // (side * side * 3), side, side, 3)
    return np.random.default_rng(side).integers(0, 256, shape, np.uint8)


def processors() -> float:
    """Seconds that processors have worked for this process and for its children that have ended.

    Where all cores are busy anyway, this is what a speed comes down to, and other programs on the machine disturb it
    least.
    """
    return sum(os.times()[:4])


def rounds(
    things: dict[str, Callable[[], Any]], count: int = ROUNDS, clock: Callable[[], float] = time.perf_counter
) -> Times:
    """Seconds of each thing in each round, one after the other; a first round, which compiles, does not count."""
    found: Times = {name: [] for name in things}
    for turn in range(count + 1):
        for name, thing in things.items():
            start = clock()
            thing()
            if turn:
                found[name].append(clock() - start)
    return found


def copy(images: Any, out: Any) -> Callable[[], None]:
    """The measure: one core copies the batch into memory that has been written before."""
    return lambda: np.copyto(out, images)


def ratio(name: str, to: str, base: list[float], ours: list[float], work: float = 1.0, **facts: Any) -> float:
    """Print, and record if asked, how many times faster than `base` ours is, by the best round of each.

    work: how much more ours did in its time than the base in its own.   facts: what tables group by. The range is that
    of the single rounds.
    """
    value = work * min(base) / min(ours)
    each = [work * b / o for b, o in zip(base, ours, strict=True)]
    print(f"{name:64} {value:9.3g} of {to}   [{min(each):.3g}, {max(each):.3g}]", flush=True)
    _record(name, {"to": to, **facts}, "ratio", value, each, sum(ours))
    return value


def milliseconds(name: str, times: list[float], **facts: Any) -> None:
    """Print, and record if asked, a plain time: best round, range."""
    each = [1e3 * t for t in times]
    print(f"{name:64} {min(each):9.3g} ms   [{min(each):.3g}, {max(each):.3g}]", flush=True)
    _record(name, facts, "ms", min(each), each, sum(times))


def _record(name: str, facts: dict[str, Any], unit: str, value: float, each: list[float], spent: float) -> None:
    if "--record" not in sys.argv:
        return
    digest = record.digest_of(f"{name} {sorted(facts.items())}")
    low, high = min(each), max(each)
    numbers = {"value": value, "unit": unit, "n": len(each), "low": low, "high": high, "seconds": spent}
    record.append(record.measured(kind="speed", name=name, digest=digest, facts=facts, **numbers))
