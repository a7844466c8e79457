"""The service under load: at 80 % of what it can do no answer is a fault, and its memory stays what it was.

A few seconds here, an hour in `make soak`.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
httpx = pytest.importorskip("httpx2", reason="the extra `ask` is not installed")

from imveil.store.messages import inference  # noqa: E402
from service import Service  # noqa: E402
from small_model import small_model  # noqa: E402

CLIENTS = 4


def memory(process: int) -> int:
    """Bytes that a process holds."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) << 10


def asked(service: Service, seconds: float, every: float) -> tuple[Counter[int], list[int]]:
    """Statuses and, ten times on the way, memory. every: seconds between the requests of a client; 0 for at once."""
    body, headers = inference.request("images", np.zeros((4, 32, 32, 3), np.uint8))
    found: Counter[int] = Counter()
    held: list[int] = []

    def client(number: int) -> None:
        with httpx.Client(base_url=service.url, timeout=60) as line:
            begin = due = time.monotonic()
            while time.monotonic() - begin < seconds:
                found[line.post("/v2/models/toy/infer", content=body, headers=headers).status_code] += 1
                if not number and time.monotonic() - begin > seconds * len(held) / 10:
                    held.append(memory(service.process.pid))
                due += every
                time.sleep(max(0.0, due - time.monotonic()))

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    return found, held


def soaked(home: Path, seconds: float) -> None:
    small_model(shape=(32, 32, 3)).save(home / "toy.safetensors")
    service = Service(str(home / "toy.safetensors"))
    try:
        asked(service, min(5.0, seconds / 4), 0.0)  # warm
        most, _ = asked(service, min(10.0, seconds / 4), 0.0)
        every = CLIENTS / (0.8 * most.total() / min(10.0, seconds / 4))
        found, held = asked(service, seconds, every)
    finally:
        _, log = service.end()
    print(f"{found.total():,} requests, {held[0] >> 20} to {held[-1] >> 20} MiB")
    assert found.keys() == {200}
    assert max(held[1:], default=held[0]) - held[0] < (32 << 20), [one >> 20 for one in held]
    assert "Traceback" not in log


def test_some_seconds(tmp_path: Path) -> None:
    soaked(tmp_path, 2.0)


@pytest.mark.soak
def test_an_hour(tmp_path: Path) -> None:
    soaked(tmp_path, 3600.0)
