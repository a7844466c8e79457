"""The processor's cores, handed out to batches: all of them to one that is alone, one each where many wait.

A net that runs on all cores waits for the slowest of them in every layer, and more so where others use them too. So a
lone picture gets all, which is quickest; under load each core works on a batch of its own, which wastes nothing. Each
place is one thread for as long as the service runs, and the same for all models: what libraries keep for a thread is
made once.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, local
from typing import Any, NamedTuple

from imveil.extras import torch

_setting = Lock()
_last = local()


class Share(NamedTuple):
    """place: the thread that computes.   cores: how many it may use.   part: of what waits that it takes, 0..1."""

    place: int
    cores: int
    part: float


class Cores:
    """Hands out shares, first come first served.

    Parameters
    ----------
    count
        How many there are; None: as many as torch would use.

    Attributes
    ----------
    count
        How many there are.
    asking
        Requests that wait for a share, of all models. Whoever submits one counts it, whoever batches it takes it off.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count, self.asking = count or torch.get_num_threads(), 0
        self._free = self.count
        self._places = list(range(self.count))
        self._threads = [ThreadPoolExecutor(1, thread_name_prefix="imveil-serve") for _ in self._places]
        self._next: deque[asyncio.Future[None]] = deque()

    async def take(self) -> Share:
        """A share of the cores that are free, as soon as there are any: the fewer requests wait, the larger."""
        while not self._free:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._next.append(turn)
            await turn
        cores = max(1, self._free // max(1, self.asking))
        part = cores / self._free  # the rest is for those that are still free
        self._free -= cores
        self._call_next()
        return Share(heapq.heappop(self._places), cores, part)

    def give_back(self, share: Share) -> None:
        """The share is free again, for whoever has waited longest."""
        self._free += share.cores
        heapq.heappush(self._places, share.place)
        self._call_next()

    def _call_next(self) -> None:
        while self._free and self._next:
            turn = self._next.popleft()
            if not turn.done():
                turn.set_result(None)
                break

    async def run(self, share: Share, work: Callable[[Any], Any], images: Any) -> Any:
        """`work(images)` in the share's thread, on its cores. It raises what `work` raises."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads[share.place], _on, share.cores, work, images
        )

    def close(self) -> None:
        """End the threads, once what they compute is done."""
        for thread in self._threads:
            thread.shutdown(wait=True)


def _on(cores: int, work: Callable[[Any], Any], images: Any) -> Any:
    if getattr(_last, "cores", 0) != cores:
        with _setting:  # torch keeps the number for each thread, and one more for threads that are new
            torch.set_num_threads(cores)
        _last.cores = cores
    return work(images)


__all__ = ["Cores", "Share"]
