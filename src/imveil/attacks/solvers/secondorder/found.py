"""Found: what the solver claims, the way from cipher images to pictures, and how much speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.units import to_units
from imveil.plans.blocks import positions
from imveil.plans.plan import Plan

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Found:
    """family: the kind of scheme that fits.   block: side of its blocks.   undo: cipher images -> pictures, a plan or a
    transform.   score: how alike neighbours became, 0 (noise) to 1 (flat).   confidence: 0..1, the share of borders
    between places that are as smooth as in pictures. `plan` is what the key does, where it can be undone."""

    family: str
    block: int
    undo: Any
    score: float = 0.0
    confidence: float = 0.0

    @property
    def plan(self) -> Any:
        """Pictures -> cipher images; None where the cipher images lost something."""
        return ~self.undo if getattr(self.undo, "invertible", True) else None


def from_bytes(shape: Shape, block: int, source: Any, inverted: Any) -> Plan:
    """The plan that fills each place of a picture from a byte of the cipher image.

    Parameters
    ----------
    source
        (blocks, m) the cipher unit, counted over all blocks, at each place.
    inverted
        (blocks, m) whether it is.
    """
    where = to_units(positions(shape)[None], block).reshape(source.shape)
    order, mask = np.empty(prod(shape), np.int32), np.zeros(prod(shape), np.uint8)
    order[where] = where.ravel()[source]
    mask[where] = np.where(inverted, 255, 0)
    return Plan(order, mask)


def from_halves(shape: Shape, block: int, source: Any, inverted: Any) -> Plan:
    """The like for nibbles. source, inverted: (blocks, 2 m), low halves of all places, then high ones; units of the
    cipher image are counted in the same way."""
    where = to_units(positions(shape)[None], block).reshape(len(source), -1)
    where = np.concatenate([2 * where, 2 * where + 1], axis=1)
    order, mask = np.empty(2 * prod(shape), np.int32), np.zeros(2 * prod(shape), np.uint8)
    order[where] = where.ravel()[source]
    mask[where] = np.where(inverted, 15, 0)
    return Plan(order, mask, unit=4)


def recoloured(undo: Plan, shape: Shape, order: tuple[int, ...] | None, negative: bool) -> Plan:
    """A plan followed by another order of the first three channels, and by inversion."""
    where = positions(shape).copy()
    if order is not None:
        where[..., :3] = where[..., list(order)]
    mask = np.full(prod(shape), 255 if negative else 0, np.uint8)
    return Plan(where.ravel(), mask) @ undo
