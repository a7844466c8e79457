"""One step of a training run: gather, encrypt, forward, backward, update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imveil.cloud.augment import gather, moved
from imveil.cloud.checkpoint import State
from imveil.cloud.classifier import Classifier
from imveil.cloud.extra import nn, torch
from imveil.cloud.group import Group
from imveil.cloud.settings import Settings
from imveil.errors import TrainingProblem

Fresh = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


@dataclass
class Run:
    """All that a step needs; what changes from step to step is in `state`."""

    net: Classifier
    state: State
    images: torch.Tensor
    labels: torch.Tensor
    settings: Settings
    device: torch.device
    fresh: Fresh | None
    group: Group

    def __post_init__(self) -> None:
        self.loss = nn.CrossEntropyLoss(label_smoothing=self.settings.smoothing)

    @property
    def steps(self) -> int:
        """Full batches in an epoch; what is left over comes in another epoch, since each is shuffled anew."""
        return max(1, len(self.images) // self.settings.batch)

    def step(self) -> torch.Tensor:
        """One batch, all of it or in parts. Returns the loss, still on the device. TrainingProblem out of memory."""
        s, at = self.settings, self.state.at
        rows = at.order[at.step * s.batch : (at.step + 1) * s.batch]
        own = self.group.part(rows)
        self.state.optimiser.zero_grad(set_to_none=True)
        try:
            losses = [self.backward(part, len(part) / len(rows)) for part in own.tensor_split(s.accumulate)]
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
            said, hint = self._too_large(len(rows))
            raise TrainingProblem(said, hint=hint) from error
        loss = self.group.sum(self.net, torch.stack(losses).sum() if len(losses) > 1 else losses[0])
        rate = s.rate((at.epoch - 1) * self.steps + at.step, self.steps * s.epochs)
        for group in self.state.optimiser.param_groups:
            group["lr"] = group["times"] * rate
        self.state.optimiser.step()
        if self.state.average is not None:
            self.state.average.update(self.net)
        return loss

    def backward(self, rows: torch.Tensor, share: float) -> torch.Tensor:
        """Add the gradients of these pictures, `share` of a batch, and return their share of the loss."""
        s, draws = self.settings, self.state.draws
        here = s.moved == "input"
        batch = gather(self.images, rows, draws, flip=s.flip and here, shift=s.shift if here else 0)
        if self.fresh is not None:
            batch = self.fresh(batch, draws).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bool(s.bf16)):
            values = self.net.values(batch)
            if not here:
                values = moved(values, draws, flip=s.flip, shift=s.shift)
            loss: torch.Tensor = self.loss(self.net.answer(values), self.labels[rows.to(self.device)])
        more = None if self.net.adapter is None else self.net.adapter.penalty()
        ((loss if more is None else loss + more) * share).backward()  # type: ignore[no-untyped-call]
        return loss.detach() * share

    def _too_large(self, batch: int) -> tuple[str, str]:
        """A sentence and a hint for a batch that does not fit: the largest half, quarter, ... that does."""
        said = f"a batch of {batch} pictures does not fit into the memory of {self.device}"
        fits = batch // 2
        while fits >= 2:
            self.state.optimiser.zero_grad(set_to_none=True)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            try:
                self.backward(torch.arange(fits) % len(self.images), 1.0)
            except (RuntimeError, MemoryError):
                fits //= 2
                continue
            return said, f"one of {fits} does: use --batch {fits}, or --accumulate {-(-batch // fits)}"
        return said, "use a smaller net, or smaller pictures"


def optimiser_of(net: Classifier, settings: Settings) -> torch.optim.Optimizer:
    """What changes the weights. The adapter comes first and has a rate of its own, and no weight decay."""
    groups: list[dict[str, Any]] = [
        {"params": list(net.net.parameters()), "times": 1.0, "weight_decay": settings.weight_decay}
    ]
    if net.adapter is not None and (own := list(net.adapter.parameters())):
        groups.insert(0, {"params": own, "times": net.adapter.rate, "weight_decay": 0.0})
    if settings.optimiser == "adamw":
        return torch.optim.AdamW(groups, lr=settings.lr, betas=(settings.momentum, 0.999))
    return torch.optim.SGD(groups, lr=settings.lr, momentum=settings.momentum, nesterov=True)


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error)
