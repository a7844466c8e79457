"""Batches that form by themselves: while one is computed, what arrives waits together. Nobody waits when it is idle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np


class Busy(Exception):
    """Too much is waiting: try again in a moment."""


class Batcher:
    """Calls `work` on batches of images (n, h, w, c), one after the other in a thread of its own.

    Parameters
    ----------
    work
        Images to answers, (n, ...) both.
    most
        Images in a batch.
    waiting
        Images that may wait; with more, `submit` raises Busy.
    """

    def __init__(self, work: Callable[[Any], Any], *, most: int = 256, waiting: int = 4096) -> None:
        self._work, self._most, self._room = work, most, waiting
        self._queue: asyncio.Queue[tuple[Any, asyncio.Future[Any]]] = asyncio.Queue()
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="imveil-serve")
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Images that wait or are computed."""
        return self._waiting

    async def submit(self, images: Any) -> Any:
        """The answers to some images. Raises Busy, and whatever `work` raises."""
        if self._waiting and self._waiting + len(images) > self._room:
            raise Busy
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting += len(images)
        try:
            await self._queue.put((images, future))
            return await future
        finally:
            self._waiting -= len(images)

    async def drain(self) -> None:
        """Wait until nothing is waiting, then end the thread."""
        while self._waiting:
            await asyncio.sleep(0.01)
        if self._task is not None:
            self._task.cancel()
        self._thread.shutdown(wait=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        kept: tuple[Any, asyncio.Future[Any]] | None = None
        while True:
            batch = [kept or await self._queue.get()]
            kept, count = None, len(batch[0][0])
            while not self._queue.empty():
                one = self._queue.get_nowait()
                if one[1].cancelled():
                    continue
                if count + len(one[0]) > self._most:
                    kept = one
                    break
                batch.append(one)
                count += len(one[0])
            images = batch[0][0] if len(batch) == 1 else np.concatenate([images for images, _ in batch])
            try:
                answers = await loop.run_in_executor(self._thread, self._work, images)
            except Exception as error:  # whoever asked gets it; the batcher goes on
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            at = 0
            for images, future in batch:
                if not future.done():
                    future.set_result(answers[at : at + len(images)])
                at += len(images)
