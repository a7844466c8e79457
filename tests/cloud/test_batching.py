"""Batches and the cores they get: all for one that is alone, one each where many wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event, get_ident
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from imveil.cloud.serve.batching import Batcher, Busy  # noqa: E402
from imveil.cloud.serve.cores import Cores  # noqa: E402


def images(*numbers: int) -> Any:
    return np.array(numbers, np.uint8).reshape(-1, 1, 1, 1)


class Work:
    """The images themselves as answers, once it may go; it remembers cores, thread and how many."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, int]] = []
        self.go = Event()

    def __call__(self, batch: Any) -> Any:
        self.seen.append((torch.get_num_threads(), get_ident(), len(batch)))
        assert self.go.wait(30)
        return batch.reshape(-1)


def played(scene: Callable[[Batcher, Work], Any], count: int = 2, **how: int) -> Work:
    """A scene with a new batcher on so many cores."""
    work, before = Work(), torch.get_num_threads()

    async def whole() -> None:
        cores = Cores(count)
        batcher = Batcher(work, cores, **how)
        await scene(batcher, work)
        await batcher.drain()
        assert cores.asking == 0
        assert await cores.take() == (0, count, 1), "all cores are free again"
        cores.close()

    try:
        asyncio.run(whole())
    finally:
        torch.set_num_threads(before)
    return work


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.001)


def test_one_that_is_alone_gets_all_cores_and_the_same_thread_again() -> None:
    async def scene(batcher: Batcher, work: Work) -> None:
        work.go.set()
        for number in range(3):
            assert (await batcher.submit(images(number))).tolist() == [number]

    seen = played(scene).seen
    assert [cores for cores, _, _ in seen] == [2, 2, 2]
    assert len({thread for _, thread, _ in seen}) == 1


def test_many_that_wait_share_the_cores() -> None:
    async def scene(batcher: Batcher, work: Work) -> None:
        first = asyncio.create_task(batcher.submit(images(9)))
        await until(lambda: len(work.seen) == 1)
        others = [asyncio.create_task(batcher.submit(images(k, k))) for k in range(4)]
        await asyncio.sleep(0.01)
        assert len(work.seen) == 1, "no core is free"
        work.go.set()
        assert [(await one).tolist() for one in others] == [[k, k] for k in range(4)]
        await first

    seen = played(scene).seen
    assert [(cores, n) for cores, _, n in seen] == [(2, 1), (1, 4), (1, 4)]
    assert seen[1][1] != seen[2][1], "side by side"


def test_no_more_images_at_once_than_are_allowed_but_for_one_request() -> None:
    async def scene(batcher: Batcher, work: Work) -> None:
        first = asyncio.create_task(batcher.submit(images(*range(7))))
        await until(lambda: len(work.seen) == 1)
        others = [asyncio.create_task(batcher.submit(images(k, k))) for k in range(5)]
        await asyncio.sleep(0)
        work.go.set()
        assert [(await one).tolist() for one in others] == [[k, k] for k in range(5)]
        await first

    assert [n for _, _, n in played(scene, count=1, most=5).seen] == [7, 4, 4, 2]


def test_what_fails_is_told_to_whoever_asked_and_the_next_is_answered() -> None:
    async def scene(batcher: Batcher, work: Work) -> None:
        work.go.set()
        with pytest.raises(AttributeError):
            await batcher.submit([0])  # a list has no shape
        assert (await batcher.submit(images(1))).tolist() == [1]

    played(scene)


def test_too_much_is_sent_away_and_who_leaves_costs_nothing() -> None:
    async def scene(batcher: Batcher, work: Work) -> None:
        first = asyncio.create_task(batcher.submit(images(1)))
        await until(lambda: len(work.seen) == 1)
        second = asyncio.create_task(batcher.submit(images(2)))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await batcher.submit(images(3, 3))
        second.cancel()
        await asyncio.sleep(0)
        work.go.set()
        assert (await first).tolist() == [1]

    assert len(played(scene, waiting=3).seen) == 1
