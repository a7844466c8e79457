"""The plan behind the cipher pictures, worked out from these alone and undone before the net. This is the attack.

For schemes with one key for the data set. Before the training the solver of the second-order attack
(`attacks/solvers/secondorder`) looks at the cipher pictures; what the net then sees are the pictures, up to a mirror or
a negative of all of them, and it has the accuracy of plain ones. Whoever trains with this adapter can print the
pictures: it stands here so that the price of a fixed key is seen, not so that it is paid.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch

from imveil.attacks.solvers.secondorder.solve import solve
from imveil.cloud.adapters.base import Adapter
from imveil.plans.plan import Plan

ENOUGH = 1000  # pictures


def plan_start(shape: tuple[int, int, int], *, scheme: str = "", block: int = 4) -> Adapter:
    """For uint8 pictures of `shape` = (h, w, c): float (n, c, h, w) 0..255 -> float (n, c, h, w) 0..255.

    Parameters
    ----------
    scheme
        Its id; every family of schemes is tried where it is empty.
    block
        Side of its blocks, or sub-blocks.
    """
    return _PlanStart(shape, scheme, block)


class _PlanStart(Adapter):
    picture = True
    movable = True
    source: torch.Tensor
    mask: torch.Tensor

    def __init__(self, shape: tuple[int, int, int], scheme: str, block: int) -> None:
        super().__init__()
        self.shape, self.scheme, self.block = shape, scheme, block
        # For each sample of a picture its low and its high half: which half of the cipher picture, and what flips it.
        self.register_buffer("source", torch.arange(2 * prod(shape)).reshape(-1, 2).T.contiguous())
        self.register_buffer("mask", torch.zeros(2, prod(shape), dtype=torch.uint8))

    @torch.no_grad()
    def start(self, images: torch.Tensor) -> None:
        """Find the plan; pictures stay as they are where none is believed."""
        undo = undoing(images[:ENOUGH].cpu().numpy(), self.scheme, self.block)
        if undo is None:
            return
        order: Any = np.arange(prod(self.shape) * 8 // undo.unit) if undo.order is None else undo.order
        mask = np.zeros(len(order), np.uint8) if undo.mask is None else undo.mask
        if undo.unit == 8:
            order = np.stack([2 * order, 2 * order + 1], axis=1).ravel()
            mask = np.stack([mask & 15, mask >> 4], axis=1).ravel()
        self.source.copy_(torch.from_numpy(order.astype(np.int64).reshape(-1, 2).T))
        self.mask.copy_(torch.from_numpy(mask.reshape(-1, 2).T.copy()))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        h, w, c = self.shape
        flat = images.permute(0, 2, 3, 1).reshape(images.shape[0], -1).to(torch.uint8)
        low, high = (
            (flat[:, where // 2] >> (where % 2 * 4).to(torch.uint8) & 15) ^ mask
            for where, mask in zip(self.source, self.mask)
        )
        seen: torch.Tensor = (low | high << 4).reshape(-1, h, w, c).permute(0, 3, 1, 2).float()
        return seen


def undoing(images: Any, scheme: str, block: int) -> Plan | None:
    """The plan from cipher pictures (n, h, w, c) to pictures; None where none is believed."""
    found = solve(images, scheme=scheme or None, fields={"block": block, "sub_block": block})
    return found.undo if found is not None and isinstance(found.undo, Plan) else None
