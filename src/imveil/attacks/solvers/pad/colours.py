"""Colour orders: which order the three colours of each pixel are in, the same in every image, from the images alone.

Neighbouring pixels say which of the six relative orders makes them most alike, and `synchronise` adds that up. The
order of the whole picture stays open; the colour most like the other two is taken for green, the brighter of the rest
for red, unless public pictures say which is how bright.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.attacks.solvers.pad.kernels import order_costs
from imveil.attacks.solvers.pad.lattice import pairs
from imveil.attacks.solvers.pad.synchronise import COLOURS, ORDERS, synchronise
from imveil.plans.blocks import Shape

I64 = npt.NDArray[np.int64]


def arranged(pictures: Any, shape: Shape) -> tuple[I64, float]:
    """Where each sample's colour is, (positions,): pictures[found] is in order. And the share of neighbouring pixels
    whose orders were different: small where colours were in order before.

    Parameters
    ----------
    pictures
        (positions, n) uint8 in memory order of `shape`, which has three colours.
    """
    pixels = shape[0] * shape[1]
    two, _ = pairs((shape[0], shape[1], 1))
    costs = order_costs(np.ascontiguousarray(pictures.reshape(pixels, 3, -1)), two, ORDERS)
    found = synchronise(two, costs, pixels, COLOURS)
    different = float((found[two[:, 0]] != found[two[:, 1]]).mean()) if len(two) else 0.0
    return (3 * np.arange(pixels)[:, None] + ORDERS[found]).ravel(), different


def named(pictures: Any, public: Any = None) -> I64:
    """Where red, green and blue of each pixel are, (positions,).

    Parameters
    ----------
    pictures
        (positions, n) uint8.
    public
        (..., 3).
    """
    values = pictures.reshape(-1, 3, pictures.shape[1]).astype(np.float64)
    mean = values.mean(axis=(0, 2))
    apart = [sum(np.abs(values[:, a] - values[:, b]).mean() for b in range(3)) for a in range(3)]
    green = int(np.argmin(apart))
    order = [*sorted({0, 1, 2} - {green}, key=lambda colour: -mean[colour])]
    order.insert(1, green)
    if public is not None and len(public):
        usual = public.reshape(-1, 3).mean(axis=0)
        order = list(min(permutations(range(3)), key=lambda some: np.abs(mean[list(some)] - usual).sum()))
    return (3 * np.arange(len(values))[:, None] + order).ravel()
