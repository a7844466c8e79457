"""What encryption on the fly adds to a training step of the laboratory: steps with and without it, one after the other.

usage: python benchmarks/fresh_step.py [--record]

The small net at width 32, batches of 256 CIFAR-10 pictures. The cost of a step with encryption is the median of paired
steps; with --record a line for each scheme in records/fresh-step.jsonl.
"""

from __future__ import annotations

import sys
import time
from statistics import median
from typing import Any

import numpy as np
import torch

import imveil
from imveil.cloud.device import pick_device, precision_of
from imveil.cloud.group import Group
from imveil.cloud.loop import Settings, prepare
from imveil.lab import record
from imveil.lab.experiment import fresh_copies, key_of
from imveil.lab.record import measured

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
        runs = [prepare(data, 10, settings, where, f, Group())[0] for f in (None, fresh_copies(scheme, key_of(0)))]
        for run in runs:
            run.state.at.order = torch.randperm(2048)
            run.net.train()
        begin, ratios, plain = time.monotonic(), [], []
        for pair in range(PAIRS + 2):
            took = []
            # Which comes first changes from pair to pair: what drifts falls on both alike.
            for run in runs if pair % 2 else runs[::-1]:
                start = time.perf_counter()
                float(run.step())
                took.append(time.perf_counter() - start)
            took = took if pair % 2 else took[::-1]
            if pair >= 2:
                ratios.append(100 * (took[1] / took[0] - 1))
                plain.append(took[0])
        facts = {"scheme": id, "fields": scheme.config(), "model": "cnn", "width": 32, "batch": 256}
        facts |= {"threads": torch.get_num_threads(), "device": where.type, "step": round(median(plain), 4)}
        named = {k: v for k, v in facts.items() if k != "step"}
        low, high = np.quantile(ratios, [0.25, 0.75]).round(3).tolist()
        one = measured(
            kind="fresh-step",
            name=id,
            digest=record.digest_of(named),
            facts=facts,
            value=round(median(ratios), 3),
            unit="% of a step more",
            n=PAIRS,
            low=low,
            high=high,
            seconds=round(time.monotonic() - begin, 1),
        )
        print(
            f"{id}: {one.value:+.2f} % of a step of {facts['step'] * 1000:.0f} ms (quartiles {low:+.2f}, {high:+.2f})"
        )
        if "--record" in sys.argv:
            record.append(one)


if __name__ == "__main__":
    main()
