"""`map` over a few threads: reading and hashing files let others run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def spread(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """`work` on each of `items`, results in their order, never far ahead of what is used.

    >>> list(spread(abs, [-1, 2]))
    [1, 2]
    """
    threads = min(8, 2 * len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(threads, thread_name_prefix="imveil-read") as pool:
        batch: list[T] = []
        for item in items:
            batch.append(item)
            if len(batch) == 256:
                yield from pool.map(work, batch)
                batch = []
        yield from pool.map(work, batch)
