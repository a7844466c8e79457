"""From a view to a guess by the pad solver, with what tells whether it found pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.base import Guess, View, blank
from imveil.attacks.solvers.pad.lattice import roughness
from imveil.attacks.solvers.pad.solve import solve

NOISE = 85.3
"""How rough random bytes are: the mean absolute difference of two of them."""


def unpadded(view: View, rng: np.random.Generator) -> Guess:
    """The targets without the sequence that is XORed into all of them; grey where cipher images are no such pictures.

    notes: `images`, cipher images used; `roughness` of the guess and of the cipher image, as shares of that of random
    bytes; `pictures`, 1 where the guess is smooth enough to be pictures (the targets had no say in the sequence, unless
    there was nothing else), else 0.
    """
    targets, ciphers = view.targets, view.ciphers
    used = targets if ciphers is None or not len(ciphers) else ciphers
    if targets.shape[1:] != view.shape or targets.dtype != np.uint8 or not len(used) or 0 in view.shape:
        return Guess(blank(view))
    undo = solve(used, rng, view.public)
    images: Any = undo(targets)
    after, before = (float(roughness(some).mean()) / NOISE for some in (images, targets))
    notes = {
        "images": len(used),
        "roughness": round(after, 4),
        "roughness of the cipher": round(before, 4),
        "pictures": float(after < 0.5),
    }
    return Guess(images, ~undo, notes)
