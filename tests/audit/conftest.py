"""Audits in tests take as long as they need: a busy machine must not change what they find."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

SLOWER = 10  # times, by which the clock of an audit goes behind


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Budgets last longer, and plans are those of a machine that is not busy."""
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() / SLOWER, perf_counter=time.perf_counter)
    for module in ("campaign", "folder_campaign"):
        monkeypatch.setattr(f"imveil.audit.{module}.time", clock)
        monkeypatch.setattr(f"imveil.audit.{module}.measured_slowness", lambda: 1)
