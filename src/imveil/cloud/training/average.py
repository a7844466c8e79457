"""The moving average of a net's weights (EMA), which is often better than the weights of the last step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imveil.extras import nn, torch


class Average:
    """keep: how much of the mean each step keeps. Weights and running statistics are averaged, counters are copied."""

    def __init__(self, net: nn.Module, keep: float) -> None:
        self.keep = keep
        self.mean = {name: value.detach().clone() for name, value in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """After each step."""
        for name, value in net.state_dict().items():
            mean = self.mean[name]
            if mean.is_floating_point():
                mean.lerp_(value, 1 - self.keep)
            else:
                mean.copy_(value)

    @torch.no_grad()
    def swap(self, net: nn.Module) -> None:
        """Exchange the net's weights and the mean, in place."""
        for name, value in net.state_dict().items():
            kept = value.clone()
            value.copy_(self.mean[name])
            self.mean[name].copy_(kept)

    @contextmanager
    def shown(self, net: nn.Module) -> Iterator[None]:
        """The net with the mean for weights, for as long as it lasts."""
        self.swap(net)
        try:
            yield
        finally:
            self.swap(net)
