"""From a file of pictures through a container to a trained model, by the command line: the table of docs/learning.md.

usage: python -m scripts.records.run_roads [ROAD ...] [--record]

Every step is a command that a user would give: `imveil keygen`, `encrypt`, `verify`, `train`, `evaluate`.
PneumoniaMNIST is looked for in IMVEIL_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from imveil import record
from imveil.cloud.prediction import wilson

ROADS = {
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


def travel(name: str, here: Path) -> record.Record:
    """One road, in a folder of its own."""
    road, begin = ROADS[name], time.monotonic()
    source = str(road["source"])
    if "/" in source:
        source = str(Path(os.environ.get("IMVEIL_DATA", ".")) / source)
    key, ciphers, model = (str(here / part) for part in ("owner.key", "ciphers", "model.safetensors"))
    fields = [word for one in road["fields"] for word in ("--set", one)]
    imveil("keygen", key)
    imveil("encrypt", source, ciphers, "--key", key, "--scheme", road["scheme"], *fields, "--container",
           road["container"])  # fmt: skip
    imveil("verify", ciphers, "--key", key)
    imveil("train", ciphers, model, "--epochs", str(road["epochs"]), "--seed", "0")
    found = json.loads(imveil("evaluate", model, ciphers, "--json"))
    low, high = wilson(found["right"], found["n"])
    return record.measured(
        kind="road",
        name=name,
        digest=record.digest_of(road),
        facts=road,
        seed=0,
        value=round(100 * found["right"] / found["n"], 4),
        unit="%",
        n=found["n"],
        low=round(100 * low, 4),
        high=round(100 * high, 4),
        seconds=round(time.monotonic() - begin, 1),
    )


def main() -> None:
    """Road after road."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roads", nargs="*", metavar="ROAD", help=", ".join(ROADS))
    parser.add_argument("--record", action="store_true", help="append to records/road.jsonl")
    asked = parser.parse_args()
    unknown = set(asked.roads) - set(ROADS)
    if unknown:
        sys.exit(f"no road is called {', '.join(sorted(unknown))}; there are {', '.join(ROADS)}")
    for name in asked.roads or ROADS:
        with tempfile.TemporaryDirectory() as folder:
            one = travel(name, Path(folder))
        if asked.record:
            record.append(one)
        print(f"{name}: {one.value:.2f} % of {one.n:,}", flush=True)


if __name__ == "__main__":
    main()
