"""Grid: where the blocks of a picture belong, from one number each, such as their means."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.order.solve import arranged, turns
from imveil.attacks.solvers.secondorder.match import agreement, follow, match
from imveil.attacks.solvers.secondorder.prior import LUMA, Prior
from imveil.attacks.solvers.secondorder.signs import signs
from imveil.attacks.solvers.secondorder.units import F64, I64, partners, standard

STARTS = 8
MOST_SEARCHED = 100  # blocks: with more, only the first start is worth its time
MOST = 1024  # blocks: memory grows with the square, time faster
LEVEL = 64.0  # a difference of means this large weighs as much as a correlation


def upright(means: Any, middle: float, grid: tuple[int, int], prior: Prior) -> tuple[F64, I64]:
    """Signs of blocks of which some are inverted, and their order: see `in_order`.

    That all were turned about together shows in the order only: both ways are tried, the better fit wins. Of many
    blocks only the way that is about as bright as pictures are.

    Parameters
    ----------
    middle
        About which values are inverted: v becomes 2 * middle - v.
    """
    values = standard(means)
    sign = signs(values.T @ values)
    usual = prior.grid(*grid)[1].mean() - middle
    if ((means - middle) * sign).mean() * usual < 0:
        sign = -sign
    ways = (sign, -sign) if means.shape[1] <= MOST_SEARCHED else (sign,)
    found = [(*in_order(np.where(way > 0, means, 2 * middle - means), grid, prior), way) for way in ways]
    order, _, sign = max(found, key=lambda one: one[1])
    return sign, order


def in_order(means: Any, grid: tuple[int, int], prior: Prior, weights: Any = LUMA) -> tuple[I64, float]:
    """The likeliest order of blocks, and how well it fits: order[place] is the block that belongs there.

    Neighbours alone, and matching with the prior from several starts, in all turns of what they find; the fit of
    partial correlations decides.

    Parameters
    ----------
    means
        (n, blocks), of n cipher images.
    grid
        Blocks down and across.
    weights
        Of the colours in these means.
    """
    down, across = grid
    wide, mean, deviation = prior.grid(down, across, weights)
    values = standard(means)
    found = (values.T @ values).astype(np.float64) / len(values)
    spread = means.std(axis=0)
    level = (means.mean(axis=0)[:, None] - mean) ** 2
    contrast = (spread[:, None] - spread.mean() - deviation + deviation.mean()) ** 2
    own = -(level + contrast) / LEVEL**2
    coarse = [found - found.mean()], [wide - wide.mean()], 3 * own
    fine = [partners(found)], [partners(wide)], 0.05 * own
    starts = [arranged(means.T.astype(np.float64), grid)]
    starts += [
        match(*coarse, tries=1 if s == 0 else 3, seed=s)[0] for s in range(STARTS if len(own) <= MOST_SEARCHED else 1)
    ]
    tried: dict[bytes, I64] = {}
    for start in starts:
        for turned in turns(start, grid):
            after = follow(*coarse, turned)[0]
            for order in (after, follow(*fine, after)[0], follow(*fine, turned)[0]):
                tried[order.tobytes()] = order

    def fit(order: I64) -> float:
        return agreement(*fine, order) + 0.02 * agreement(*coarse[:2], np.zeros_like(own), order)

    best = max(tried.values(), key=fit)
    return best, fit(best)
