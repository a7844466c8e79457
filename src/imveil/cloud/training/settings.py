"""The recipe of a training run, and what a run tells while it goes on. Plain facts, no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from imveil.errors import BadField

Optimiser = Literal["sgd", "adamw"]
Schedule = Literal["line", "cosine"]
Moved = Literal["input", "adapted"]
Precision = Literal["auto", "float32", "bf16", "fp16"]
Weights = Literal["none", "balanced"]


@dataclass(frozen=True)
class Settings:
    """The recipe of one training run.

    Attributes
    ----------
    lr
        Peak rate.
    flip, shift
        Of what is `moved`, the cipher pictures ("input") or what the adapter makes of them ("adapted"); shift in
        pixels.
    cut
        Pixels of a side of the square that is taken out of each picture in training; 0: none.
    precision
        Of products in the net; "auto" = the shortest numbers that the hardware has.
    model_options, adapter_options
        Of the files of that name.
    optimiser
        SGD with Nesterov momentum, or AdamW, for which momentum is beta 1.
    schedule
        Up over a fifth of all steps and down on a "line", or up over a twentieth and down on a "cosine".
    ema
        0, or how much of the mean of weights each step keeps; the mean is what is trained then.
    accumulate
        Parts of a batch that go through the net one after the other, for less memory.
    mirror
        Answer with the mean of a picture and its mirror image.
    compiled
        By torch.compile, which pays in long runs of some nets (docs/learning.md).
    weights
        "balanced": a picture counts for as much as its class is rare, so that every class counts alike.
    clip
        The largest norm that a step's gradients may have; 0: any.
    warmup
        Steps on which the rate goes up; 0: a share of all, as the schedule has it.
    steps
        In all, if the run ends within an epoch; 0: whole epochs.
    """

    model: str = "cnn"
    width: int | None = None
    epochs: int = 6
    batch: int = 256
    lr: float = 0.3
    momentum: float = 0.85
    weight_decay: float = 1e-4
    smoothing: float = 0.1
    seed: int = 0
    flip: bool = True
    shift: int = 2
    adapter: str = "none"
    precision: Precision = "auto"
    adapter_options: Mapping[str, Any] = field(default_factory=dict)
    moved: Moved = "input"
    model_options: Mapping[str, Any] = field(default_factory=dict)
    optimiser: Optimiser = "sgd"
    schedule: Schedule = "line"
    ema: float = 0.0
    accumulate: int = 1
    mirror: bool = False
    compiled: bool = False
    weights: Weights = "none"
    clip: float = 0.0
    warmup: int = 0
    steps: int = 0
    cut: int = 0

    def check(self) -> None:
        """BadField for a value that no run can have."""
        for own in fields(self):
            value, kind = getattr(self, own.name), type(own.default)
            if kind in (bool, int, float) and type(value) not in ((int, float) if kind is float else (kind,)):
                raise BadField(f"{own.name}={value!r} is no {kind.__name__}")
        choices = {"precision": Precision, "moved": Moved, "optimiser": Optimiser, "schedule": Schedule}
        choices["weights"] = Weights
        for name, choice in choices.items():
            if getattr(self, name) not in get_args(choice):
                raise BadField(f"{name}={getattr(self, name)!r} is not one of {', '.join(get_args(choice))}")
        wrong = {
            "epochs": not 1 <= self.epochs <= 100_000,
            "batch": not 2 <= self.batch <= 1_000_000,
            "lr": not (math.isfinite(self.lr) and self.lr > 0),
            "momentum": not 0 < self.momentum < 1,
            "weight_decay": not 0 <= self.weight_decay < 1,
            "smoothing": not 0 <= self.smoothing < 1,
            "seed": not 0 <= self.seed < 2**63,
            "shift": not 0 <= self.shift <= 1024,
            "cut": not 0 <= self.cut <= 65_536,
            "width": self.width is not None and not 1 <= self.width <= 4096,
            "ema": not 0 <= self.ema < 1,
            "clip": not 0 <= self.clip < math.inf,
            "warmup": not 0 <= self.warmup <= 1_000_000,
            "steps": not 0 <= self.steps <= 1_000_000_000,
            "accumulate": not 1 <= self.accumulate <= self.batch // 2,
        }
        for name in (name for name, bad in wrong.items() if bad):
            raise BadField(f"{name}={getattr(self, name)!r} is out of range for a training run")

    def rate(self, step: int, total: int) -> float:
        """The learning rate of a step (from 0) of a run of `total` steps.

        >>> [round(Settings(lr=1.0).rate(step, 10), 2) for step in range(10)]
        [0.5, 1.0, 1.0, 0.88, 0.75, 0.62, 0.5, 0.38, 0.25, 0.12]
        """
        top = total / (5 if self.schedule == "line" else 20)
        top = max(1.0, min(self.warmup, total / 2) if self.warmup else top)
        up, down = (step + 1) / top, (total - step) / max(1.0, total - top)
        if self.schedule == "cosine":
            down = (1 - math.cos(math.pi * min(down, 1.0))) / 2
        return self.lr * min(up, down, 1.0 if self.schedule == "cosine" else math.inf)


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave: mean training loss, accuracy on the validation pictures (None without), seconds so far."""

    number: int
    loss: float
    valid: float | None
    seconds: float


@dataclass(frozen=True)
class Progress:
    """Where a run is. `done` is the epoch that has just ended, else None. Steps are counted over the whole run; steps
    and epochs are 0 as long as they are not planned."""

    step: int
    steps: int
    loss: float
    seconds: float
    done: Epoch | None = None
    epochs: int = 0
