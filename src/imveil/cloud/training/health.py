"""Health: whether a run goes wrong while there is time to begin it again.

It has gone wrong where one class takes all answers, where the loss is ten times what it was, or where the net answers
the very pictures that it is trained on no better than by chance. Where it answers those and not held-out ones, a
smaller rate is no remedy: that is said, and the run goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from imveil.cloud.data.streamed import Streamed
from imveil.cloud.data.tensors import tensor
from imveil.cloud.prediction import counted
from imveil.cloud.training.step import Run
from imveil.errors import Diverged
from imveil.extras import torch

SAMPLE = 256  # pictures that are asked
EARLIEST = 60  # steps: before, nothing is said but of the loss
JUDGED = (0.3, 0.6, 0.9)  # of the run: what the net answers is looked at when an epoch ends after these
TENFOLD = 10.0
LEAST_HELD = 30  # held-out pictures, of which fewer say nothing
RARE = 0.9  # where one class has more of the pictures than this, answering it always is no sign


def looked_at(run: Run) -> int:
    """How many pictures are asked in a whole run, its end included: for a budget, which has to leave room for them."""
    return (len(JUDGED) + 1) * min(SAMPLE, len(run.images))


@dataclass
class Health:
    """What is known of a run. names: of the classes. tell: takes (name, text) of what is said while the run goes on."""

    names: list[str]
    tell: Callable[[str, str], object] = lambda *_: None
    lowest: float = math.inf
    _judged: int = field(default=0, repr=False)
    _asked: tuple[torch.Tensor, torch.Tensor] | None = field(default=None, repr=False)

    def look(self, run: Run, loss: float, held: tuple[float, torch.Tensor] | None = None) -> None:
        """Diverged, with the reason, where a run goes wrong.

        Parameters
        ----------
        loss
            The mean of the epoch that has just ended.
        held
            The share of held-out pictures that were answered right after it, and their labels.
        """
        if loss > TENFOLD * self.lowest:
            raise Diverged(f"the loss rose from {self.lowest:.2f} to {loss:.2f} by step {run.done:,}")
        self.lowest = min(self.lowest, loss)
        due = sum(run.done >= share * run.total for share in JUDGED)
        if run.done < EARLIEST or due == self._judged:
            return
        self._judged = due
        if reason := self.trouble(run):
            raise Diverged(f"{reason} after {run.done:,} of {run.total:,} steps")
        if held is not None and (reason := self.unseen(run, *held)):
            self.tell("held out", f"{reason} after {run.done:,} of {run.total:,} steps")

    def trouble(self, run: Run) -> str:
        """What is wrong with the answers to pictures that the net is trained on; empty where nothing is."""
        images, labels = self._sample(run)
        answers, right = counted(run.net, images, labels, classes=len(self.names), precision=run.settings.precision)
        most = int(answers.argmax())
        if int(answers[most]) == len(labels) and self._commonest(labels) < RARE:
            return f"all answers are {self.names[most]!r}"
        return self._by_chance("the pictures that it is trained on are", right / len(labels), labels, run)

    def unseen(self, run: Run, right: float, labels: torch.Tensor) -> str:
        """What is wrong with the answers to held-out pictures, of which this share is right; empty where nothing is."""
        return "" if len(labels) < LEAST_HELD else self._by_chance("held-out pictures are", right, labels, run)

    def _by_chance(self, what: str, right: float, labels: torch.Tensor, run: Run) -> str:
        share = self._commonest(labels)
        chance = share if run.settings.weights == "none" else 1 / len(self.names)
        if share < RARE and right < chance + 2 * math.sqrt(chance * (1 - chance) / len(labels)):
            return f"{what} answered no better than by chance ({right:.0%})"
        return ""

    def _commonest(self, labels: torch.Tensor) -> float:
        return float(torch.bincount(labels, minlength=len(self.names)).max()) / len(labels)

    def _sample(self, run: Run) -> tuple[torch.Tensor, torch.Tensor]:
        if self._asked is None:
            rows = np.linspace(0, len(run.images) - 1, min(SAMPLE, len(run.images))).astype(np.int64)
            images = run.images[rows] if isinstance(run.images, Streamed) else run.images[torch.from_numpy(rows)]
            images = images if isinstance(images, torch.Tensor) else tensor(images).to(run.device)
            self._asked = images, run.labels[torch.from_numpy(rows)]
        return self._asked
