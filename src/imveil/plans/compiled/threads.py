"""Threads: the batch of one call, cut into pieces that whichever thread is free takes next.

Pieces and not halves: other programs use the cores too, and a thread that starts late then does less.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

from imveil.system import cores

_threads: int | None = None
_SPREAD_FROM = 1 << 18  # bytes: below this, a second thread costs more than it brings
_PIECES = 8  # a thread: enough to even out what each gets done


def set_threads(count: int | None) -> None:
    """How many threads one call may use; None: as many as this process may have cores. Pool workers set 1."""
    global _threads
    _threads = count


def spread(work: Callable[[Iterator[slice]], None], images: int, nbytes: int, group: int = 1) -> None:
    """Call `work` in each thread with an iterator of slices, which together are all of `images`.

    Parameters
    ----------
    nbytes
        Of the whole batch.
    group
        Slices begin at multiples of it. `work` must give up the interpreter lock.
    """
    if not images:
        return
    groups = -(-images // group)
    threads = min(_threads or cores(), groups) if nbytes >= _SPREAD_FROM else 1
    pieces = min(groups, _PIECES * threads) if threads > 1 else 1
    bounds = [min(images, group * (groups * k // pieces)) for k in range(pieces + 1)]
    todo = deque(slice(*pair) for pair in pairwise(bounds))
    others = [_pool(os.getpid(), threads).submit(work, _taken(todo)) for _ in range(threads - 1)]
    try:
        work(_taken(todo))
    finally:
        todo.clear()  # after an error nobody begins anything, and nobody writes once it is raised
        for other in others:
            other.exception()
    for other in others:
        other.result()


def _taken(todo: deque[slice]) -> Iterator[slice]:
    while True:
        try:
            piece = todo.popleft()
        except IndexError:
            return
        yield piece


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    # Keyed by process: threads do not survive a fork, and a forked worker must not wait for its parent's.
    del process
    return ThreadPoolExecutor(threads - 1, thread_name_prefix="imveil")
