"""Small sets: 400 pictures to train on, as `imveil train --budget` does, beside a small grid of batches and rates.

The grid says how much the choices of `train` lose: its best is the best by the 200 test pictures themselves, which
favours the grid.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np

import imveil
from imveil.audit.game.challenger import key_of
from imveil.lab.measurement import Measurement
from imveil.lab.samples import SETS, TRAIN, small_set
from imveil.record import Record

SCHEMES: dict[str, dict[str, Any]] = {"plain/1": {}, "logistic-xor/1": {}, "negpos/1": {"per_image": True}}
BUDGETS = (60, 120)  # seconds
BATCHES = (16, 64)
RATES = (0.01, 0.03, 0.1)
EPOCHS = 24  # of a run of the grid


@dataclass(frozen=True)
class Small(Measurement):
    """One training on a small set: within so many seconds, or with a batch and a rate of the grid."""

    data: str
    scheme: str
    budget: int | None = None
    batch: int | None = None
    rate: float | None = None
    kind: ClassVar[str] = "small-set"

    @property
    def seconds(self) -> float:
        """With the floor of 4,800 pictures, which large ones take longer for."""
        return 1.5 * (self.budget or 30)

    def facts(self) -> dict[str, Any]:
        """The set, the scheme, and what was given."""
        given = {"budget": self.budget} if self.budget else {"batch": self.batch, "rate": self.rate, "epochs": EPOCHS}
        return {"data": self.data, "scheme": self.scheme, "fields": SCHEMES[self.scheme], "train": TRAIN, **given}

    def measure(self, seed: int) -> Record:
        """seed: of the key and of the training. Accuracy in percent with its 95 % interval; facts: classes, threads,
        seconds of the training, and the steps that a budget had room for."""
        from imveil import cloud
        from imveil.cloud.prediction import wilson
        from imveil.extras import torch
        from imveil.owner.encryption import encrypt_set

        images, labels, asked, right = small_set(self.data)
        with TemporaryDirectory() as folder:
            source, ciphers = Path(folder) / "set.npz", Path(folder) / "ciphers"
            np.savez(source, train_images=images, train_labels=labels, test_images=asked, test_labels=right)
            hidden = imveil.find(self.scheme, **SCHEMES[self.scheme])
            encrypt_set(source, ciphers, hidden, key_of(seed), workers=1)
            begin = time.monotonic()
            given: dict[str, Any] = {"budget": self.budget} if self.budget else {"epochs": EPOCHS}
            model = cloud.train(ciphers, batch=self.batch, lr=self.rate, seed=seed, **given)
            took = time.monotonic() - begin
        low, high = wilson(model.score.right, model.score.n)
        found = {"classes": int(labels.max()) + 1, "took": round(took, 1), "threads": torch.get_num_threads()}
        if self.budget:
            found["steps"] = model.info.settings.steps
        return self.measured(
            str(self), seed, {"found": found}, value=round(100 * model.score.accuracy, 2), unit="% of answers right",
            n=model.score.n, low=round(100 * low, 2), high=round(100 * high, 2), seconds=round(took, 1),
        )  # fmt: skip

    def __str__(self) -> str:
        given = f"{self.budget} s" if self.budget else f"batch {self.batch}, rate {self.rate}"
        return f"{self.data}, {self.scheme}, {given}"


def budgets() -> list[Small]:
    """Every set under every scheme, for one minute and two."""
    return [Small(data, scheme, budget) for budget in BUDGETS for data in SETS for scheme in SCHEMES]


def grid() -> list[Small]:
    """The same with each batch and rate; sets of small pictures only, where a run takes seconds."""
    return [
        Small(data, scheme, batch=batch, rate=rate)
        for data in SETS
        if "224 px" not in data
        for scheme in SCHEMES
        for batch in BATCHES
        for rate in RATES
    ]
