"""Several processes that train one net, as `torchrun` starts them: each takes its part of every batch.

Gradients are summed over all, so that the net is the same everywhere and the steps are those of one process with the
whole batch, but for rounding and for batch norm, which sees parts. Only the first process writes and speaks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from imveil.errors import TrainingProblem
from imveil.extras import nn, torch


@dataclass(frozen=True)
class Group:
    """rank: which of `size` processes this one is."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def part(self, rows: torch.Tensor) -> torch.Tensor:
        """This process's rows of a batch."""
        return rows if self.size == 1 else rows[self.rank :: self.size]

    def same(self, order: torch.Tensor) -> torch.Tensor:
        """The first process's tensor, everywhere."""
        if self.size > 1:
            where = _device()
            sent = order.to(where)
            torch.distributed.broadcast(sent, 0)
            return sent.to(order.device)
        return order

    def sum(self, net: nn.Module, loss: torch.Tensor) -> torch.Tensor:
        """Sum the gradients over all processes, in place, and return the sum of the losses."""
        if self.size == 1:
            return loss
        grads = [p.grad for p in net.parameters() if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in grads] + [loss.reshape(1)])
        torch.distributed.all_reduce(flat)
        at = 0
        for grad in grads:
            grad.copy_(flat[at : at + grad.numel()].reshape(grad.shape))
            at += grad.numel()
        return flat[-1]

    def any(self, flag: bool) -> bool:
        """Whether it holds for any process."""
        if self.size == 1:
            return flag
        sent = torch.tensor([float(flag)], device=_device())
        torch.distributed.all_reduce(sent)
        return bool(sent.item())

    def settle(self, net: nn.Module) -> None:
        """Give all processes the mean of the running statistics, which each has of its own parts."""
        if self.size > 1:
            for buffer in net.buffers():
                if buffer.is_floating_point():
                    torch.distributed.all_reduce(buffer)
                    buffer /= self.size


def leader() -> bool:
    """Whether this is the process that writes and speaks, by the environment that torchrun sets.

    >>> leader()
    True
    """
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined(batch: int) -> Iterator[Group]:
    """The group that the environment names (RANK, WORLD_SIZE, as torchrun sets them), or this process alone."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group()
        return
    if batch < 2 * size:
        raise TrainingProblem(f"{size} processes cannot share a batch of {batch}", hint="use a larger --batch")
    begun = not torch.distributed.is_initialized()
    if begun:
        torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Group(torch.distributed.get_rank(), size)
    finally:
        if begun:
            torch.distributed.destroy_process_group()


def _device() -> torch.device:
    if torch.distributed.get_backend() == "nccl":
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")
