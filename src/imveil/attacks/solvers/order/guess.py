"""From a view to a guess by the order solver: units of a fixed permutation go back to their places."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.attacks.base import Guess, View, fitted
from imveil.attacks.solvers.order.pixels import gathered
from imveil.attacks.solvers.order.solve import I64, arranged, correlations, matched, turns, upright
from imveil.attacks.solvers.secondorder.prior import Prior
from imveil.plans.blocks import positions
from imveil.plans.plan import Plan

MOST_ALONE = 1600
"""Units that are put in order without a prior: memory grows with the square, time faster."""

MOST_PUBLIC = 3072
MOST_COLOURS = 4
SEEN = 128
"""Pictures that settle colours."""


def like_pictures(values: Any) -> bool:
    """Whether samples rise and fall together over the images, as in pictures; inverted or masked ones do not.

    values: (units, n). Five hundred units are enough to tell.
    """
    found = correlations(values[:: max(1, len(values) // 500)])
    np.fill_diagonal(found, 0)
    return bool(found.mean() > 0.3 * np.abs(found).mean())


def whole_pixels(samples: Any) -> bool:
    """Whether the colours of a pixel moved together: at most places nothing is as like one as the other.

    samples: (n, pixels, c).
    """
    if samples.shape[2] == 1:
        return True
    a, b = samples[..., 0].T, samples[..., 1].T
    both = correlations(np.concatenate([a, b]))[: len(a), len(a) :]
    return bool((np.diag(both) >= both.max(axis=1) - 1e-9).mean() > 0.5)


def alone(samples: Any, grid: tuple[int, int]) -> npt.NDArray[np.int32]:
    """(h * w, c): the sample of a cipher image that belongs to each place of a grid (h, w), and colour, without a
    prior. Left and right stay open, and where the colours of a pixel were parted, which of them is which.

    samples: (n, h * w, c).
    """
    n, pixels, c = samples.shape
    flat = samples.reshape(n, -1).T
    units = np.arange(pixels * c).reshape(pixels, c) if whole_pixels(samples) else gathered(flat, c)
    values = np.ascontiguousarray(flat[units]).reshape(pixels, -1)
    return np.asarray(units[upright(values, arranged(values, grid), grid)], np.int32)


def reordered(view: View, rng: np.random.Generator) -> Guess:
    """The targets in the order found; the cipher images where they are too large, too few or no such pictures.

    notes: `images`, cipher images used; `units`, how many things were put in order, 0 where none were.
    """
    del rng
    targets, ciphers = view.targets, view.ciphers
    used = targets if ciphers is None or not len(ciphers) else ciphers
    as_they_are = Guess(fitted(targets, view), notes={"images": len(used), "units": 0})
    if targets.shape[1:] != view.shape or targets.dtype != np.uint8 or len(used) < 3:
        return as_they_are
    h, w, c = view.shape
    samples = used.reshape(len(used), h * w, c)
    public = view.public if view.public is not None and len(view.public) > 2 else None
    flat = used.reshape(len(used), -1).T
    if len(flat) > 2 * MOST_PUBLIC or not like_pictures(flat):
        return as_they_are
    together = whole_pixels(samples)
    if public is None:
        if h * w > MOST_ALONE or (c > MOST_COLOURS and not together):
            return as_they_are
        order: Any = alone(samples, (h, w))
        if not together:
            order = order[:, list(_colours(used.reshape(len(used), -1)[:, order].reshape(-1, h, w, c)))]
    elif together and h * w <= MOST_PUBLIC:
        values = _observed(samples)
        starts = turns(arranged(values, (h, w)), (h, w)) if h * w <= MOST_ALONE else [np.arange(h * w)]
        order = matched(values, _observed(public.reshape(len(public), h * w, c)), starts)
        order = positions(view.shape).reshape(h * w, c)[order]
    elif h * w * c <= MOST_PUBLIC:
        order = matched(flat, public.reshape(len(public), -1).T, [])
    else:
        return as_they_are
    undo = Plan(order=order.ravel())
    return Guess(undo(targets), ~undo, {"images": len(used), "units": h * w if together else h * w * c})


def _colours(pictures: Any) -> tuple[int, ...]:
    """The order of colours that looks most usual."""
    usual = Prior.shipped().palette
    return usual.settled(pictures[:SEEN], (False,))[0] if pictures.shape[3] == 3 else tuple(range(pictures.shape[3]))


def _observed(samples: Any) -> I64:
    """(n, units, c) -> (units, n * c): colours are further observations of a unit."""
    return np.ascontiguousarray(samples.transpose(1, 0, 2)).reshape(samples.shape[1], -1)
