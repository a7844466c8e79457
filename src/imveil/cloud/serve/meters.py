"""What Prometheus reads of the service, of one process or of all workers together.

Workers write into files of one folder, which `shared_folder` makes before any of them starts; whichever is asked for
its metrics adds up what all of them wrote.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library looks for it when it is imported


class Meters:
    """Counters with a registry of their own, so that two services in one process do not meet."""

    def __init__(self) -> None:
        self.registry = of = CollectorRegistry()
        self.requests = Counter("imveil_requests", "Requests by route and status.", ["route", "status"], registry=of)
        self.images = Counter("imveil_images", "Cipher images answered.", ["model"], registry=of)
        self.seconds = Histogram("imveil_request_seconds", "Time of a request.", ["route"], registry=of)
        self.waiting = Gauge(
            "imveil_images_waiting", "Cipher images that wait or are computed.", ["model"], registry=of,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self.keys = Counter("imveil_keys_refused", "Keys that arrived by mistake.", registry=of)

    def text(self) -> bytes:
        """All of it, in the format of Prometheus."""
        if FOLDER not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


@contextmanager
def shared_folder() -> Iterator[None]:
    """A folder for the metrics of workers that are started inside; it is gone afterwards."""
    folder = tempfile.mkdtemp(prefix="imveil-metrics-")
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


__all__ = ["Meters", "shared_folder"]
