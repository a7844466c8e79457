"""Solve: cipher images of one key in, the way back to pictures out, or nothing where nothing is believed.

found = solve(ciphers)          # families are tried, the quick ones first; the first that passes the check is named
pictures = found.undo(ciphers)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.check import smoothness
from imveil.attacks.solvers.secondorder.dependence import depend
from imveil.attacks.solvers.secondorder.families import FAMILIES, GUESSED, candidates
from imveil.attacks.solvers.secondorder.found import Found, recoloured
from imveil.attacks.solvers.secondorder.prior import Prior
from imveil.plans.plan import Plan

MOST = 5000  # cipher images; more change nothing
MOST_SAMPLES = 1 << 24  # of them all; of large pictures a few say as much as many small ones
UNKNOWN = 4  # times fewer, where every family is tried
SEEN = 128  # pictures that settle colours and sign
LEAST_SCORE = {1: 0.45, 10: 0.6}  # from this many images; noise that was made to fit reaches 0.11, wrong plans 0.6
PLAIN_TO_SEE = 0.66  # of what scores less, others may explain more
AS_GOOD = 0.98  # of the best score: then the simpler family is named


def solve(
    ciphers: Any,
    *,
    scheme: str | None = None,
    fields: Mapping[str, Any] | None = None,
    prior: Prior | None = None,
    sure: bool = True,
) -> Found | None:
    """What hides the pictures behind cipher images under one key, from these images alone.

    Parameters
    ----------
    ciphers
        (n, h, w, c) under one key; one large image is enough for schemes that treat all blocks alike.
    scheme, fields
        The public description. Where there is none, families are tried until one fits, and none on images whose samples
        do not depend on each other, as those of random images.
    prior
        Statistics of pictures; the shipped ones where none are given.
    sure
        Whether what fails the check is dropped. With False the best of what was tried is returned all the same, and its
        score and confidence say how little speaks for it.

    Returns
    -------
    Found, or None: no family fits these images, or they are too few.
    """
    images = np.asarray(ciphers)
    if images.ndim != 4 or not images.size or not np.isfinite(images).all() or not _varied(images):
        return None
    prior = Prior.shipped() if prior is None else prior
    pairs = candidates(scheme, fields or {}, str(images.dtype), images.shape[1:])
    if scheme is None and not depend(images[: min(GUESSED, _enough(images, UNKNOWN))]):
        return None
    tried: list[Found] = []
    for family, block in pairs:
        if enough(len(images), family):
            fewer = FAMILIES[family].fewer * (UNKNOWN if scheme is None else 1)
            asked = FAMILIES[family].guessed if scheme is None else MOST
            tried.append(_tried(images[: min(asked, _enough(images, fewer))], family, block, prior))
            if believed(tried[-1], len(images)) and tried[-1].score >= PLAIN_TO_SEE:
                return tried[-1]
    good = [one for one in tried if believed(one, len(images))]
    if good:
        most = max(one.score for one in good)
        return next(one for one in good if one.score >= AS_GOOD * most)
    return None if sure or not tried else max(tried, key=lambda one: one.score * one.confidence)


def believed(found: Found, images: int) -> bool:
    """Whether what was found in this many images passes the check."""
    least = max(score for count, score in LEAST_SCORE.items() if images >= count)
    return found.score >= least and found.confidence >= FAMILIES[found.family].smooth


def enough(images: int, family: str) -> bool:
    """Whether this many images can carry a recipe at all."""
    return images >= FAMILIES[family].least or (FAMILIES[family].alone and images > 0)


def _enough(images: Any, fewer: int) -> int:
    """How many images to take, so many times fewer than the most."""
    return max(1, MOST_SAMPLES // fewer // int(images[0].size))


def _tried(images: Any, family: str, block: int, prior: Prior) -> Found:
    undo = FAMILIES[family].recipe(images, block, prior)
    if isinstance(undo, Plan):
        undo = _settled(undo, images, prior)
    return Found(family, block, undo, *smoothness(undo(np.ascontiguousarray(images[: 4 * SEEN])), block))


def _settled(undo: Plan, images: Any, prior: Prior) -> Plan:
    """The plan with the order of colours, and the sign, that look most usual."""
    some, shape = undo(np.ascontiguousarray(images[:SEEN])), images.shape[1:]
    if shape[2] == 3:
        return recoloured(undo, shape, *prior.palette.settled(some))
    return recoloured(undo, shape, None, prior.palette.negative(some))


def _varied(images: Any) -> bool:
    """Whether there is anything to see: some samples differ within images."""
    return bool((images != images[:, :1, :1]).any())
