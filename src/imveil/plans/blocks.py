"""Images into blocks and back, bytes into nibbles and back: the one place that knows the layout.

Blocks go row by row over the image; inside a block the order is row, column, channel. These are reshapes and
transposes, so they work on pixels and on *positions* alike, and on anything numpy can hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.errors import BadShape

Shape = tuple[int, int, int]


def grid(shape: Shape, block: int) -> tuple[int, int]:
    """How many blocks of `block` x `block` an image (h, w, c) has down and across.

    >>> grid((48, 64, 3), 16)
    (3, 4)
    """
    h, w, _ = shape
    if h % block or w % block:
        raise BadShape(
            f"blocks of {block}x{block} do not tile {h}x{w}",
            hint="pad the image (pad=True) or use a block that divides both",
        )
    return h // block, w // block


def positions(shape: Shape) -> Any:
    """The index of every sample of an image, in the image's own shape: run a scheme on it and read the order off.

    >>> positions((1, 2, 3)).tolist()
    [[[0, 1, 2], [3, 4, 5]]]
    """
    return np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)


def to_blocks(image: Any, block: int) -> Any:
    """(h, w, c) -> (blocks, block, block, c).

    >>> to_blocks(positions((4, 4, 1)), 2)[1].ravel().tolist()
    [2, 3, 6, 7]
    """
    h, w, c = image.shape
    down, across = grid((h, w, c), block)
    return image.reshape(down, block, across, block, c).swapaxes(1, 2).reshape(-1, block, block, c)


def from_blocks(blocks: Any, shape: Shape) -> Any:
    """(blocks, block, block, c) or (blocks, block * block * c) -> (h, w, c), the inverse of `to_blocks`.

    >>> image = positions((4, 6, 3))
    >>> bool((from_blocks(to_blocks(image, 2), (4, 6, 3)) == image).all())
    True
    """
    h, w, c = shape
    block = round((np.prod(blocks.shape[1:]) / c) ** 0.5)
    down, across = grid(shape, block)
    return blocks.reshape(down, across, block, block, c).swapaxes(1, 2).reshape(h, w, c)


def nibbles(samples: Any) -> Any:
    """uint8 (...,) -> uint8 (..., 2): the low half of each byte, then the high one.

    >>> nibbles(np.array([0x2F], np.uint8)).tolist()
    [[15, 2]]
    """
    return np.stack([samples & 15, samples >> 4], axis=-1)


def recoloured(parts: Any, orders: Any) -> Any:
    """(n, ..., c) with the first three channels of each part in an order of its own: out[c] = in[orders[i, c]].

    Parameters
    ----------
    orders
        (n, 3). Fewer than three channels have no order, and a fourth stays in place.

    >>> recoloured(np.array([[10, 20, 30]]), np.array([[2, 0, 1]])).tolist()
    [[30, 10, 20]]
    """
    if parts.shape[-1] < 3:
        return parts
    parts = parts.copy()
    index = orders.reshape(len(parts), *(1,) * (parts.ndim - 2), 3)
    parts[..., :3] = np.take_along_axis(parts[..., :3], index, axis=-1)
    return parts


def nibble_blocks(shape: Shape, block: int) -> Any:
    """The nibbles of every block of an image: (blocks, 2 * block * block * c) indices over the nibbles of a plan.

    A block's low halves come first and then its high halves, both in the order row, column, channel: the layout of LE.

    >>> nibble_blocks((2, 2, 1), 1).tolist()
    [[0, 1], [2, 3], [4, 5], [6, 7]]
    >>> nibble_blocks((2, 2, 1), 2).tolist()
    [[0, 2, 4, 6, 1, 3, 5, 7]]
    """
    low = 2 * to_blocks(positions(shape), block).reshape(-1, block * block * shape[2])
    return np.concatenate([low, low + 1], axis=1)
