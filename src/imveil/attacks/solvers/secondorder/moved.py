"""Recipes for blocks that changed places: each turned, inverted and recoloured (etc, cpe-iib), or all shuffled inside
by one order (patch)."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.board import Board, undone_order
from imveil.attacks.solvers.secondorder.found import from_bytes
from imveil.attacks.solvers.secondorder.grid import MOST_SEARCHED, in_order, upright
from imveil.attacks.solvers.secondorder.prior import Prior
from imveil.attacks.solvers.secondorder.shared import inside
from imveil.attacks.solvers.secondorder.units import I64, to_units
from imveil.plans.plan import Plan

SWEEPS = 10
MOST_SEEN = 1 << 18  # samples of pictures whose borders are looked at
LOSSY = ((0, 1, 2), (1, 1, 2), (2, 1, 2), (0, 2, 2), (2, 2, 2), (1, 2, 1))
"""Orders of colours that published code writes in place: some come twice and others are lost."""


def patches(ciphers: Any, block: int, prior: Prior) -> Plan:
    """Blocks in order by their means; then one order inside all."""
    units, grid = _blocks(ciphers, block)
    order = in_order(units.mean(axis=2, dtype=np.float32), grid, prior)[0]
    inner = inside(units[:, order].reshape(len(units), *grid, -1), block, ciphers.shape[3], prior)
    source = undone_order(order, np.tile(inner, (len(order), 1)))
    return from_bytes(ciphers.shape[1:], block, source, np.zeros(source.shape, bool))


def turned(ciphers: Any, block: int, prior: Prior, orders: Any = None) -> Plan:
    """Signs and order of blocks by their means; then for each block the best of all turns and orders of colours."""
    units, grid = _blocks(ciphers, block)
    means = units.mean(axis=2, dtype=np.float32)
    sign, order = upright(means, 127.5, grid, prior)
    sign = sign[order]
    seen = np.where(sign[:, None] > 0, units[:, order], 255 - units[:, order])
    codes = poses(block, ciphers.shape[3], orders)
    unit_of = facing(seen, posed(Board(seen, grid, block, prior), codes), grid, block)
    source = undone_order(order, unit_of)
    return from_bytes(ciphers.shape[1:], block, source, np.broadcast_to(sign[:, None] < 0, source.shape))


def poses(block: int, channels: int, orders: Any = None) -> I64:
    """(codes, m): under each code, the place that unit u of a block comes from.

    Parameters
    ----------
    orders
        Of colours, all by default.
    """
    orders = tuple(permutations(range(3))) if orders is None else orders
    whole = np.arange(block * block * channels).reshape(block, block, channels)
    found = []
    for quarter in range(4):
        for flipped in (False, True):
            at = np.rot90(whole, quarter)
            at = at[:, ::-1] if flipped else at
            for order in orders if channels >= 3 else ((),):
                coloured = at.copy()
                coloured[..., : len(order)] = at[..., list(order)]
                found.append(coloured.ravel())
    return np.unique(np.array(found), axis=0)


def posed(board: Board, codes: I64) -> I64:
    """(blocks, m): the unit at each place, after sweeps in which every block takes the code that agrees best."""
    unit = np.arange(board.size)
    units_of = np.array([_sources(code) for code in codes])
    for block in range(board.blocks):
        gain = board.first_pull(block)
        board.unit_of[block] = units_of[gain[unit, codes].sum(axis=1).argmax()]
    for sweep in range(SWEEPS):
        before = board.unit_of.copy()
        for block in np.random.default_rng(sweep).permutation(board.blocks):
            gain = board.pull(int(block))
            board.unit_of[block] = units_of[gain[unit, codes].sum(axis=1).argmax()]
        if (board.unit_of == before).all():
            break
    return board.unit_of


def facing(seen: Any, unit_of: I64, grid: tuple[int, int], block: int) -> I64:
    """(blocks, m): as found, or with whole rows, columns or all blocks turned where they stand, as long as that makes
    borders smoother.

    Large blocks may have more in common at their outer sides, where backgrounds are, than where they touch; then a row
    of them agrees best with the others the wrong way round, and none can turn alone. Of many blocks all are tried.
    """
    blocks, channels = len(unit_of), unit_of.shape[1] // block**2
    seen, whole = seen[: max(1, MOST_SEEN // (blocks * unit_of.shape[1]))], np.arange(blocks).reshape(grid)
    turns = poses(block, channels, [tuple(range(min(channels, 3)))])
    together = [whole.ravel(), *((*whole, *whole.T) if blocks <= MOST_SEARCHED else ())]

    def rough(units: I64) -> float:
        at = np.take_along_axis(seen, units[None], axis=2).reshape(len(seen), *grid, block, block, channels)
        at = at.astype(np.int16)
        across = np.abs(at[:, :, :-1, :, -1] - at[:, :, 1:, :, 0])
        down = np.abs(at[:, :-1, :, -1] - at[:, 1:, :, 0])
        return float(across.sum() + down.sum())

    least, before = rough(unit_of), np.inf
    while least < before:
        before = least
        for some, turn in product(together, turns):
            tried = unit_of.copy()
            tried[some] = unit_of[some][:, turn]
            if (now := rough(tried)) < least:
                least, unit_of = now, tried
    return unit_of


def _sources(code: I64) -> I64:
    """The unit to take for each place: one that came from it, or of the same pixel where its own colour was lost."""
    source = np.full(len(code), -1)
    source[code] = np.arange(len(code))
    lost = np.flatnonzero(source < 0)
    if len(lost):
        pixel = code // 3  # only orders of three colours lose any
        for place in lost:
            near = np.flatnonzero(pixel == place // 3)
            source[place] = near[np.abs(code[near] % 3 - place % 3).argmin()]
    return source


def _blocks(ciphers: Any, block: int) -> tuple[Any, tuple[int, int]]:
    units = to_units(ciphers, block)
    n, down, across, size = units.shape
    return units.reshape(n, down * across, size), (down, across)
