"""Recipes for keys that know no blocks: a sequence XORed into all pictures, an order of pixels or of samples.

Older solvers do the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.order.guess import MOST_COLOURS, alone, like_pictures
from imveil.attacks.solvers.pad.solve import solve as unpadded
from imveil.attacks.solvers.secondorder.prior import Prior
from imveil.plans.plan import Plan


def masked(ciphers: Any, block: int, prior: Prior) -> Plan:
    """The sequence under which pictures are smooth: every bit plane of a Gray code is signed by itself."""
    del block, prior
    undo: Plan = unpadded(ciphers, np.random.default_rng(0), None)
    return undo


def moved_pixels(ciphers: Any, block: int, prior: Prior) -> Plan:
    """The order of pixels, or of samples, in which neighbours belong together."""
    del block, prior
    n, h, w, c = ciphers.shape
    if not like_pictures(ciphers.reshape(n, -1).T) or c > MOST_COLOURS:
        return Plan()
    return Plan(order=alone(ciphers.reshape(n, h * w, c), (h, w)).ravel())
