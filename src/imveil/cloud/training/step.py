"""One step of a training run: gather, encrypt, forward, backward, update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imveil.cloud.classifier import Classifier
from imveil.cloud.data.streamed import Streamed
from imveil.cloud.data.tensors import tensor
from imveil.cloud.device import shortened
from imveil.cloud.training.augment import cut, gather, moved
from imveil.cloud.training.checkpoint import State
from imveil.cloud.training.group import Group
from imveil.cloud.training.settings import Settings
from imveil.errors import TrainingProblem
from imveil.extras import nn, torch

Fresh = Callable[[torch.Tensor, torch.Generator], torch.Tensor]
UNPLANNED = 1 << 40  # steps: the rate goes up as if the run had no end


@dataclass
class Run:
    """All that a step needs; what changes from step to step is in `state`. sample: some pictures as the net sees them,
    on the device."""

    net: Classifier
    state: State
    images: torch.Tensor | Streamed
    labels: torch.Tensor
    settings: Settings
    device: torch.device
    fresh: Fresh | None
    group: Group
    sample: torch.Tensor

    def __post_init__(self) -> None:
        weight = weights_of(self.labels) if self.settings.weights == "balanced" else None
        self.loss = nn.CrossEntropyLoss(weight, label_smoothing=self.settings.smoothing)

    @property
    def steps(self) -> int:
        """Full batches in an epoch; what is left over comes in another epoch, since each is shuffled anew."""
        return max(1, len(self.images) // self.settings.batch)

    @property
    def total(self) -> int:
        """Steps of the whole run; `UNPLANNED` as long as a budget has not planned them."""
        return self.state.at.planned or self.settings.steps or self.steps * self.settings.epochs

    @property
    def epochs(self) -> int:
        """Epochs of the whole run, the last of them perhaps cut short; 0 as long as they are not planned."""
        return 0 if self.total == UNPLANNED else -(-self.total // self.steps)

    @property
    def done(self) -> int:
        """Steps so far."""
        return (self.state.at.epoch - 1) * self.steps + self.state.at.step

    def step(self) -> torch.Tensor:
        """One batch, all of it or in parts. Returns the loss, still on the device. TrainingProblem out of memory."""
        s, at = self.settings, self.state.at
        rows = at.order[at.step * s.batch : (at.step + 1) * s.batch]
        self.state.optimiser.zero_grad(set_to_none=True)
        try:
            losses = [self.backward(part, len(part) / len(rows)) for part in self._parts(at.step)]
        except (RuntimeError, MemoryError) as error:
            if _out_of_memory(error):
                said, hint = self._too_large(len(rows))
            elif s.compiled and isinstance(error, torch._dynamo.exc.TorchDynamoException):
                said = f"torch cannot compile this net here: {str(error).strip().splitlines()[0]}"
                hint = "leave compiled=true out; on a processor it needs a C++ compiler"
            else:
                raise
            raise TrainingProblem(said, hint=hint) from error
        loss = self.group.sum(self.net, torch.stack(losses).sum() if len(losses) > 1 else losses[0])
        rate = s.rate(self.done, self.total) * at.slower
        for group in self.state.optimiser.param_groups:
            group["lr"] = group["times"] * rate
        if s.clip:
            self.state.scaler.unscale_(self.state.optimiser)
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), s.clip)
        # Without fp16 the scaler does nothing else. With it, a step whose gradients overflow is left out.
        self.state.scaler.step(self.state.optimiser)
        self.state.scaler.update()
        if self.state.average is not None:
            self.state.average.update(self.net)
        return loss

    def _parts(self, step: int) -> tuple[torch.Tensor, ...]:
        """What this process does in a step of the epoch, in the parts that it goes through one after the other. Where
        pictures are on disk, those of the next step begin to be read."""
        s, order = self.settings, self.state.at.order
        parts = []
        for number in (step, step + 1):
            own = self.group.part(order[number * s.batch : (number + 1) * s.batch])
            parts.append(own.tensor_split(s.accumulate))
        if isinstance(self.images, Streamed) and step + 1 < self.steps:
            for part in parts[1]:
                self.images.ahead(part.numpy())
        return parts[0]

    def pictures(self, rows: torch.Tensor, *, flip: bool, shift: int) -> torch.Tensor:
        """The pictures of these rows on the device, flipped and shifted."""
        if isinstance(self.images, Streamed):
            images, rows = tensor(self.images[rows.numpy()]).to(self.device), torch.arange(len(rows))
        else:
            images = self.images
        return gather(images, rows, self.state.draws, flip=flip, shift=shift)

    def backward(self, rows: torch.Tensor, share: float) -> torch.Tensor:
        """Add the gradients of these pictures, `share` of a batch, and return their share of the loss."""
        s, draws = self.settings, self.state.draws
        here = s.moved == "input"
        batch = self.pictures(rows, flip=s.flip and here, shift=s.shift if here else 0)
        if self.fresh is not None:
            batch = self.fresh(batch, draws).to(self.device)
        with shortened(self.device, s.precision):
            values = self.net.values(batch)
            if not here:
                values = moved(values, draws, flip=s.flip, shift=s.shift)
            if s.cut:
                values = cut(values, self.net.mean, draws, side=s.cut)
            loss: torch.Tensor = self.loss(self.net.answer(values), self.labels[rows.to(self.device)])
        more = None if self.net.adapter is None else self.net.adapter.penalty()
        whole = (loss if more is None else loss + more) * share
        self.state.scaler.scale(whole).backward()  # type: ignore[no-untyped-call]
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
            return said, f"one of {fits} does: use --batch {fits}, or --set accumulate={-(-batch // fits)}"
        return said, "use a smaller net, or smaller pictures"


def weights_of(labels: torch.Tensor) -> torch.Tensor:
    """A weight for each class, as large as it is rare: the mean over pictures is 1. A class without any gets 0.

    >>> weights_of(torch.tensor([0, 0, 0, 1]))
    tensor([0.6667, 2.0000])
    """
    counts = torch.bincount(labels).float()
    return torch.where(counts > 0, len(labels) / ((counts > 0).sum() * counts.clamp(min=1)), 0.0)


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
