"""Pace: how much slower this machine is, now, than the one that the attacks were timed on."""

from __future__ import annotations

import math
import time

import numpy as np

REFERENCE = 0.10  # seconds that `_work` took there, alone on a core


def slowness() -> int:
    """1, 2, 4, 8, ...: the power of two next to how many times longer a fixed piece of work takes here than there.

    Powers of two, so that a machine gives the same answer from one time to the next. Takes a tenth of a second, or as
    much longer as the machine is slower or busier.
    """
    start = time.monotonic()
    _work()
    times = (time.monotonic() - start) / REFERENCE
    return 1 << round(math.log2(max(times, 1.0)))


def told(times: int) -> list[str]:
    """A note for a report, where there is something to say."""
    if times == 1:
        return []
    return [
        f"This machine was about {times} times slower, or busier, than the one that attacks were timed on: those that "
        "take long got fewer steps and targets."
    ]


def _work() -> None:
    numbers = np.random.default_rng(0).random((400, 400), np.float32)
    for _ in range(100):
        np.sort(np.exp(numbers), axis=1)
