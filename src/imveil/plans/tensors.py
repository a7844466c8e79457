"""Applying a plan to a torch tensor where it lies. On the CPU that is numpy's way, on the same memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from imveil.plans import arrays
from imveil.plans.arrays import PreparedPlan


def apply(plan: PreparedPlan, images: Any, out: Any) -> Any:
    """`plan` on `images`, both checked by `Plan.__call__`, into `out` or a new tensor on the same device."""
    if images.device.type == "cpu" and (out is None or out.device.type == "cpu"):
        result = arrays.apply(plan, images.detach().numpy(), None if out is None else out.detach().numpy())
        return torch.from_numpy(result) if out is None else out
    return by_torch(plan, images, out)


def by_torch(plan: PreparedPlan, images: Any, out: Any) -> Any:
    """`apply` in torch alone, on any device."""
    size = plan.nbytes or int(np.prod(images.shape[1:]))
    order, mask = _there(plan, images.device)
    units = images.reshape(len(images), size)
    if order is not None and plan.unit == 4:
        units = torch.stack([units & 15, units >> 4], dim=2).reshape(len(images), 2 * size)
    if order is not None:
        units = units.index_select(1, order)
    if order is not None and plan.unit == 4:
        units = units[:, ::2] | units[:, 1::2] << 4
    if mask is not None:
        units = units ^ mask
    if plan.nbytes is None:
        units = units.clone()  # a result is never the picture itself, and out may overlap it
    result = units.reshape(images.shape)
    return result if out is None else out.copy_(result)


def _there(plan: PreparedPlan, device: Any) -> tuple[Any, Any]:
    """Order and mask on a device: sent there once, and kept with the plan."""
    held: tuple[Any, Any] | None = plan.on_devices.get(device)
    if held is None:
        order = None if plan.order is None else torch.tensor(plan.order, dtype=torch.int64, device=device)
        mask = None if plan.mask is None else torch.tensor(plan.byte_mask, device=device)
        held = plan.on_devices[device] = order, mask
    return held
