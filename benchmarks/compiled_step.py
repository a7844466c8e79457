"""What torch.compile saves of a training step, and what it costs before the first: steps with and without it in turn.

usage: python benchmarks/compiled_step.py [--record] [MODEL ...]

Batches of 64 pictures of 32x32, every model at its usual width. The saving is the median of paired steps; with --record
a line for each model in records/compiled-step.jsonl.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import torch
from _steps import of, paired, ready
from torch._inductor import config as inductor

from imveil import record
from imveil.cloud.device import pick_device, precision_of
from imveil.cloud.training.group import Group
from imveil.cloud.training.loop import Settings, prepare

MODELS = ("cnn", "resnet_cifar", "resnet18", "vit_tiny", "convmixer")
BATCH, PAIRS = 64, 20


def main() -> None:
    """A line for each model."""
    where = pick_device()
    inductor.force_disable_caches = True  # so that compiling takes as long as it does the first time
    rng = np.random.default_rng(0)
    data = rng.integers(0, 256, (1024, 32, 32, 3)).astype(np.uint8), np.arange(1024) % 10
    for model in [word for word in sys.argv[1:] if not word.startswith("-")] or MODELS:
        begin = time.monotonic()
        settings = Settings(model=model, batch=BATCH, precision=precision_of(where))
        both = [replace(settings, compiled=compiled) for compiled in (False, True)]
        runs = [ready(prepare(data, 10, one, where, None, Group())[0]) for one in both]
        start = time.perf_counter()
        float(runs[1].step())
        first = time.perf_counter() - start
        ratios, plain = paired(runs, PAIRS)
        facts = {"model": model, "batch": BATCH, "threads": torch.get_num_threads(), "device": where.type}
        seen = {"step": round(plain, 4), "first": round(first, 1)}
        one = of("compiled-step", model, facts, seen, ratios, time.monotonic() - begin)
        print(
            f"{model}: {one.value:+.1f} % of a step of {plain * 1000:.0f} ms (quartiles {one.low:+.1f}, "
            f"{one.high:+.1f}), {first:.0f} s before the first",
            flush=True,
        )
        if "--record" in sys.argv:
            record.append(one)


if __name__ == "__main__":
    main()
