"""Weights of the net, as shipped: eight bits each, with a step for every output channel; safetensors, never pickle.

They were trained on CIFAR-100 by `scripts/records/make_unfold.py`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from imveil.attacks.solvers.unfold.net import net
from imveil.extras import safetensors, torch

SHIPPED = Path(__file__).parent / "unfold.safetensors"


def save(body: Any, file: Path) -> None:
    """Write a net without batch normalisation."""
    found = {}
    for name, tensor in body.state_dict().items():
        if tensor.ndim == 4:
            step = tensor.abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-12) / 127
            found[name] = (tensor / step).round().to(torch.int8).contiguous()
            found[f"{name}.step"] = step.flatten()
        else:
            found[name] = tensor.contiguous()
    safetensors.torch.save_file(found, file)


@cache
def load(file: Path = SHIPPED) -> Any:
    """The net of a file, ready to be asked."""
    held = safetensors.torch.load_file(file)
    body = net()
    body.load_state_dict(
        {
            name: tensor.float() * held[f"{name}.step"][:, None, None, None] if tensor.ndim == 4 else tensor
            for name, tensor in held.items()
            if not name.endswith(".step")
        }
    )
    return body.eval()
