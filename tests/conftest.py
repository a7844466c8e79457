"""What all tests share: no deadlines (machines are noisy), Ctrl-C wherever they run, real data where it is there."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("imveil", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("imveil")

# A shell has what it runs in the background ignore Ctrl-C, and children inherit that: tests of Ctrl-C would fail.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; tests that ask for it are skipped where there is none."""
    folder = os.environ.get("IMVEIL_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("IMVEIL_DATA names no folder of real data")
    return Path(folder)
