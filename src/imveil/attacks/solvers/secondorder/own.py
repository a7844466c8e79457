"""Recipe for blocks that changed places and whose nibbles were shuffled and inverted by keys of their own (ele)."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.board import Board
from imveil.attacks.solvers.secondorder.found import from_halves
from imveil.attacks.solvers.secondorder.grid import upright
from imveil.attacks.solvers.secondorder.halves import high_halves, low_halves
from imveil.attacks.solvers.secondorder.match import assigned, climbed, follow
from imveil.attacks.solvers.secondorder.prior import Prior, expected, places
from imveil.attacks.solvers.secondorder.signs import signs
from imveil.attacks.solvers.secondorder.units import F32, I64, from_units, halves, standard, to_units
from imveil.plans.plan import Plan

SWEEPS = 8
FIRST, LATER = 4.0, 2.0  # weights of what other blocks say beside what the block itself does


def own_nibbles(ciphers: Any, block: int, prior: Prior) -> Plan:
    """High halves and their signs block by block, the order of blocks, the order inside them, then the low halves."""
    shape, channels = ciphers.shape[1:], ciphers.shape[3]
    units = halves(to_units(ciphers, block))
    n, down, across, twice = units.shape
    units, size, blocks = units.reshape(n, down * across, twice), twice // 2, down * across
    values = standard(units.reshape(n, -1)).reshape(units.shape)
    high, sign = np.empty((blocks, size), np.int64), np.empty((blocks, size))
    for b in range(blocks):
        together = values[:, b].T @ values[:, b] / n
        high[b] = high_halves(together.copy())
        sign[b] = signs(together[np.ix_(high[b], high[b])])
    top = _upright(units, high, sign)
    turned, order = upright(16 * top.mean(axis=2, dtype=np.float32) + 8, 128, (down, across), prior)
    sign *= turned[:, None]
    top = np.where(turned[:, None] > 0, top, 15 - top)
    units, top, high, sign = units[:, order], top[:, order], high[order], sign[order]
    inner = _inside(Board(top, (down, across), block, prior))
    top = np.take_along_axis(top, inner[None], axis=2).astype(np.uint8)
    wanted = to_units(expected(from_units(top.reshape(n, down, across, size), block)), block).reshape(top.shape)
    theirs = prior.low_halves(channels, places(block, block, channels))
    source, inverted = np.empty((blocks, twice), np.int64), np.empty((blocks, twice), bool)
    for b in range(blocks):
        low = np.setdiff1d(np.arange(twice), high[b])
        below, lower = low_halves(standard(units[:, b, low]).T @ standard(wanted[:, b]) / n, theirs)
        source[b] = order[b] * twice + np.concatenate([low[below], high[b][inner[b]]])
        inverted[b] = np.concatenate([lower, sign[b][inner[b]]]) < 0
    return from_halves(shape, block, source, inverted)


def _upright(units: Any, high: I64, sign: Any) -> Any:
    found = np.take_along_axis(units, high[None], axis=2)
    return np.where(sign > 0, found, 15 - found)


def _inside(board: Board) -> I64:
    """(blocks, m): the unit at each place of each block, by itself and its neighbours, until nothing moves."""
    flat = np.full((board.size, board.size), 1 / board.size, np.float32)
    for block in range(board.blocks):
        gain = FIRST * board.first_pull(block)
        board.unit_of[block] = _best(
            board, block, gain, [flat, np.asarray((flat + _matrix(assigned(gain))) / 2, np.float32)]
        )
    for sweep in range(SWEEPS):
        before = board.unit_of.copy()
        for block in np.random.default_rng(sweep).permutation(board.blocks):
            gain = LATER * board.pull(int(block))
            starts = [_matrix(assigned(gain)), _matrix(board.unit_of[block])]
            board.unit_of[block] = _best(board, int(block), gain, starts)
        if (board.unit_of == before).all():
            break
    return board.unit_of


def _best(board: Board, block: int, gain: Any, starts: list[F32]) -> I64:
    ours = [board.ours(block, block).astype(np.float32)]
    theirs = [board.theirs(block, block).astype(np.float32)]
    own = gain.astype(np.float32)
    found = (follow(ours, theirs, own, climbed(ours, theirs, own, start)) for start in starts)
    return max(found, key=lambda pair: pair[1])[0]


def _matrix(order: I64) -> F32:
    found = np.zeros((len(order), len(order)), np.float32)
    found[order, np.arange(len(order))] = 1
    return found
