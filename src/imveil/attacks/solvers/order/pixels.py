"""Pixels: which samples were the colours of one pixel, and which colour each is, where a permutation parted them.

All samples near each other have much in common, the colours of a pixel hardly more. What pictures show in large is what
they have in common; weighed down, detail is left, and detail the colours of a pixel share with nothing else:

1. Detail: each sample over all images, with the leading components taken out and the rest nearly as strong as each
   other.
2. Samples whose detail is most alike are joined, the surest first, until every group is a pixel.
3. What a sample has beyond the mean of its pixel is tint, and tint of one colour is alike all over a picture: three
   tints are found as means of all pixels, and each pixel's samples are told apart by them.
4. With colours known, samples of one colour are assigned anew to the detail of the others.
"""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from imveil.attacks.solvers.order.solve import F64, I64

MOST_IMAGES = 0.4  # for each unit: of more, what is left in the end is how the colours of a pixel differ
COMMON = 1 / 3  # of the components: what pictures show in large
FLAT = 0.25  # power of a component's strength that is left to it
NEAREST = 8  # samples that are looked at first for each one
STARTS = 5  # pixels whose tints are tried as those of all
ROUNDS = 20


def gathered(values: Any, colours: int) -> I64:
    """(pixels, colours): the units that are one pixel, the same colour of all pixels in one column. Which pixel is
    where, and which column is red, stays open. From some 700 images of 32 x 32 all are right, from 300 most.

    Parameters
    ----------
    values
        (pixels * colours, images).
    colours
        Samples a pixel, 2 to 4.
    """
    units, images = values.shape
    some = min(images, math.ceil(MOST_IMAGES * units))
    rows = _standard(values[:, np.linspace(0, images - 1, some).astype(int)])
    detail = _detail(rows)
    return _assigned_anew(detail, _told_apart(rows, _groups(detail @ detail.T, colours)))


def _standard(values: Any) -> F64:
    rows = values.astype(np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(rows.std(axis=1, keepdims=True), 1e-9))


def _detail(rows: F64) -> F64:
    """(units, components), of length 1."""
    components, strength, _ = np.linalg.svd(rows, full_matrices=False)
    kept = slice(int(COMMON * len(strength)), int((strength > 1e-6 * strength[0]).sum()))
    detail = components[:, kept] * strength[kept] ** FLAT
    return np.asarray(detail / np.maximum(np.linalg.norm(detail, axis=1, keepdims=True), 1e-12))


def _groups(alike: F64, size: int) -> I64:
    """(units / size, size): the most alike join first."""
    near = np.argpartition(-(alike - 2 * np.eye(len(alike))), min(NEAREST, len(alike) - 1), axis=1)[:, :NEAREST]
    group = [[unit] for unit in range(len(alike))]
    _join(group, np.repeat(np.arange(len(alike)), near.shape[1]), near.ravel(), alike, size)
    left = np.array([unit for unit, found in enumerate(group) if len(found) < size], np.int64)
    _join(group, np.repeat(left, len(left)), np.tile(left, len(left)), alike, size)
    whole = {found[0]: found for found in group if len(found) == size}
    rest = {found[0]: found for found in group if len(found) < size}
    left = np.array([unit for found in rest.values() for unit in found], np.int64).reshape(-1, size)
    return np.concatenate([np.array([*whole.values()], np.int64).reshape(-1, size), left])


def _join(group: list[list[int]], ones: Any, others: Any, alike: F64, size: int) -> None:
    """Join the groups of pairs, the most alike first, where both together are not too large."""
    for at in np.argsort(-alike[ones, others], kind="stable"):
        one, other = group[ones[at]], group[others[at]]
        if one is not other and len(one) + len(other) <= size:
            one += other
            for unit in other:
                group[unit] = one


def _told_apart(rows: F64, pixels: I64) -> I64:
    """The pixels with their units in one order of colours."""
    orders = np.array(list(permutations(range(pixels.shape[1]))))
    tints = rows[pixels] - rows[pixels].mean(axis=1, keepdims=True)  # (pixels, colours, images)
    best, most = pixels, -1.0
    for start in np.random.default_rng(0).integers(0, len(pixels), STARTS):
        common = tints[start]
        for _ in range(ROUNDS):
            fit = np.einsum("pai,bi->pab", tints, common, optimize=True)
            chosen = orders[np.stack([fit[:, order, range(len(order))].sum(axis=1) for order in orders]).argmax(axis=0)]
            before, common = common, np.take_along_axis(tints, chosen[..., None], axis=1).mean(axis=0)
            if np.allclose(before, common):
                break
        if (strength := float(np.square(common).sum())) > most:
            best, most = np.take_along_axis(pixels, chosen, axis=1), strength
    return best


def _assigned_anew(detail: F64, pixels: I64) -> I64:
    pixels = pixels.copy()
    for _ in range(ROUNDS):
        before = pixels.copy()
        for colour in range(pixels.shape[1]):
            others = detail[np.delete(pixels, colour, axis=1)].sum(axis=1)
            others /= np.maximum(np.linalg.norm(others, axis=1, keepdims=True), 1e-12)
            pixels[:, colour] = pixels[linear_sum_assignment(-others @ detail[pixels[:, colour]].T)[1], colour]
        if (pixels == before).all():
            break
    return pixels
