"""The recipe of a training run, and what a run tells while it goes on. Plain facts, no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from imveil.errors import BadField


@dataclass(frozen=True)
class Settings:
    """The recipe of one training run. lr: peak rate; shift: pixels; bf16: None = where it is done in hardware."""

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
    bf16: bool | None = None

    def check(self) -> None:
        """BadField for a value that no run can have."""
        wrong = {
            "epochs": not 1 <= self.epochs <= 100_000,
            "batch": not 2 <= self.batch <= 1_000_000,
            "lr": not (math.isfinite(self.lr) and self.lr > 0),
            "momentum": not 0 < self.momentum < 1,
            "weight_decay": not 0 <= self.weight_decay < 1,
            "smoothing": not 0 <= self.smoothing < 1,
            "seed": not 0 <= self.seed < 2**63,
            "shift": not 0 <= self.shift <= 1024,
            "width": self.width is not None and not 1 <= self.width <= 4096,
        }
        for name in (name for name, bad in wrong.items() if bad):
            raise BadField(f"{name}={getattr(self, name)!r} is out of range for a training run")


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave: mean training loss, accuracy on the validation pictures (None without), seconds so far."""

    number: int
    loss: float
    valid: float | None
    seconds: float


@dataclass(frozen=True)
class Progress:
    """Where a run is. `done` is the epoch that has just ended, else None. Steps are counted over the whole run."""

    step: int
    steps: int
    loss: float
    seconds: float
    done: Epoch | None = None
