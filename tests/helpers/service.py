"""`imveil serve` as a process of its own, for tests over real sockets."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import time

import httpx2 as httpx


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """`imveil serve` as a process of its own."""

    def __init__(self, *words: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "imveil", "serve", *words, "--port", str(self.port)]
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - a pipe fills, and stops it
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self._log, text=True)
        for _ in range(600):
            try:
                if httpx.get(f"{self.url}/v2/health/ready", timeout=1).status_code == 200:
                    return
            except httpx.TransportError:
                assert self.process.poll() is None, self._said()
                time.sleep(0.1)
        raise AssertionError("it did not start")

    def end(self) -> tuple[int, str]:
        """SIGTERM; its exit code and its log."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        return self.process.returncode, self._said()

    def _said(self) -> str:
        with self._log as log:
            log.seek(0)
            return log.read()
