"""Deadline: work that ends when its time is up, wherever it is.

    with within(20):
        attack.run(view)        # raises OutOfTime after 20 seconds

The exception comes up between two bytecodes: a single long call into compiled code ends first. Where it comes up inside
a callback that Python runs in passing (a finaliser, a weak reference's), Python prints it and goes on; so the bell
rings again and again until the work has ended. Nothing is left running.

In the main thread the bell is the alarm signal, which is heard in whatever waits, too. In others, and where there are
no signals, it is an exception that another thread raises.
"""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

AGAIN = 0.5  # seconds


class OutOfTime(BaseException):
    """The time is up. Like KeyboardInterrupt it is no Exception, so that no attack swallows it."""


@contextmanager
def within(seconds: float, again: float = AGAIN) -> Iterator[None]:
    """Run the body for this many seconds at most; OutOfTime where they do not suffice.

    again: after how many more seconds the bell rings another time, where the body goes on all the same.

    >>> with within(10):
    ...     done = sum(range(1000))
    >>> done
    499500
    """
    wait = min(max(1e-6, seconds), threading.TIMEOUT_MAX)
    ended, rung = threading.Event(), threading.Event()
    main = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    bell: AbstractContextManager[None] = _alarm(wait, again, ended, rung) if main else _raiser(wait, again, ended, rung)
    with bell:
        try:
            yield
        except (SystemError, RuntimeError) as error:
            # The bell rang inside a compiled call, which returned all the same, or while a lock was taken up again.
            if rung.is_set() and (isinstance(error, SystemError) or isinstance(error.__context__, OutOfTime)):
                raise OutOfTime from error
            raise


@contextmanager
def _alarm(wait: float, again: float, ended: threading.Event, rung: threading.Event) -> Iterator[None]:
    def ring(*_: object) -> None:
        if not ended.is_set():
            rung.set()
            raise OutOfTime

    began, before = time.monotonic(), signal.getsignal(signal.SIGALRM)
    left, every = 0.0, 0.0
    try:
        signal.signal(signal.SIGALRM, ring)
        left, every = signal.setitimer(signal.ITIMER_REAL, wait, again)
        yield
    finally:
        while not ended.is_set():
            with suppress(OutOfTime):
                ended.set()
        # Somebody else's alarm, which was waiting meanwhile.
        rest = max(1e-6, left - (time.monotonic() - began)) if left else 0.0
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
        signal.setitimer(signal.ITIMER_REAL, rest, every)


@contextmanager
def _raiser(wait: float, again: float, ended: threading.Event, rung: threading.Event) -> Iterator[None]:
    worker, lock, begun = ctypes.c_ulong(threading.get_ident()), threading.Lock(), threading.Event()
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def ring() -> None:
        begun.wait()  # a bell inside `start` would be nobody's
        pause = wait
        while not ended.wait(pause):
            with lock:
                if not ended.is_set():
                    rung.set()
                    raise_in(worker, ctypes.py_object(OutOfTime))
            pause = again

    threading.Thread(target=ring, daemon=True).start()
    try:
        begun.set()
        yield
    finally:
        # Whoever holds the lock decides: either the bell has rung before, or it never will.
        while not ended.is_set():
            with suppress(OutOfTime), lock:
                ended.set()
                raise_in(worker, None)  # a bell that was not heard yet
