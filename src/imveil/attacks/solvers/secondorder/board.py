"""Board: the blocks of cipher images in their order, and how the units of any two of them go together.

What is wanted of a block, the place of each unit, is found against the blocks around it: `pull` says how much each unit
would agree at each place with what stands there now.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.prior import Prior, places
from imveil.attacks.solvers.secondorder.units import F64, I64, standard, to_units

FAR = 3  # blocks: so far off a mean still says something


class Board:
    """units: (n, blocks, m) of cipher images, inverted ones turned back, blocks in order.   grid: down, across.
    unit_of[j, p]: which unit of block j stands at place p now."""

    def __init__(self, units: Any, grid: tuple[int, int], block: int, prior: Prior) -> None:
        self.n, self.blocks, self.size = units.shape
        channels = self.size // block**2
        shape = (grid[0] * block, grid[1] * block, channels)
        rows = places(*shape).T.reshape(3, *shape)
        self.places = np.stack([to_units(one[None], block).reshape(self.blocks, self.size) for one in rows], axis=2)
        self.values = standard(units.reshape(self.n, -1)).reshape(units.shape)
        self.means = standard(units.mean(axis=2, dtype=np.float32))
        self.unit_of = np.tile(np.arange(self.size), (self.blocks, 1))
        self._at = np.stack(np.divmod(np.arange(self.blocks), grid[1]), axis=1)
        self._prior, self._channels = prior, channels
        self._theirs: dict[tuple[int, int], F64] = {}

    def around(self, block: int, reach: int = 1) -> list[int]:
        """The other blocks at most `reach` away."""
        far = np.abs(self._at - self._at[block]).max(axis=1)
        return [int(other) for other in np.flatnonzero((far <= reach) & (far > 0))]

    def theirs(self, one: int, other: int) -> F64:
        """(m, m) correlations of places of two blocks, less their mean."""
        step = (int(self._at[other, 0] - self._at[one, 0]), int(self._at[other, 1] - self._at[one, 1]))
        if step not in self._theirs:
            found = self._prior.correlations(self._channels, self.places[one], self.places[other])
            self._theirs[step] = found - found.mean()
        return self._theirs[step]

    def ours(self, one: int, other: int) -> F64:
        """(m, m) correlations of units of two blocks, less their mean."""
        found = self.values[:, one].T @ self.values[:, other] / self.n
        return np.asarray(found - found.mean())

    def pull(self, block: int) -> F64:
        """(m, m): what each unit of a block gains at each place, by the blocks around as they stand."""
        gain = np.zeros((self.size, self.size))
        for other in self.around(block):
            gain += self.ours(block, other)[:, self.unit_of[other]] @ self.theirs(block, other).T
        return gain

    def first_pull(self, block: int) -> F64:
        """The same by the means of blocks not too far off, when nothing is known of what is inside them."""
        others = self.around(block, FAR)
        ours = self.values[:, block].T @ self.means[:, others] / self.n
        theirs = np.stack([self.theirs(block, other).mean(axis=1) for other in others], axis=1)
        return np.asarray((ours - ours.mean(axis=0)) @ (theirs - theirs.mean(axis=0)).T)


def undone_order(order: I64, unit_of: I64) -> I64:
    """(blocks, m): the cipher unit, counted over all blocks, at each place of each block.

    Parameters
    ----------
    order
        (blocks,) the cipher block at each place.
    unit_of
        (blocks, m) the unit of it at each place inside.
    """
    return np.asarray(order[:, None] * unit_of.shape[1] + unit_of)
