"""How fast a run would go here, and how many epochs fit into the time that is given."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy.typing as npt

from imveil.cloud.data.tensors import tensor
from imveil.cloud.device import pick_device, precision_of
from imveil.cloud.prediction import hits
from imveil.cloud.training.group import Group
from imveil.cloud.training.loop import order_of, prepare, repeatable
from imveil.cloud.training.settings import Settings
from imveil.extras import torch

Images = npt.NDArray[Any]
STEPS = 8  # after the first two, which are slower
SPARE = 0.93  # of the time: what is written, said and tested at the end takes some too


def epochs_in(
    seconds: float,
    train: tuple[Images, Any],
    classes: int,
    settings: Settings,
    valid: tuple[Images, Any] | None = None,
    device: str | torch.device | None = None,
) -> tuple[int, float]:
    """How many epochs of a run with these settings fit into `seconds`, at least 1, and the seconds that one takes.

    It does some steps to find out, with a net of its own, and leaves random states as they were.
    """
    begin = time.monotonic()
    where = pick_device(device)
    settings = replace(settings, precision=precision_of(where, settings.precision))
    with torch.random.fork_rng(devices=[]), repeatable(where):
        torch.manual_seed(settings.seed)
        run, _ = prepare(train, classes, settings, where, None, Group())
        run.state.at.order = order_of(run.images, run.state.draws)
        run.net.train()
        took = []
        for _ in range(STEPS + 2):
            start = time.monotonic()
            float(run.step())  # waits for the device
            took.append(time.monotonic() - start)
        each = sorted(took[2:])[STEPS // 2] * run.steps
        if valid is not None:
            some = tensor(valid[0][:512]).to(where), tensor(valid[1][:512]).to(where)
            start = time.monotonic()
            hits(run.net, *some, precision=settings.precision)
            each += (time.monotonic() - start) * len(valid[1]) / len(some[1])
    left = seconds * SPARE - (time.monotonic() - begin)
    return max(1, int(left / each)), each
