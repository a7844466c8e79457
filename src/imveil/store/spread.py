"""`map` over a few threads, as many as there are cores: reading and hashing files let others run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from imveil.system import cores

T = TypeVar("T")
R = TypeVar("R")


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
