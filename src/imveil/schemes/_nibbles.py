"""LE's step on the nibbles of blocks, which LE and ELE share: invert, shuffle, invert (Tanaka 2018).

A key is a permutation of a block's n = 2 * block * block * c nibbles, laid out as `nibble_blocks` says. The nibbles
where it is above n / 2 are inverted (v -> 15 - v), the block is gathered by it, and the same places are inverted again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.plans.blocks import Shape, nibble_blocks
from imveil.plans.plan import Plan


def scramble(shape: Shape, block: int, keys: Any, source: Any = None) -> Plan:
    """The plan that scrambles each block with its own key, and then fills block i from block source[i].

    Parameters
    ----------
    keys
        (blocks, n), row i the permutation of block i of the picture.
    source
        (blocks,), None where blocks stay.
    """
    units = nibble_blocks(shape, block)
    inverted = keys > units.shape[1] // 2
    # A nibble is inverted where it came from, and again where it goes: twice is not at all.
    flips = np.take_along_axis(inverted, keys, axis=1) != inverted
    moved = np.take_along_axis(units, keys, axis=1)
    if source is not None:
        flips, moved = flips[source], moved[source]
    order, mask = np.empty(units.size, np.int32), np.empty(units.size, np.uint8)
    order[units], mask[units] = moved, flips * np.uint8(15)
    return Plan(order, mask, unit=4)
