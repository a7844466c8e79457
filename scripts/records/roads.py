"""From a file of pictures through a container to a trained model, by the command line: the table of docs/learning.md.

Every step is a command that a user would give: `imveil keygen`, `encrypt`, `verify`, `train`, `evaluate`.
PneumoniaMNIST is looked for in IMVEIL_DATA.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from imveil import record
from imveil.interval import wilson
from imveil.lab.measurement import Measurement

ROADS: dict[str, dict[str, Any]] = {
    "pneumoniamnist": {
        "source": "pneumoniamnist/pneumoniamnist.npz", "container": "parquet", "scheme": "negpos/1",
        "fields": ["per_image=true", "colors=false"], "epochs": 12,
    },
    "cifar100": {
        "source": "cifar100", "container": "webdataset", "scheme": "negpos/1", "fields": ["per_image=true"],
        "epochs": 6,
    },
}  # fmt: skip


def imveil(*words: str) -> str:
    """Give a command; what it prints on standard output. Leaves with its exit code if that is not 0."""
    print("$ imveil " + " ".join(words), flush=True)
    done = subprocess.run([sys.executable, "-m", "imveil", *words], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


@dataclass(frozen=True)
class Road(Measurement):
    """One of `ROADS`, whole."""

    name: str
    kind: ClassVar[str] = "road"

    def facts(self) -> dict[str, Any]:
        """As in `ROADS`."""
        return ROADS[self.name]

    def measure(self, seed: int) -> record.Record:
        """The accuracy on the test pictures, in a folder of its own."""
        with tempfile.TemporaryDirectory() as folder:
            begin = time.monotonic()
            right, n = travel(self.facts(), Path(folder), seed)
        low, high = wilson(right, n)
        return self.measured(
            self.name,
            seed,
            value=round(100 * right / n, 4),
            unit="%",
            n=n,
            low=round(100 * low, 4),
            high=round(100 * high, 4),
            seconds=round(time.monotonic() - begin, 1),
        )

    def __str__(self) -> str:
        return f"road of {self.name}"


def travel(road: dict[str, Any], here: Path, seed: int) -> tuple[int, int]:
    """How many of how many test pictures were answered rightly at the end of the road."""
    source = str(road["source"])
    if "/" in source:
        source = str(Path(os.environ.get("IMVEIL_DATA", ".")) / source)
    key, ciphers, model = (str(here / part) for part in ("owner.key", "ciphers", "model.safetensors"))
    fields = [word for one in road["fields"] for word in ("--set", one)]
    imveil("keygen", key)
    imveil("encrypt", source, ciphers, "--key", key, "--scheme", road["scheme"], *fields, "--container",
           road["container"])  # fmt: skip
    imveil("verify", ciphers, "--key", key)
    imveil("train", ciphers, model, "--epochs", str(road["epochs"]), "--seed", str(seed))
    found = json.loads(imveil("evaluate", model, ciphers, "--json"))
    return found["right"], found["n"]
