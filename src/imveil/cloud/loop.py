"""The training loop: plain torch, seeded, resumable. The same data, settings and threads give the same bits on a CPU.

The pictures go to the device once, as they are stored, (n, h, w, c). Each step gathers a batch, flipped and shifted in
the same gather, and may have it encrypted on the way (`fresh`). SGD with Nesterov momentum; the rate climbs for a fifth
of the steps and falls to zero on a line; label smoothing; bfloat16 where the processor has it in hardware.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.cloud.augment import gather
from imveil.cloud.checkpoint import Interrupts, Position, digest, restore, store
from imveil.cloud.checks import check_pictures
from imveil.cloud.classifier import Classifier, Normalisation
from imveil.cloud.device import pick_device, uses_bf16
from imveil.cloud.extra import nn, torch
from imveil.cloud.predict import hits
from imveil.cloud.settings import Epoch as Epoch
from imveil.cloud.settings import Progress as Progress
from imveil.cloud.settings import Settings as Settings
from imveil.cloud.tensors import tensor
from imveil.errors import BadDtype, TrainingProblem

Images = npt.NDArray[Any]
I64 = npt.NDArray[np.int64]
Fresh = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


@dataclass(frozen=True)
class Trained:
    """A trained net (pictures -> logits), how it got there, and what it was trained with."""

    net: Classifier
    history: list[Epoch]
    settings: Settings
    normalisation: Normalisation
    seconds: float


@dataclass
class _Run:
    """All that a step needs; what changes from step to step is in `at` and in the states of net, sgd and draws."""

    net: Classifier
    sgd: torch.optim.SGD
    loss: nn.CrossEntropyLoss
    draws: torch.Generator
    images: torch.Tensor
    labels: torch.Tensor
    settings: Settings
    device: torch.device
    fresh: Fresh | None
    at: Position = field(default_factory=Position)

    @property
    def steps(self) -> int:
        """Full batches in an epoch; what is left over comes in another epoch, since each is shuffled anew."""
        return max(1, len(self.images) // self.settings.batch)

    def rate(self, step: int) -> float:
        """The learning rate of a step of the whole run: up over a fifth of all, then down to zero."""
        total = self.steps * self.settings.epochs
        top = max(1.0, total / 5)
        return self.settings.lr * min((step + 1) / top, (total - step) / max(1.0, total - top))

    def step(self) -> torch.Tensor:
        """One batch: gather, encrypt, forward, backward, update. Returns the loss, still on the device."""
        s = self.settings
        rows = self.at.order[self.at.step * s.batch : (self.at.step + 1) * s.batch]
        batch = gather(self.images, rows, self.draws, flip=s.flip, shift=s.shift)
        if self.fresh is not None:
            batch = self.fresh(batch, self.draws).to(self.device)
        for group in self.sgd.param_groups:
            group["lr"] = self.rate((self.at.epoch - 1) * self.steps + self.at.step)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bool(s.bf16)):
            loss: torch.Tensor = self.loss(self.net(batch), self.labels[rows.to(self.device)])
        self.sgd.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.sgd.step()
        return loss.detach()


def fit(
    train: tuple[Images, I64],
    classes: int,
    settings: Settings,
    *,
    valid: tuple[Images, I64] | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    device: str | torch.device | None = None,
    fresh: Fresh | None = None,
) -> Trained:
    """Train a net on pictures (n, h, w, c), uint8, uint16 or float32, with labels int64 (n,) in 0..classes-1.

    valid: pictures that are only looked at after each epoch. checkpoint: a file that is written after each epoch,
    every minute, and on SIGINT or SIGTERM; a run that finds it there goes on from it, and ends in the same bits on a
    CPU with the same number of threads. progress: called every few steps. fresh(batch, generator): what is done to
    each augmented batch ((n, h, w, c), on the device), for an owner who encrypts anew in every epoch.

    Raises BadShape, BadDtype, BadField; TrainingProblem for labels that cannot be learnt and for a loss that is no
    number; KeyboardInterrupt after a signal, once the checkpoint is safe.
    """
    settings.check()
    check_pictures(*train, classes)
    if valid is not None:
        check_pictures(*valid, classes, all_classes=False)
    where = pick_device(device)
    settings = replace(settings, bf16=uses_bf16(where) if settings.bf16 is None else settings.bf16)
    with torch.random.fork_rng(devices=[]), _repeatable(where):
        torch.manual_seed(settings.seed)
        run, normalisation = _prepare(train, classes, settings, where, fresh)
        held = None if valid is None else (tensor(valid[0]).to(where), tensor(valid[1]).to(where))
        before = time.monotonic()
        if checkpoint is not None:
            recipe = {**asdict(settings), "classes": classes, "data": digest(*train, *(valid or ()))}
            run.at = restore(checkpoint, recipe, run.net, run.sgd, run.draws) or run.at
            before -= run.at.seconds
        else:
            recipe = {}
        _train(run, held, checkpoint, recipe, progress, before)
    return Trained(run.net.eval(), [Epoch(**e) for e in run.at.history], settings, normalisation, run.at.seconds)


def _prepare(
    train: tuple[Images, I64], classes: int, settings: Settings, where: torch.device, fresh: Fresh | None
) -> tuple[_Run, Normalisation]:
    images, labels = tensor(train[0]).to(where), tensor(train[1]).to(where)
    draws = torch.Generator().manual_seed(settings.seed)
    # The seen pictures, not the given ones, set shape and normalisation; a sample of them is enough.
    sample = images
    if fresh is not None:
        sample = fresh(images[:2048], torch.Generator().manual_seed(settings.seed)).to(where)
        if sample.dtype not in (torch.uint8, torch.float32):
            raise BadDtype(f"fresh pictures must be uint8 or float32, got {str(sample.dtype).removeprefix('torch.')}")
    h, w, c = (int(side) for side in sample.shape[1:])
    net = Classifier.build(settings.model, classes, (h, w, c), width=settings.width, adapter=settings.adapter)
    net = net.to(where).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    normalisation = net.normalise(sample)
    sgd = torch.optim.SGD(
        net.parameters(),
        lr=settings.lr,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        nesterov=True,
    )
    loss = nn.CrossEntropyLoss(label_smoothing=settings.smoothing)
    return _Run(net, sgd, loss, draws, images, labels, settings, where, fresh), normalisation


def _train(
    run: _Run,
    held: tuple[torch.Tensor, torch.Tensor] | None,
    checkpoint: Path | None,
    recipe: dict[str, Any],
    progress: Callable[[Progress], None] | None,
    before: float,
) -> None:
    settings, at, saved = run.settings, run.at, time.monotonic()
    tell = progress or (lambda _: None)
    with Interrupts(active=checkpoint is not None) as interrupts:
        while at.epoch <= settings.epochs:
            if at.step == 0 and not len(at.order):
                at.order = torch.randperm(len(run.images), generator=run.draws)
                total = torch.zeros((), dtype=torch.float64, device=run.device)
            else:
                total = torch.tensor(at.total, dtype=torch.float64, device=run.device)
            run.net.train()
            while at.step < run.steps:
                total += run.step()
                at.step += 1
                late = time.monotonic() - saved > 60 or bool(interrupts)
                if at.step % 10 and at.step < run.steps and not late:
                    continue
                at.total, at.seconds = _finite(total, run), time.monotonic() - before
                done = (at.epoch - 1) * run.steps + at.step
                tell(Progress(done, settings.epochs * run.steps, at.total / at.step, at.seconds))
                if checkpoint is not None and late:
                    store(checkpoint, recipe, run.net, run.sgd, run.draws, at)
                    saved = time.monotonic()
                    interrupts.obey()
            _end_epoch(run, held, tell, before)
            if checkpoint is not None:
                store(checkpoint, recipe, run.net, run.sgd, run.draws, at)
                saved = time.monotonic()
                interrupts.obey()


def _end_epoch(
    run: _Run, held: tuple[torch.Tensor, torch.Tensor] | None, tell: Callable[[Progress], None], before: float
) -> None:
    at, share = run.at, None
    if held is not None:
        share = hits(run.net, *held, bf16=bool(run.settings.bf16)) / len(held[0])
    at.seconds = time.monotonic() - before
    epoch = Epoch(at.epoch, at.total / run.steps, share, at.seconds)
    at.history.append(asdict(epoch))
    tell(Progress(at.epoch * run.steps, run.settings.epochs * run.steps, epoch.loss, at.seconds, epoch))
    at.epoch, at.step, at.total, at.order = at.epoch + 1, 0, 0.0, torch.empty(0, dtype=torch.int64)


def _finite(total: torch.Tensor, run: _Run) -> float:
    value = float(total)
    if not math.isfinite(value):
        raise TrainingProblem(
            f"the loss is no number any more in epoch {run.at.epoch}, by step {run.at.step} of {run.steps}",
            hint=f"use a smaller learning rate than {run.settings.lr:g}",
        )
    return value


@contextmanager
def _repeatable(device: torch.device) -> Iterator[None]:
    """Deterministic kernels on an accelerator, where torch has them; those of a CPU are so already."""
    if device.type == "cpu":
        yield
        return
    flags = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)
        with warnings.catch_warnings():
            # Some kernels have no such form (max-pool backward): repeating to the bit is promised for CPUs only.
            warnings.filterwarnings("ignore", message="(?i).*determinis")
            yield
    finally:
        torch.use_deterministic_algorithms(flags[0], warn_only=flags[1])
