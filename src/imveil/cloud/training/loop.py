"""The training loop: plain torch, seeded, resumable. The same data, settings and threads give the same bits on a CPU.

The pictures go to the device once, as they are stored, (n, h, w, c). Each step gathers a batch, flipped and shifted in
the same gather, and may have it encrypted on the way (`fresh`). What a step is stands in `step.py`, what a recipe can
say in `settings.py`.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.cloud.checks import check_pictures
from imveil.cloud.classifier import Classifier, Normalisation
from imveil.cloud.data.streamed import Streamed
from imveil.cloud.data.tensors import tensor
from imveil.cloud.device import pick_device, precision_of
from imveil.cloud.prediction import hits, sound
from imveil.cloud.training.average import Average
from imveil.cloud.training.begin import Start, take_over
from imveil.cloud.training.budget import Budget, Held
from imveil.cloud.training.checkpoint import Interrupts, Position, State, digest, restore, store
from imveil.cloud.training.group import Group, joined
from imveil.cloud.training.health import Health
from imveil.cloud.training.settings import Epoch as Epoch
from imveil.cloud.training.settings import Progress as Progress
from imveil.cloud.training.settings import Settings as Settings
from imveil.cloud.training.step import UNPLANNED, Fresh, Run, optimiser_of
from imveil.errors import BadDtype, Diverged
from imveil.extras import torch

Images = Any  # an array (n, h, w, c), or Streamed
SAMPLE = 2048  # pictures that are enough to know a mean and a deviation
FEW = 16  # pictures that are enough to see that a net answers with numbers
SLOWER = 0.25  # of the rate, where a run is begun again
Tell = Callable[[str, str], object]  # a name and a text, for whoever watches
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trained:
    """A trained net (pictures -> logits), how it got there, and what it was trained with."""

    net: Classifier
    history: list[Epoch]
    settings: Settings
    normalisation: Normalisation
    seconds: float


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
    start: Start | None = None,
    budget: Budget | None = None,
    names: list[str] | None = None,
    tell: Tell | None = None,
) -> Trained:
    """Train a net on pictures (n, h, w, c), uint8, uint16 or float32, with labels int64 (n,) in 0..classes-1.

    Parameters
    ----------
    valid
        Pictures that are only looked at after each epoch.
    checkpoint
        A file that is written after each epoch, every minute, and on SIGINT or SIGTERM; a run that finds it there goes
        on from it, and ends in the same bits on a CPU with the same number of threads.
    progress
        Called every few steps. fresh(batch, generator): what is done to each augmented batch ((n, h, w, c), on the
        device), for an owner who encrypts anew in every epoch.
    start
        Another net, for the first weights; normalisation and adapter are those of the pictures.
    budget
        Plans the steps in place of `settings.epochs`, as the first of them say how long they take.
    names
        Of the classes: the run is watched, and one that goes wrong is begun once more with a quarter of the rate.
    tell
        Called with (name, text) for what is said on the way.

    Raises
    ------
    BadShape
    BadDtype
    BadField
    TrainingProblem
        For labels that cannot be learnt, and before a net that answers with NaN is kept.
    KeyboardInterrupt
        After a signal, once the checkpoint is safe.
    """
    settings.check()
    check_pictures(*train, classes)
    if valid is not None:
        check_pictures(*valid, classes, all_classes=False)
    with joined(settings.batch) as group:
        where = pick_device(device)
        settings = replace(settings, precision=precision_of(where, settings.precision))
        with torch.random.fork_rng(devices=[]), repeatable(where):
            held = None if valid is None else (_there(valid[0], where), tensor(valid[1]).to(where))
            say = tell if tell is not None and group.first else lambda *_: None
            recipe: dict[str, Any] = {}
            if checkpoint is not None:
                recipe = _recipe(settings, classes, start, budget) | {"data": digest(*train, *(valid or ()))}
            begun = Position()
            while True:
                torch.manual_seed(settings.seed)
                run, normalisation = prepare(train, classes, settings, where, fresh, group, start, say)
                run.state.at = begun
                if checkpoint is not None and begun.slower == 1.0:
                    restore(checkpoint, recipe, run.state)
                health = None if names is None or run.state.at.slower < 1 else Health(names, say)
                try:
                    _train(run, held, checkpoint, recipe, progress if group.first else None, budget, health)
                    _sound(run)
                    break
                except Diverged as found:
                    if health is None:
                        raise
                    begun = Position(seconds=run.state.at.seconds, slower=SLOWER)
                    say("again", f"{found.message}: begun anew with a rate of {settings.lr * SLOWER:.2g}, a quarter")
                    if checkpoint is not None and group.first:
                        checkpoint.unlink(missing_ok=True)
            if run.state.average is not None:
                run.state.average.swap(run.net)
            if names is not None and (wrong := _wrong(run, held, names)):
                say(
                    "warning",
                    f"{wrong}: this model is of no use; more pictures, other settings or another scheme may be",
                )
    at = run.state.at
    done = replace(settings, epochs=run.epochs, steps=at.planned or settings.steps, lr=settings.lr * at.slower)
    return Trained(run.net.eval(), [Epoch(**e) for e in at.history], done, normalisation, at.seconds)


def _wrong(run: Run, held: Held | None, names: list[str]) -> str:
    """What makes a model that is done useless; empty where nothing does."""
    health, last = Health(names), run.state.at.history[-1]["valid"] if run.state.at.history else None
    return health.trouble(run) or ("" if held is None or last is None else health.unseen(run, last, held[1]))


def _recipe(settings: Settings, classes: int, start: Start | None, budget: Budget | None) -> dict[str, Any]:
    """What a checkpoint must agree with. How much a budget planned stands beside it: a run that goes on keeps to it."""
    recipe = {**asdict(settings), "classes": classes}
    if budget is not None:
        recipe |= {"epochs": "what a budget has room for"}
    if start is not None:
        recipe |= {"start": digest(*(value.float().numpy() for _, value in sorted(start.tensors.items())))}
    return recipe


def prepare(
    train: tuple[Images, I64],
    classes: int,
    settings: Settings,
    where: torch.device,
    fresh: Fresh | None,
    group: Group,
    start: Start | None = None,
    tell: Tell = lambda *_: None,
) -> tuple[Run, Normalisation]:
    """A run before its first step, and how its pictures are normalised. The global generator gives the weights."""
    images, labels = _there(train[0], where), tensor(train[1]).to(where)
    draws = torch.Generator().manual_seed(settings.seed)
    # The seen pictures, not the given ones, set shape and normalisation; a sample of them is enough.
    if isinstance(images, Streamed):
        spread = np.linspace(0, len(images) - 1, min(SAMPLE, len(images))).astype(np.int64)
        sample = tensor(images[spread]).to(where)
    else:
        sample = images
    if fresh is not None:
        sample = fresh(sample[:SAMPLE], torch.Generator().manual_seed(settings.seed)).to(where)
        if sample.dtype not in (torch.uint8, torch.float32):
            raise BadDtype(f"fresh pictures must be uint8 or float32, got {str(sample.dtype).removeprefix('torch.')}")
    h, w, c = (int(side) for side in sample.shape[1:])
    net = Classifier.of(settings, classes, (h, w, c))
    if start is not None:
        tell("from", take_over(net, start, settings, classes))
    net = net.to(where)
    net.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if net.adapter is not None:
        net.adapter.start(sample)
    normalisation = net.normalise(sample)
    if settings.compiled:
        net.compile_for_training()
    average = Average(net, settings.ema) if settings.ema else None
    scaler = torch.amp.GradScaler(where.type, enabled=settings.precision == "fp16")
    state = State(net, optimiser_of(net, settings), draws, average, scaler)
    return Run(net, state, images, labels, settings, where, fresh, group, sample[:FEW].clone()), normalisation


def order_of(images: torch.Tensor | Streamed, draws: torch.Generator) -> torch.Tensor:
    """A random order of the pictures, for one epoch."""
    return images.order(draws) if isinstance(images, Streamed) else torch.randperm(len(images), generator=draws)


def _there(images: Any, where: torch.device) -> torch.Tensor | Streamed:
    """Pictures on the device, once; those on disk stay there."""
    return images if isinstance(images, Streamed) else tensor(images).to(where)


def _train(
    run: Run,
    held: Held | None,
    checkpoint: Path | None,
    recipe: dict[str, Any],
    progress: Callable[[Progress], None] | None,
    budget: Budget | None = None,
    health: Health | None = None,
) -> None:
    at, saved = run.state.at, time.monotonic()
    before = saved - at.seconds
    tell = progress or (lambda _: None)

    def keep(interrupts: Interrupts) -> None:
        nonlocal saved
        if checkpoint is not None:
            _sound(run)
            if run.group.first:
                store(checkpoint, recipe, run.state)
            saved = time.monotonic()
            if run.group.any(bool(interrupts)):
                raise KeyboardInterrupt

    def timed() -> torch.Tensor:
        """A step that helps to plan the others."""
        assert budget is not None
        loss = budget.timed(run.step)
        total = torch.tensor([budget.planned(run, held) if run.group.first else 0])
        # Processes of a group have clocks of their own, so they take the plan of the first.
        at.planned = int(run.group.same(total)) or UNPLANNED
        return loss

    if budget is not None and not at.planned:
        at.planned = UNPLANNED
    with Interrupts(active=checkpoint is not None) as interrupts:
        while run.done < run.total or at.step:
            if at.step == 0 and not len(at.order):
                at.order = run.group.same(order_of(run.images, run.state.draws))
            total = torch.tensor(at.total, dtype=torch.float64, device=run.device)
            run.net.train()
            while at.step < run.steps and run.done < run.total:
                total += timed() if at.planned == UNPLANNED else run.step()
                at.step += 1
                late = time.monotonic() - saved > 60 or bool(interrupts)
                # Processes of a group have clocks of their own, so there they agree at fixed steps.
                last = at.step == run.steps or run.done == run.total
                if at.step % 10 and not last and not (late and run.group.size == 1):
                    continue
                at.total, at.seconds = _finite(total, run), time.monotonic() - before
                tell(_progress(run, at.total / at.step))
                if checkpoint is not None and run.group.any(late):
                    keep(interrupts)
            _end_epoch(run, held, tell, before, health)
            keep(interrupts)


def _progress(run: Run, loss: float, epoch: Epoch | None = None) -> Progress:
    total = 0 if run.total == UNPLANNED else run.total
    return Progress(run.done, total, loss, run.state.at.seconds, epoch, run.epochs)


def _end_epoch(
    run: Run,
    held: Held | None,
    tell: Callable[[Progress], None],
    before: float,
    health: Health | None,
) -> None:
    at, share = run.state.at, None
    run.group.settle(run.net)
    if held is not None:
        average = run.state.average
        with nullcontext() if average is None else average.shown(run.net):
            share = hits(run.net, *held, precision=run.settings.precision) / len(held[0])
    at.seconds = time.monotonic() - before
    epoch = Epoch(at.epoch, at.total / at.step, share, at.seconds)
    at.history.append(asdict(epoch))
    tell(_progress(run, epoch.loss, epoch))
    if health is not None:
        health.look(run, epoch.loss, None if held is None or share is None else (share, held[1]))
    at.epoch, at.step, at.total, at.order = at.epoch + 1, 0, 0.0, torch.empty(0, dtype=torch.int64)


def _finite(total: torch.Tensor, run: Run) -> float:
    value = float(total)
    if not math.isfinite(value):
        raise Diverged(
            f"the loss became NaN or infinite in epoch {run.state.at.epoch}, step {run.state.at.step} of {run.steps}",
            hint=_hint(run),
        )
    return value


def _sound(run: Run) -> None:
    """TrainingProblem unless net and mean answer with numbers. A loss is that of the net before its last update."""
    average = run.state.average
    good = sound(run.net, run.sample)
    if average is not None:
        with average.shown(run.net):
            good = sound(run.net, run.sample) and good
    if run.group.any(not good):
        raise Diverged(f"the net's answers became NaN or infinite after step {run.done}", hint=_hint(run))


def _hint(run: Run) -> str:
    return f"use a smaller learning rate than {run.settings.lr * run.state.at.slower:g}, and --restart"


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
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
