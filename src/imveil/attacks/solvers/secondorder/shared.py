"""Recipes for schemes that treat all blocks alike: samples shuffled and inverted (shf, np-block), or nibbles (le)."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.found import from_bytes, from_halves
from imveil.attacks.solvers.secondorder.halves import high_halves, low_halves
from imveil.attacks.solvers.secondorder.match import match
from imveil.attacks.solvers.secondorder.prior import Prior, expected, places
from imveil.attacks.solvers.secondorder.relations import STEPS, centred, relations
from imveil.attacks.solvers.secondorder.signs import signs
from imveil.attacks.solvers.secondorder.units import F64, I64, from_units, halves, standard, to_units
from imveil.plans.plan import Plan

UNITS_AT_ONCE = 2000  # units of a block times starts: large blocks leave less to chance


def samples(ciphers: Any, block: int, prior: Prior) -> Plan:
    """Signs and one order of the samples of a block."""
    units = to_units(ciphers, block)
    order, sign = _matched(relations(units), block, ciphers.shape[3], prior)
    blocks, size = units.shape[1] * units.shape[2], units.shape[3]
    source = np.arange(blocks)[:, None] * size + order
    return from_bytes(ciphers.shape[1:], block, source, np.broadcast_to(sign[order] < 0, source.shape))


def nibbles(ciphers: Any, block: int, prior: Prior) -> Plan:
    """High halves as samples; then low halves against what the high ones leave open."""
    units = halves(to_units(ciphers, block))
    size, channels = units.shape[3] // 2, ciphers.shape[3]
    found = relations(units)
    high = high_halves(found[0].copy())
    low = np.setdiff1d(np.arange(2 * size), high)
    order, sign = _matched([one[np.ix_(high, high)] for one in found], block, channels, prior)
    top = np.where(sign > 0, units[..., high], 15 - units[..., high])[..., order].astype(np.uint8)
    if top.mean() > 7.5:  # the low halves take the sign of the high ones
        top, sign = 15 - top, -sign
    wanted = standard(to_units(expected(from_units(top, block)), block)).reshape(-1, size)
    table = standard(units[..., low]).reshape(-1, size).T @ wanted / len(wanted)
    below, turned = low_halves(table, prior.low_halves(channels, places(block, block, channels)))
    blocks = units.shape[1] * units.shape[2]
    source = np.arange(blocks)[:, None] * 2 * size + np.concatenate([low[below], high[order]])
    inverted = np.concatenate([turned, sign[order]]) < 0
    return from_halves(ciphers.shape[1:], block, source, np.broadcast_to(inverted, source.shape))


def inside(units: Any, block: int, channels: int, prior: Prior) -> I64:
    """(m,): the one order of samples inside blocks that are in place and not inverted.

    Parameters
    ----------
    units
        (n, down, across, m).
    """
    return _ordered(relations(units), block, channels, prior)


def scattered(units: Any, block: int, channels: int, prior: Prior) -> I64:
    """(m,): the one order of samples inside blocks that may lie anywhere, up to a turn of the block.

    Parameters
    ----------
    units
        (n, down, across, m).
    """
    return _ordered(relations(units, STEPS[:1]), block, channels, prior)


def _matched(found: list[F64], block: int, channels: int, prior: Prior) -> tuple[I64, F64]:
    sign = signs(found[0])
    return _ordered([one * sign * sign[:, None] for one in found], block, channels, prior), sign


def _ordered(found: list[F64], block: int, channels: int, prior: Prior) -> I64:
    here = places(block, block, channels)
    steps = [np.array([down * block, across * block, 0]) for down, across in STEPS[: len(found)]]
    theirs = [prior.correlations(channels, here, here + step) for step in steps]
    tries = int(np.clip(UNITS_AT_ONCE // len(here), 2, 20))
    return match(centred(found), centred(theirs), tries=tries)[0]
