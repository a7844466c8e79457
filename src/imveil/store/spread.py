"""`map` over a few threads, as many as there are cores: reading and hashing files let others run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """The processor cores that this process may use, which may be fewer than the machine has; at least one.

    >>> cores() >= 1
    True
    """
    # Not every system tells what a process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """`work` on each of `items`, results in their order, never far ahead of what is used.

    >>> list(spread(abs, [-1, 2]))
    [1, 2]
    """
    threads = min(8, 2 * cores())
    with ThreadPoolExecutor(threads, thread_name_prefix="imveil-read") as pool:
        batch: list[T] = []
        for item in items:
            batch.append(item)
            if len(batch) == 256:
                yield from pool.map(work, batch)
                batch = []
        yield from pool.map(work, batch)
