"""Where a run is, on disk: weights, momenta, random states, position. A resumed run ends in the same bits."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from imveil.cloud import safefile
from imveil.cloud.data.streamed import Streamed
from imveil.cloud.training.average import Average
from imveil.errors import TrainingProblem
from imveil.extras import nn, torch

FORMAT, VERSION = "imveil-checkpoint", 2


@dataclass
class Position:
    """epoch from 1; step within it; the epoch's order of pictures (empty: not drawn yet); the sum of its losses; how
    many steps a budget planned, 0 without one; by how much the rate is smaller than asked, after a run went wrong."""

    epoch: int = 1
    step: int = 0
    total: float = 0.0
    seconds: float = 0.0
    order: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    history: list[dict[str, Any]] = field(default_factory=list)
    planned: int = 0
    slower: float = 1.0


def digest(*arrays: Any) -> str:
    """SHA-256 of arrays, shapes included: which data a checkpoint belongs to. Pictures on disk have a digest of their
    own."""
    state = hashlib.sha256()
    for array in arrays:
        if isinstance(array, Streamed):
            state.update(array.digest.encode())
            continue
        state.update(f"{array.dtype.str}{array.shape}".encode())
        state.update(np.ascontiguousarray(array).data)
    return state.hexdigest()


@dataclass
class State:
    """What changes from step to step.

    Attributes
    ----------
    average
        Of the weights, where one is kept.
    scaler
        Of losses, for fp16.
    """

    net: nn.Module
    optimiser: torch.optim.Optimizer
    draws: torch.Generator
    average: Average | None
    scaler: torch.amp.GradScaler
    at: Position = field(default_factory=Position)


def store(path: Path, recipe: Mapping[str, Any], state: State) -> None:
    """Write all that is needed to go on. BadDestination where it cannot be written; what was there stays."""
    at = state.at
    tensors = {f"net.{name}": value for name, value in state.net.state_dict().items()}
    for number, known in state.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{name}": value for name, value in known.items() if value is not None}
    if state.average is not None:
        tensors |= {f"average.{name}": value for name, value in state.average.mean.items()}
    tensors |= {"draws": state.draws.get_state(), "torch": torch.get_rng_state(), "order": at.order}
    place = {"epoch": at.epoch, "step": at.step, "total": at.total, "seconds": at.seconds, "history": at.history}
    place |= {"planned": at.planned, "slower": at.slower}
    facts = {"format": FORMAT, "version": VERSION, "recipe": dict(recipe), "place": place}
    facts["scaler"] = state.scaler.state_dict()
    safefile.write(path, tensors, facts)


def restore(path: Path, recipe: Mapping[str, Any], state: State) -> bool:
    """Put everything back, the place too; False where there is no checkpoint.

    TrainingProblem for a checkpoint of another recipe or of other data, BadModelFile for a broken one.
    """
    if not path.exists():
        return False
    tensors, facts = safefile.read(path, FORMAT, VERSION)
    was, wanted = facts["recipe"], json.loads(json.dumps(dict(recipe)))
    for name in sorted(was.keys() | wanted.keys()):
        if was.get(name) != wanted.get(name):
            what = "other pictures" if name == "data" else f"{name}={was.get(name)!r}, not {wanted.get(name)!r}"
            raise TrainingProblem(
                f"the checkpoint {path} is of another run: it has {what}",
                hint="repeat that run's options, or start anew with --restart",
            )
    state.net.load_state_dict(_under("net.", tensors))
    known = state.optimiser.state_dict()
    known["state"] = {}
    for number, weight in enumerate(p for group in state.optimiser.param_groups for p in group["params"]):
        found = _under(f"optimiser.{number}.", tensors)
        if found:
            # In the memory layout of the weight: another takes other vector instructions and may round otherwise.
            known["state"][number] = {
                name: torch.empty_like(weight).copy_(value) if value.shape == weight.shape else value
                for name, value in found.items()
            }
    state.optimiser.load_state_dict(known)
    if state.average is not None:
        for name, value in _under("average.", tensors).items():
            state.average.mean[name].copy_(value)
    state.draws.set_state(tensors["draws"])
    torch.set_rng_state(tensors["torch"])
    state.scaler.load_state_dict(facts["scaler"])
    state.at = Position(order=tensors["order"], **facts["place"])
    return True


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


class Interrupts:
    """SIGINT and SIGTERM, kept until the checkpoint is safe. Truthy once one has come."""

    def __init__(self, *, active: bool) -> None:
        # Only the main thread may set handlers; elsewhere signals do what they always do.
        self.active = active and threading.current_thread() is threading.main_thread()
        self.came = False
        self.before: dict[int, Any] = {}

    def __bool__(self) -> bool:
        return self.came

    def __enter__(self) -> Interrupts:
        if self.active:
            for number in (signal.SIGINT, signal.SIGTERM):
                self.before[number] = signal.signal(number, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.came = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
