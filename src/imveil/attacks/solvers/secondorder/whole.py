"""Recipes for keys that know no blocks: a sequence XORed into all pictures, an order of pixels. Older solvers work."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.order.guess import like_pictures
from imveil.attacks.solvers.order.solve import arranged, upright
from imveil.attacks.solvers.pad.solve import solve as unpadded
from imveil.attacks.solvers.secondorder.prior import Prior
from imveil.plans.blocks import positions
from imveil.plans.plan import Plan


def masked(ciphers: Any, block: int, prior: Prior) -> Plan:
    """The sequence under which pictures are smooth: every bit plane of a Gray code is signed by itself."""
    del block, prior
    undo: Plan = unpadded(ciphers, np.random.default_rng(0), None)
    return undo


def moved_pixels(ciphers: Any, block: int, prior: Prior) -> Plan:
    """The order of pixels in which neighbours belong together; colours are further observations of a pixel."""
    del block, prior
    n, h, w, c = ciphers.shape
    values = np.ascontiguousarray(ciphers.reshape(n, h * w, c).transpose(1, 0, 2)).reshape(h * w, -1)
    if not like_pictures(ciphers.reshape(n, -1).T):
        return Plan()
    order = upright(values, arranged(values, (h, w)), (h, w))
    return Plan(order=positions((h, w, c)).reshape(h * w, c)[order].ravel())
