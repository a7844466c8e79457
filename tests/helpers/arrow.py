"""What Arrow holds while something is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def counted() -> Iterator[Any]:
    """A memory pool of the body's own, whose `max_memory()` is what Arrow held at most."""
    pa = pytest.importorskip("pyarrow")
    usual = pa.default_memory_pool()
    own = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(own)
    try:
        yield own
    finally:
        pa.set_memory_pool(usual)
