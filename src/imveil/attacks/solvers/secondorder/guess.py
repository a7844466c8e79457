"""From a view to a guess by the second-order solver."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.base import Guess, View, blank, fitted
from imveil.attacks.solvers.secondorder.prior import Prior
from imveil.attacks.solvers.secondorder.solve import believed, solve
from imveil.plans.plan import Plan
from imveil.plans.steps import Steps


def undone(view: View, prior: Prior | None = None) -> Guess:
    """The targets undone by what the further cipher images give away, or the targets themselves where there are none.

    notes: `images`, cipher images used; `score` and `confidence` of what was found; `found`, 1 where they are enough to
    believe it. Cipher images as they are, or grey, where no recipe fits.
    """
    used = view.targets if view.ciphers is None or not len(view.ciphers) else view.ciphers
    found = solve(used, scheme=view.scheme, fields=view.fields, prior=prior, sure=False)
    if found is None:
        return Guess(fitted(view.targets, view), notes={"images": len(used), "found": 0})
    undo = found.undo
    if isinstance(undo, Steps) and view.scheme is None and view.shape == view.targets.shape[1:]:
        undo = undo.first  # nobody says what shape pictures have: the planes side by side, in order
    pictures = undo(view.targets)
    if pictures.shape[1:] != view.shape or pictures.dtype != np.uint8:
        return Guess(blank(view), notes={"images": len(used), "found": 0})
    notes = {
        "images": len(used),
        "found": int(believed(found, len(used))),
        "score": found.score,
        "confidence": found.confidence,
    }
    plan: Any = found.plan
    says = f"{found.family}, one key for all" if notes["found"] else ""
    return Guess(pictures, plan if isinstance(plan, Plan) else None, notes, says)


def one_by_one(view: View, prior: Prior | None = None) -> Guess:
    """Each target undone by itself alone, as if it had a key of its own. notes: `found`, the share that is believed."""
    pictures, found = [], 0.0
    for target in view.targets:
        alone = View(target[None], view.shape, view.scheme, view.fields)
        guess = undone(alone, prior)
        pictures.append(guess.images[0])
        found += guess.notes["found"]
    images = np.stack(pictures) if pictures else blank(view)
    return Guess(images, notes={"found": found / max(len(images), 1)})
