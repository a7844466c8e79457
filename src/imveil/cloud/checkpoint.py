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
import numpy.typing as npt

from imveil.cloud import safefile
from imveil.cloud.extra import nn, torch
from imveil.errors import TrainingProblem

FORMAT, VERSION = "imveil-checkpoint", 1


@dataclass
class Position:
    """epoch from 1; step within it; the epoch's order of pictures (empty: not drawn yet); the sum of its losses."""

    epoch: int = 1
    step: int = 0
    total: float = 0.0
    seconds: float = 0.0
    order: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    history: list[dict[str, Any]] = field(default_factory=list)


def digest(*arrays: npt.NDArray[Any]) -> str:
    """SHA-256 of arrays, shapes included: which data a checkpoint belongs to."""
    state = hashlib.sha256()
    for array in arrays:
        state.update(f"{array.dtype.str}{array.shape}".encode())
        state.update(np.ascontiguousarray(array).data)
    return state.hexdigest()


def store(
    path: Path,
    recipe: Mapping[str, Any],
    net: nn.Module,
    sgd: torch.optim.SGD,
    draws: torch.Generator,
    at: Position,
) -> None:
    """Write all that is needed to go on."""
    momenta = sgd.state_dict()["state"]
    tensors = {f"net.{name}": value for name, value in net.state_dict().items()}
    for number, state in momenta.items():
        if state.get("momentum_buffer") is not None:
            tensors[f"sgd.{number}"] = state["momentum_buffer"]
    tensors |= {"draws": draws.get_state(), "torch": torch.get_rng_state(), "order": at.order}
    place = {"epoch": at.epoch, "step": at.step, "total": at.total, "seconds": at.seconds, "history": at.history}
    facts = {"format": FORMAT, "version": VERSION, "recipe": dict(recipe), "place": place}
    safefile.write(path, tensors, facts)


def restore(
    path: Path, recipe: Mapping[str, Any], net: nn.Module, sgd: torch.optim.SGD, draws: torch.Generator
) -> Position | None:
    """Put everything back and say where the run was; None where there is no checkpoint.

    TrainingProblem for a checkpoint of another recipe or of other data, BadModelFile for a broken one.
    """
    if not path.exists():
        return None
    tensors, facts = safefile.read(path, FORMAT, VERSION)
    was, wanted = facts["recipe"], json.loads(json.dumps(dict(recipe)))
    for name in sorted(was.keys() | wanted.keys()):
        if was.get(name) != wanted.get(name):
            what = "other pictures" if name == "data" else f"{name}={was.get(name)!r}, not {wanted.get(name)!r}"
            raise TrainingProblem(
                f"the checkpoint {path} is of another run: it has {what}",
                hint="repeat that run's options, or start anew with --restart",
            )
    net.load_state_dict({k.removeprefix("net."): v for k, v in tensors.items() if k.startswith("net.")})
    state = sgd.state_dict()
    state["state"] = {
        # In the memory layout of the weight: another layout takes other vector instructions and may round otherwise.
        number: {"momentum_buffer": torch.empty_like(weight).copy_(tensors[f"sgd.{number}"])}
        for number, weight in enumerate(net.parameters())
        if f"sgd.{number}" in tensors
    }
    sgd.load_state_dict(state)
    draws.set_state(tensors["draws"])
    torch.set_rng_state(tensors["torch"])
    return Position(order=tensors["order"], **facts["place"])


class Interrupts:
    """SIGINT and SIGTERM, kept until the checkpoint is safe. Truthy once one has come; `obey` then stops the run."""

    def __init__(self, *, active: bool) -> None:
        # Only the main thread may set handlers; elsewhere signals do what they always do.
        self.active = active and threading.current_thread() is threading.main_thread()
        self.came = False
        self.before: dict[int, Any] = {}

    def __bool__(self) -> bool:
        return self.came

    def obey(self) -> None:
        """KeyboardInterrupt if a signal has come."""
        if self.came:
            raise KeyboardInterrupt

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
