"""`map` over a few threads, as many as there are cores: reading and hashing files let others run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from imveil.system import cores

T = TypeVar("T")
R = TypeVar("R")


def spread(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """`work` on each of `items`, results in their order; few are worked on beyond the one that is used.

    >>> list(spread(abs, [-1, 2]))
    [1, 2]
    """
    threads = min(8, 2 * cores())
    ahead: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="imveil-read") as pool:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
