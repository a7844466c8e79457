"""The pool: shards worked on by all cores, with Ctrl-C, a dying parent and secrets in mind.

The work is set up once in every worker, from the key and plain picklable parts, and then called with one task after
another: `work(task, stop)`, where `stop()` tells it to raise `Stopped` between two pictures.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import reduction
from multiprocessing.context import SpawnContext
from typing import Any, Protocol

from imveil.errors import ImveilError
from imveil.keys.key import Key
from imveil.system import cores

Stop = Callable[[], bool]  # whether the run was told to end
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_ENDS = {signal.SIGINT, signal.SIGTERM}
_state: Any = None
_held: set[int] = set()
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt


class Engine(Protocol):
    """What works on the tasks of a run: this module, or a `Cluster`."""

    @property
    def run(self) -> Callable[[Callable[..., Any], tuple[Any, ...], Key, Sequence[Any], int], Generator[Any]]:
        """`make(key, *parts)` gives the work, done on every task by this many workers; results as they are ready."""

    @property
    def default_workers(self) -> Callable[[], int]:
        """How many there are unless somebody says."""


class _Spawning(SpawnContext):
    """Starts fresh processes and remembers them: a pool that breaks while one is being started forgets to end it, and
    would wait for it for ever."""

    def __init__(self) -> None:
        self._started: list[Any] = []

    def Process(self, *args: Any, **options: Any) -> Any:  # type: ignore[override] # noqa: N802 - its name there
        process = super().Process(*args, **options)
        self._started.append(process)
        return process

    def end_if_broken(self) -> None:
        """End all of them, at once, where one has died."""
        if any(process.exitcode for process in self._started):
            for process in self._started:
                if process.is_alive():
                    process.kill()


class Stopped(Exception):  # no error: the run was told to end
    """A worker ended a task early because it was told to."""


def run(
    make: Callable[..., Any], parts: tuple[Any, ...], key: Key, tasks: Sequence[Any], workers: int
) -> Generator[Any]:
    """`make(key, *parts)` gives the work, which is done on every task; results come as they are ready.

    Parameters
    ----------
    make
        A function of a module; parts and tasks can be pickled. Whatever ends the loop, an error, Ctrl-C or the caller,
        ends the workers after the picture they are at.
    workers
        1 works in this process.
    """
    if workers <= 1 or len(tasks) <= 1:
        work = make(key, *parts)
        for task in tasks:
            yield work(task, lambda: False)
        return
    # Fresh interpreters: a fork copies locks that other threads hold, and numba's and BLAS's threads do not live on.
    context = _Spawning()
    # Without a lock: whoever is killed while it asks would hold one for ever.
    stop = context.RawValue(ctypes.c_bool, False)
    # A key refuses to be pickled. Its 32 bytes go to each worker among the arguments of `_start`, which spawn writes
    # into an anonymous pipe that only the child inherits: never to disk, argv or the environment.
    setup = pickle.dumps((make, parts))
    kept = [_Kept(descriptor) for descriptor in sorted(_held)]
    pool = ProcessPoolExecutor(
        min(workers, len(tasks)), context, initializer=_start, initargs=(stop, setup, key.reveal(), kept)
    )
    todo = iter(tasks)
    running: set[Future[Any]] = set()
    try:
        for task in todo:
            with _undisturbed():
                running.add(pool.submit(_work, task))
            if len(running) >= 2 * workers:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from [future.result() for future in done]
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from [future.result() for future in done]
    except BrokenProcessPool as error:
        raise ImveilError(
            "a worker process ended unexpectedly",
            hint="run the same command again to go on, with fewer --workers if memory was short; a script that calls "
            "this needs the guard if __name__ == '__main__'",
        ) from error
    finally:
        stop.value = True
        context.end_if_broken()
        pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the block ends: a worker is started in it, half of one would print a traceback.

    The mask is for the worker, which inherits it while it imports. It is not enough for this process, where the
    system may hand a signal to any thread, such as those of BLAS.
    """
    waiting: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, lambda got, _: waiting.append(got)) for number in _ENDS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for came in waiting[:1]:
            signal.raise_signal(came)


def default_workers() -> int:
    """One for every core this process may use."""
    return cores()


@contextlib.contextmanager
def holding(descriptor: int) -> Iterator[None]:
    """Workers that are started meanwhile inherit this open file: a lock on it lasts as long as the last of them.

    A parent may be killed while a worker is at its last picture. The lock keeps the next run out until it is gone.
    """
    _held.add(descriptor)
    try:
        yield
    finally:
        _held.discard(descriptor)


class _Kept:
    """An open file that goes along when a process is spawned, and stays open as long as that lives."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __reduce__(self) -> Any:
        return _adopted, (reduction.DupFd(self.descriptor),)


def _adopted(copy: Any) -> _Kept:
    return _Kept(copy.detach())


def _start(stop: Any, setup: bytes, secret: bytes, kept: list[_Kept]) -> None:
    """In a new worker: one thread, no Ctrl-C of its own, an end when the parent ends, the work set up."""
    del kept  # it was opened when the arguments were unpickled, and nobody closes it
    global _state
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the parent tells when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
    if "numba" not in sys.modules:
        os.environ.update(dict.fromkeys(_THREADS, "1"))
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _keep_memory()
    from imveil.plans.compiled.threads import set_threads

    set_threads(1)
    make, parts = pickle.loads(setup)  # only now: it imports numpy, which asks for its threads when imported
    _state = make(Key(secret), *parts), lambda: bool(stop.value)


def _keep_memory() -> None:
    """What a picture needed stays with the process for the next one: glibc gives blocks of that size back to the system
    at once, and to get them again, page by page, costs more than to encrypt."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library
        tune = ctypes.CDLL(None).mallopt
        tune(_TRIM_THRESHOLD, 1 << 28)
        tune(_MMAP_THRESHOLD, 1 << 25)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        # A killed parent cannot say stop, and its queue never ends. Files are moved into place whole, so leaving
        # at any moment is safe.
        os._exit(1)


def _work(task: Any) -> Any:
    work, stopped = _state
    return work(task, stopped)
