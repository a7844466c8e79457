"""The steps of EtC on the blocks of a picture, which its variants share: turn, invert, reverse, recolour, shuffle.

Codes are those of published code: rotate 0, 1, 2, 3 turns by 90, 180, 270, 0 degrees against the clock; negaposi 0
inverts, v -> 255 - v; reverse 0 puts the rows upside down, 1 the columns, 2 neither; channel 0..5 picks one of six
orders of colours. Reverse 3, both, is in the papers and missing in that code.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from imveil.keys.key import Key
from imveil.plans.blocks import Shape, from_blocks, grid, positions, recoloured, to_blocks
from imveil.plans.plan import Plan
from imveil.schemes.base import integers, permutation

# out[c] = in[ORDERS[code][c]]: as it is, red and green swapped, red and blue, green and blue, (B, R, G), (G, B, R).
ORDERS = np.array([[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1], [2, 0, 1], [1, 2, 0]])


def codes(key: Key, path: tuple[str, ...], blocks: int, colors: bool) -> dict[str, Any]:
    """Uniform codes for this many blocks, each step from a key of its own, `key.derive(*path, step)`.

    With four ways of turning and four of reversing, each of the eight symmetries of a square is equally likely.

    Parameters
    ----------
    colors
        Whether there are three to reorder; all zeros where not.
    """

    def draw(step: str, limit: int) -> Any:
        return key.derive(*path, step).stream().below(limit, blocks)

    return {
        "rotate": draw("rotate", 4),
        "negaposi": draw("negaposi", 2),
        "reverse": draw("reverse", 4),
        "channel": draw("channel", 6) if colors else np.zeros(blocks, np.int64),
        "shuffle": key.derive(*path, "shuffle").stream().permutation(blocks),
    }


def scramble(
    shape: Shape, block: int, rotate: Any, negaposi: Any, reverse: Any, channel: Any, shuffle: Any, orders: Any = ORDERS
) -> Plan:
    """The plan of EtC: each block is turned, inverted, reversed and recoloured by its own codes, in this order; then
    block i of the cipher is block shuffle[i].

    Parameters
    ----------
    rotate, negaposi, reverse, channel
        (blocks,) codes.
    shuffle
        (blocks,) a permutation.
    orders
        (6, 3), what each code of `channel` does to the first three channels; with fewer there is nothing to do.
    """
    count = prod(grid(shape, block))
    rotate, negaposi = integers("rotate", rotate, count, 4), integers("negaposi", negaposi, count, 2)
    reverse, channel = integers("reverse", reverse, count, 4), integers("channel", channel, count, 6)
    shuffle = permutation("shuffle", shuffle, count)
    blocks = recoloured(turned(to_blocks(positions(shape), block), rotate, reverse), orders[channel])
    invert = np.repeat((negaposi[shuffle] == 0) * np.uint8(255), block * block * shape[2])
    mask = from_blocks(invert.reshape(blocks.shape), shape)
    return Plan(from_blocks(blocks[shuffle], shape).ravel(), mask.ravel())


def turned(blocks: Any, rotate: Any, reverse: Any) -> Any:
    """(n, b, b, c) blocks, each turned and then reversed by its own codes.

    >>> turned(np.array([1, 2, 3, 4]).reshape(1, 2, 2, 1), np.array([0]), np.array([2])).ravel().tolist()
    [2, 4, 1, 3]
    """
    result = blocks.copy()
    for quarters in (1, 2, 3):
        mine = rotate == quarters - 1
        result[mine] = np.rot90(blocks[mine], quarters, axes=(1, 2))
    for code, axes in ((0, 1), (1, 2), (3, (1, 2))):
        mine = reverse == code
        result[mine] = np.flip(result[mine], axes)
    return result
