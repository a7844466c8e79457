"""What the benchmarks of training steps share: two ways of one step, one after the other, pair after pair."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import numpy as np
import torch

from imveil.cloud.training.step import Run
from imveil.record import Record, digest_of, measured


def paired(runs: list[Run], pairs: int) -> tuple[list[float], float]:
    """What the second run's step costs more than the first's, in percent, of each pair; the median seconds of the
    first's."""
    ratios, firsts = [], []
    for pair in range(pairs + 2):  # the first two are slower
        took = []
        # Which comes first changes from pair to pair: what drifts falls on both alike.
        for run in runs if pair % 2 else runs[::-1]:
            start = time.perf_counter()
            float(run.step())
            took.append(time.perf_counter() - start)
        took = took if pair % 2 else took[::-1]
        if pair >= 2:
            ratios.append(100 * (took[1] / took[0] - 1))
            firsts.append(took[0])
    return ratios, median(firsts)


def ready(run: Run) -> Run:
    """The run, so that it can take steps over and over."""
    run.state.at.order = torch.randperm(len(run.images))
    run.net.train()
    return run


def of(
    kind: str, name: str, facts: dict[str, Any], seen: dict[str, Any], ratios: list[float], seconds: float
) -> Record:
    """A record of the median, with quartiles. facts: what was run; seen: what was found beside the ratio."""
    low, high = np.quantile(ratios, [0.25, 0.75]).round(3).tolist()
    return measured(
        kind=kind,
        name=name,
        digest=digest_of(facts),
        facts=facts | seen,
        value=round(median(ratios), 3),
        unit="% of a step more",
        n=len(ratios),
        low=low,
        high=high,
        seconds=round(seconds, 1),
    )
