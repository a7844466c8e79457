"""Recipe for the planes of colour pictures, side by side in one grey image, whose blocks were moved among them, turned
and inverted (etc-grey).

Luma is rough and colour differences are smooth, whatever the key. Of a block of colour the key leaves how much happens
in it, picture by picture, and that goes with what happens in the luma at its place.
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numpy as np

from imveil.attacks.solvers.secondorder.board import Board, undone_order
from imveil.attacks.solvers.secondorder.found import from_bytes
from imveil.attacks.solvers.secondorder.grid import upright
from imveil.attacks.solvers.secondorder.match import match
from imveil.attacks.solvers.secondorder.moved import facing, posed, poses
from imveil.attacks.solvers.secondorder.prior import Prior
from imveil.attacks.solvers.secondorder.signs import signs
from imveil.attacks.solvers.secondorder.units import F64, I64, standard, to_units
from imveil.plans.plan import Plan
from imveil.plans.steps import Steps
from imveil.plans.transforms.ycbcr import PLANES, Planes

SEEN = 128  # pictures that settle which colour difference is which
BESIDE = 4.0  # weight of what happens in a block of colour beside how such blocks go together
TRIES = 8
OUTSIDE = 100.0  # weight of values that no colour has


class Plane(NamedTuple):
    """source: (blocks, m) the cipher unit, counted over all blocks, at each place.   inverted: (blocks,) whether its
    block is."""

    source: I64
    inverted: Any


def beside(ciphers: Any, block: int, prior: Prior) -> Steps:
    """Luma first; then a place beside it for every block of colour; then which colour difference is which, and their
    signs, by what colours of pictures look like."""
    units = to_units(ciphers, block)
    n, down, wide, size = units.shape
    units, grid = units.reshape(n, down * wide, size), (down, wide // 3)
    means, lively = units.mean(axis=2, dtype=np.float32), np.log1p(units.std(axis=2, dtype=np.float32))
    luma, colour = np.split(np.argsort(-lively.mean(axis=0)), [down * wide // 3])
    sign, order = upright(means[:, luma], 127.5, grid, prior)
    luma, sign = luma[order], sign[order]
    coloured = _beside(means[:, colour], _together(lively, colour, luma), grid, prior)
    blocks = [luma, *(colour[one] for one in coloured)]
    upside = [sign, *(_signs(means[:, one]) for one in blocks[1:])]
    planes = [_posed(units, *one, grid, block, prior) for one in zip(blocks, upside)]
    return _settled(ciphers, planes, grid, block, prior)


def _together(lively: Any, colour: I64, luma: I64) -> F64:
    """(colour, luma) how what happens in a block of colour goes with what happens in each block of luma."""
    apart = lively - lively.mean(axis=1, keepdims=True)  # some pictures are full of colour, others of texture
    return np.asarray(standard(apart[:, colour]).T @ standard(apart[:, luma]) / len(lively))


def _beside(means: Any, together: F64, grid: tuple[int, int], prior: Prior) -> list[I64]:
    """The blocks of one colour difference and of the other, each in the order of the luma."""
    values = standard(means)
    ours, theirs = np.abs(values.T @ values / len(values)), np.abs(prior.planes(*grid, PLANES[1:])[0])
    order, _ = match([ours - ours.mean()], [theirs - theirs.mean()], BESIDE * np.tile(together, 2), tries=TRIES)
    return np.split(order, 2)


def _signs(means: Any) -> F64:
    values = standard(means)
    return signs(values.T @ values)


def _posed(units: Any, order: I64, sign: F64, grid: tuple[int, int], block: int, prior: Prior) -> Plane:
    seen = np.where(sign[:, None] > 0, units[:, order], 255 - units[:, order])
    unit_of = facing(seen, posed(Board(seen, grid, block, prior), poses(block, 1)), grid, block)
    return Plane(undone_order(order, unit_of), sign < 0)


def _settled(ciphers: Any, planes: list[Plane], grid: tuple[int, int], block: int, prior: Prior) -> Steps:
    """The planes in the order and with the signs under which pictures look most usual, and have colours at all."""
    luma, first, second = planes
    some, shape = ciphers[:SEEN], ciphers.shape[1:]
    back = ~Planes((shape[0], shape[1] // 3))
    best, most = Plan(), -np.inf
    for pair, *ways in product(((first, second), (second, first)), (False, True), (False, True)):
        turned = [Plane(one.source, one.inverted ^ way) for one, way in zip(pair, ways)]
        plan = _plan(shape, [luma, *turned], grid, block)
        whole = plan(some)
        pictures = back(whole)
        outside = np.abs((~back)(pictures).astype(np.int16) - whole).mean()
        score = prior.palette.likely(pictures) - OUTSIDE * float(outside)
        if score > most:
            best, most = plan, score
    return Steps(best, back)


def _plan(shape: tuple[int, int, int], planes: list[Plane], grid: tuple[int, int], block: int) -> Plan:
    def rows(parts: list[Any]) -> Any:  # of blocks, over all planes
        whole = np.stack([part.reshape(*grid, -1) for part in parts], axis=1)
        return whole.reshape(3 * grid[0] * grid[1], -1)

    source, inverted = rows([one.source for one in planes]), rows([one.inverted for one in planes])
    return from_bytes(shape, block, source, np.broadcast_to(inverted, source.shape))
