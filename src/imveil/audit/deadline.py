"""Deadline: work that ends when its time is up, wherever it is.

    with within(20):
        attack.run(view)        # raises OutOfTime after 20 seconds

The exception is raised in the thread that does the work, between two bytecodes: a single long call into compiled code
ends first. Nothing is left running.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class OutOfTime(BaseException):
    """The time is up. Like KeyboardInterrupt it is no Exception, so that no attack swallows it."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Run the body for this many seconds at most; OutOfTime where they do not suffice.

    >>> with within(10):
    ...     done = sum(range(1000))
    >>> done
    499500
    """
    worker = ctypes.c_ulong(threading.get_ident())
    lock, over, rung = threading.Lock(), False, False

    def ring() -> None:
        nonlocal rung
        with lock:
            if not over:
                rung = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(worker, ctypes.py_object(OutOfTime))

    timer = threading.Timer(min(max(0.0, seconds), threading.TIMEOUT_MAX), ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    except SystemError as error:  # the bell rang inside a compiled call, which returned all the same
        if rung:
            raise OutOfTime from error
        raise
    finally:
        # Whoever holds the lock decides: either the bell has rung before, or it never will.
        with lock:
            over = True
        timer.cancel()
