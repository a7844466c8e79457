"""What encryption on the fly adds to a training step of the laboratory: steps with and without it, one after the other.

usage: python benchmarks/fresh_step.py [--record]

The small net at width 32, batches of 256 CIFAR-10 pictures. The cost of a step with encryption is the median of paired
steps; with --record a line for each scheme in records/fresh-step.jsonl.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import torch
from _steps import of, paired, ready

import imveil
from imveil import record
from imveil.audit.game.challenger import key_of
from imveil.cloud.device import pick_device, precision_of
from imveil.cloud.training.group import Group
from imveil.cloud.training.loop import Settings, prepare
from imveil.lab.experiment import fresh_copies

SCHEMES: list[tuple[str, dict[str, Any]]] = [("logistic-xor/1", {}), ("negpos/1", {}), ("le/1", {}), ("etc/1", {})]
PAIRS = 100


def main() -> None:
    """A line for each scheme."""
    where = pick_device()
    settings = Settings(width=32, precision=precision_of(where))
    rng = np.random.default_rng(0)
    data = rng.integers(0, 256, (2048, 32, 32, 3)).astype(np.uint8), np.arange(2048) % 10
    for id, fields in SCHEMES:
        scheme = imveil.find(id, **fields)
        begin = time.monotonic()
        fresh = fresh_copies(scheme, key_of(0))
        runs = [ready(prepare(data, 10, settings, where, f, Group())[0]) for f in (None, fresh)]
        ratios, plain = paired(runs, PAIRS)
        facts = {"scheme": id, "fields": scheme.config(), "model": "cnn", "width": 32, "batch": 256}
        facts |= {"threads": torch.get_num_threads(), "device": where.type}
        one = of("fresh-step", id, facts, {"step": round(plain, 4)}, ratios, time.monotonic() - begin)
        print(
            f"{id}: {one.value:+.2f} % of a step of {plain * 1000:.0f} ms (quartiles {one.low:+.2f}, {one.high:+.2f})"
        )
        if "--record" in sys.argv:
            record.append(one)


if __name__ == "__main__":
    main()
