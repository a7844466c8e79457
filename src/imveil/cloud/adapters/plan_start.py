"""The plan, table or matrix behind the cipher pictures, found from these alone and undone before the net: the attack.

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

from imveil.attacks.solvers.secondorder.families import FAMILIES, family_of
from imveil.attacks.solvers.secondorder.solve import solve
from imveil.cloud.adapters.base import Adapter
from imveil.plans.plan import Plan
from imveil.plans.steps import Steps
from imveil.plans.transforms.lookup import Table
from imveil.plans.transforms.rotation import Rotation
from imveil.plans.transforms.ycbcr import PLANES

ENOUGH = 1000  # pictures
LIMIT = 1 << 16  # values of a sample


def plan_start(shape: tuple[int, int, int], *, scheme: str = "", block: int = 4) -> Adapter:
    """For cipher pictures of `shape` = (h, w, c): float (n, c, h, w) -> float (n, c, h, w) 0..255, or (n, 3, h, w / 3)
    where these are three planes side by side.

    Parameters
    ----------
    scheme
        Its id; every family of schemes is tried where it is empty.
    block
        Side of its blocks, or sub-blocks.
    """
    family = FAMILIES.get(family_of(scheme) or "")
    if family is not None and family.planes == 3:
        return _PlanesStart(shape, scheme, block)
    kind = {"uint16": _TableStart, "float32": _RotationStart}.get(family.dtype if family else "", _PlanStart)
    return kind(shape, scheme, block)


class _Undoing(Adapter):
    picture = True
    movable = True

    def __init__(self, shape: tuple[int, int, int], scheme: str, block: int) -> None:
        super().__init__()
        self.shape, self.scheme, self.block = shape, scheme, block


class _PlanStart(_Undoing):
    source: torch.Tensor
    mask: torch.Tensor

    def __init__(self, shape: tuple[int, int, int], scheme: str, block: int) -> None:
        super().__init__(shape, scheme, block)
        # For each sample of a picture its low and its high half: which half of the cipher picture, and what flips it.
        self.register_buffer("source", torch.arange(2 * prod(shape)).reshape(-1, 2).T.contiguous())
        self.register_buffer("mask", torch.zeros(2, prod(shape), dtype=torch.uint8))

    @torch.no_grad()
    def start(self, images: torch.Tensor) -> None:
        """Find the plan; pictures stay as they are where none is believed."""
        undo = self.plan_of(undoing(images[:ENOUGH].cpu().numpy(), self.scheme, self.block))
        if undo is None:
            return
        order: Any = np.arange(prod(self.shape) * 8 // undo.unit) if undo.order is None else undo.order
        mask = np.zeros(len(order), np.uint8) if undo.mask is None else undo.mask
        if undo.unit == 8:
            order = np.stack([2 * order, 2 * order + 1], axis=1).ravel()
            mask = np.stack([mask & 15, mask >> 4], axis=1).ravel()
        self.source.copy_(torch.from_numpy(order.astype(np.int64).reshape(-1, 2).T))
        self.mask.copy_(torch.from_numpy(mask.reshape(-1, 2).T.copy()))

    def plan_of(self, undo: Any) -> Plan | None:
        """The part of what was found that is a plan of bytes."""
        return undo if isinstance(undo, Plan) else None

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        h, w, c = self.shape
        flat = images.permute(0, 2, 3, 1).reshape(images.shape[0], -1).to(torch.uint8)
        low, high = (
            (flat[:, where // 2] >> (where % 2 * 4).to(torch.uint8) & 15) ^ mask
            for where, mask in zip(self.source, self.mask)
        )
        seen: torch.Tensor = (low | high << 4).reshape(-1, h, w, c).permute(0, 3, 1, 2).float()
        return seen


class _PlanesStart(_PlanStart):
    """Where luma and colour differences lie side by side in one grey picture (etc-grey/1), which becomes a colour
    picture a third as wide."""

    colours: torch.Tensor

    def __init__(self, shape: tuple[int, int, int], scheme: str, block: int) -> None:
        super().__init__(shape, scheme, block)
        self.register_buffer("colours", torch.linalg.inv(torch.tensor(PLANES)))

    def plan_of(self, undo: Any) -> Plan | None:
        """What comes before the colours."""
        return undo.first if isinstance(undo, Steps) else None

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        (h, w, _), grey = self.shape, super().forward(images)
        planes = grey.reshape(-1, h, 3, w // 3).permute(0, 1, 3, 2)
        with torch.autocast(images.device.type, enabled=False):
            seen = (planes.float() - planes.new_tensor([0, 128, 128])) @ self.colours.T
        return seen.round().clamp(0, 255).permute(0, 3, 1, 2)


class _TableStart(_Undoing):
    """Where some samples went through a secret table (ffx/1)."""

    where: torch.Tensor
    numbers: torch.Tensor

    def __init__(self, shape: tuple[int, int, int], scheme: str, block: int) -> None:
        super().__init__(shape, scheme, block)
        self.register_buffer("where", torch.zeros(shape, dtype=torch.bool))
        self.register_buffer("numbers", torch.arange(LIMIT, dtype=torch.int32).clamp(max=255))

    @torch.no_grad()
    def start(self, images: torch.Tensor) -> None:
        """Find the table; values beyond 255 stay white where none is believed."""
        undo = undoing(images[:ENOUGH].cpu().numpy().astype(np.uint16), self.scheme, self.block)
        if isinstance(undo, Table):
            self.where.copy_(torch.from_numpy(undo.where))
            self.numbers[torch.from_numpy(undo.values.astype(np.int64))] = torch.arange(256, dtype=torch.int32)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        seen = images.permute(0, 2, 3, 1)
        plain = self.numbers[seen.long().clamp(0, LIMIT - 1)].to(seen.dtype)
        return torch.where(self.where, plain, seen.clamp(max=255)).permute(0, 3, 1, 2)


class _RotationStart(_Undoing):
    """Where all patches were multiplied by one matrix (orthogonal/1)."""

    matrix: torch.Tensor

    def __init__(self, shape: tuple[int, int, int], scheme: str, block: int) -> None:
        super().__init__(shape, scheme, block)
        self.register_buffer("matrix", torch.eye(block**2 * shape[2]))

    @torch.no_grad()
    def start(self, images: torch.Tensor) -> None:
        """Find the matrix; patches stay as they are where none is believed."""
        undo = undoing(images[:ENOUGH].cpu().numpy(), self.scheme, self.block)
        if isinstance(undo, Rotation):
            self.matrix.copy_(torch.from_numpy(undo.matrix))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        (n, c, h, w), b = images.shape, self.block
        patches = images.reshape(n, c, h // b, b, w // b, b).permute(0, 2, 4, 1, 3, 5).reshape(n, -1, c * b * b)
        with torch.autocast(images.device.type, enabled=False):  # short numbers would blur every sample
            plain = patches.float() @ self.matrix
        whole = plain.reshape(n, h // b, w // b, c, b, b).permute(0, 3, 1, 4, 2, 5).reshape(n, c, h, w)
        return whole.round().clamp(0, 255)


def undoing(images: Any, scheme: str, block: int) -> Plan | Steps | Table | Rotation | None:
    """The way from cipher pictures (n, h, w, c) to pictures; None where none is believed."""
    found = solve(images, scheme=scheme or None, fields={"block": block, "sub_block": block})
    return found.undo if found is not None and isinstance(found.undo, Plan | Steps | Table | Rotation) else None
