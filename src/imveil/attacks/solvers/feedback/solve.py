"""From an oracle to both rounds undone, or None."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from imveil.attacks.base import Oracle
from imveil.attacks.solvers.feedback import masks, places, table, walk
from imveil.attacks.solvers.feedback.asking import Asker

GROUPS = 60  # samples whose reach is known, at least

Undo = Callable[[Any], Any]


def solve(oracle: Oracle, shape: tuple[int, int, int], rng: np.random.Generator, most: int) -> Undo | None:
    """What turns cipher rows (k, n) into pictures; None where it was not found within `most` chosen pictures."""
    ask = Asker(oracle, shape, most)
    if not chained(ask, rng):
        return None
    groups = ask.groups(rng)
    found = table.find(ask, groups)
    if found is None:
        return None
    last, whole, seen = found
    seen += [group for group, _ in zip(groups, range(GROUPS - len(seen)))]
    peeled, reaches = masks.solve(last, [whole, *(one for one in seen if one.sample != whole.sample)])
    if ask.left < places.PICTURES:
        return None
    pictures = rng.integers(0, 256, (places.PICTURES, ask.n), np.uint8)
    ciphers = ask(pictures)
    one_round: Undo | None = places.moved(peeled, pictures, ciphers)
    if one_round is not None or len(reaches) < 3:
        return one_round
    walked = walk.find(ask, peeled, reaches, rng)
    if walked is None:
        return None
    ways = (places.find(peeled, t, ups, pictures, ciphers) for t, ups in zip(walked.tables, walked.ups))
    return next((way for way in ways if way is not None), None)


def chained(ask: Asker, rng: np.random.Generator) -> bool:
    """Whether equal pictures have equal cipher images, and one sample changes nearly all of them."""
    if ask.left < 3:
        return False
    rows = np.zeros((3, ask.n), np.uint8)
    rows[2, rng.integers(ask.n)] = 1
    one, again, other = (ask(row[None])[0] for row in rows)
    return bool(len(one) == ask.n and one.dtype == np.uint8 and (one == again).all() and (one != other).mean() > 0.9)
