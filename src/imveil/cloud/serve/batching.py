"""Batches that form by themselves: while the cores compute, what arrives waits together. Nobody waits when they are
idle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from imveil.cloud.serve.cores import Cores, Share


class Busy(Exception):
    """Too much is waiting: try again in a moment."""


class _Request(NamedTuple):
    images: Any
    answer: asyncio.Future[Any]


class Batcher:
    """Calls `work` on batches of images (n, h, w, c), each on its share of the cores.

    Parameters
    ----------
    work
        Images to answers, (n, ...) both; several threads call it at once.
    cores
        Shared with the batchers of other models.
    most
        Images that are computed at once, on all cores together; more only where one request has more.
    waiting
        Images that may wait; with more, `submit` raises Busy.
    """

    def __init__(
        self, work: Callable[[Any], Any], cores: Cores, *, most: int = 256, waiting: int = 4096
    ) -> None:  # fmt: skip
        self._work, self._cores, self._most, self._room = work, cores, most, waiting
        self._queue: asyncio.Queue[_Request] = asyncio.Queue()
        self._waiting = 0
        self._forming: asyncio.Task[None] | None = None
        self._computing: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Images that wait or are computed."""
        return self._waiting

    async def submit(self, images: Any) -> Any:
        """The answers to some images. Raises Busy, and whatever `work` raises."""
        if self._waiting and self._waiting + len(images) > self._room:
            raise Busy
        if self._forming is None or self._forming.done():
            self._forming = asyncio.create_task(self._form())
        request = _Request(images, asyncio.get_running_loop().create_future())
        self._waiting += len(images)
        self._cores.asking += 1
        self._queue.put_nowait(request)
        try:
            return await request.answer
        finally:
            self._waiting -= len(images)

    async def drain(self) -> None:
        """Wait until nothing is waiting."""
        while self._waiting or self._computing:
            await asyncio.sleep(0.01)
        if self._forming is not None:
            self._forming.cancel()

    async def _form(self) -> None:
        first: _Request | None = None
        while True:
            first = first or await self._queue.get()
            share = await self._cores.take()
            requests = ceil((1 + self._queue.qsize()) * share.part)
            batch, first = self._batch(first, requests, self._most * share.cores // self._cores.count)
            task = asyncio.create_task(self._compute(batch, share))
            self._computing.add(task)
            task.add_done_callback(self._computing.discard)

    def _batch(self, first: _Request, requests: int, most: int) -> tuple[list[_Request], _Request | None]:
        """The first request and what goes with it: at most so many requests, at most so many images. And the next one,
        where it was one too many."""
        batch, count, one = [first], len(first.images), None
        while len(batch) < requests and not self._queue.empty():
            one = self._queue.get_nowait()
            if count + len(one.images) > most:
                break
            batch.append(one)
            count += len(one.images)
            one = None
        self._cores.asking -= len(batch)
        return batch, one

    async def _compute(self, batch: list[_Request], share: Share) -> None:
        heard = [one for one in batch if not one.answer.cancelled()]
        try:
            if not heard:
                return
            images = heard[0].images if len(heard) == 1 else np.concatenate([one.images for one in heard])
            answers = await self._cores.run(share, self._work, images)
        except Exception as error:  # whoever asked gets it; the batcher goes on
            for one in heard:
                if not one.answer.done():
                    one.answer.set_exception(error)
            return
        finally:
            self._cores.give_back(share)
        at = 0
        for one in heard:
            if not one.answer.done():
                one.answer.set_result(answers[at : at + len(one.images)])
            at += len(one.images)
