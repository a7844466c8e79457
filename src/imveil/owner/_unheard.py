"""Unheard: standard error goes nowhere while a block runs, for libraries in C that write there without being asked."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0
_ours = -1


@contextmanager
def unheard() -> Iterator[None]:
    """Send what this process writes to descriptor 2 nowhere. Blocks may overlap, in several threads too."""
    global _inside, _ours
    with _lock:
        if not _inside:
            _ours, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                os.dup2(_ours, 2)
                os.close(_ours)
