"""Check: whether undone pictures are pictures, told without the truth, by how rough they are between neighbours.

A wrong plan leaves some places of a block, or some borders of blocks, rougher than the rest; noise is as rough
everywhere as samples that have nothing to do with each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.units import F64

MOST = 512  # pictures that are looked at
SMOOTH = 1.6  # how much rougher than usual a border of a picture may be
ENOUGH = 24  # pictures, from which on every border of every block is looked at by itself


def smoothness(pictures: Any, block: int) -> tuple[float, float]:
    """(score, confidence) of pictures (n, h, w, c) uint8.

    score: 1 less the mean difference of neighbours, as a share of that of samples drawn anywhere in the same picture: 0
    for noise. confidence: the share of borders, between two places of a block or between two blocks, that are no more
    than `SMOOTH` times as rough as the middle one, or as the middle one inside blocks: blocks that are whole, but in a
    wrong order, differ from all their neighbours alike. A border between two blocks may be as rough as they are inside.
    """
    values = pictures[:MOST].astype(np.int16)
    across, down = np.abs(np.diff(values, axis=2)), np.abs(np.diff(values, axis=1))
    apart = _apart(values)
    if apart == 0:
        return 0.0, 0.0
    near = (across.mean() * across[0].size + down.mean() * down[0].size) / (across[0].size + down[0].size)
    sides = [across.mean(axis=0), down.mean(axis=0).swapaxes(0, 1)]
    planes = [side[..., colour] for side in sides for colour in range(values.shape[3])]
    rough, around = np.concatenate([_borders(plane, block, len(values)) for plane in planes], axis=1)
    inside = np.concatenate([_inside(plane, block) for plane in planes]) if block > 1 else rough
    usual = min(np.median(rough), np.median(inside)) if len(rough) else 0.0
    smooth = float((rough <= SMOOTH * np.maximum(usual, around)).mean()) if len(rough) else 0.0
    return max(0.0, float(1 - near / apart)), smooth


def _apart(values: Any) -> float:
    """Mean difference of two samples of one colour of a picture, far from each other."""
    n, h, w, c = values.shape
    flat = values.reshape(n, h * w, c)
    order = np.random.default_rng(0).permutation(h * w)
    return float(np.abs(flat[:, order] - np.roll(flat[:, order], 1, axis=1)).mean())


def _inside(rough: Any, block: int) -> F64:
    """Roughness (h, w - 1) between columns inside blocks alone: one number for each two columns of a block."""
    columns = np.arange(rough.shape[1])
    return np.array([rough[:, columns % block == at].mean() for at in range(block - 1)])


def _borders(rough: Any, block: int, pictures: int) -> F64:
    """Roughness (h, w - 1) between columns as (2, borders), that of each border and that around it: between two columns
    of a block, row by row, in all blocks; and, of enough pictures, between each two blocks, around which they are."""
    h, w = rough.shape[0], rough.shape[1] + 1
    padded = np.concatenate([rough, np.full((h, 1), np.nan)], axis=1)
    parts = padded.reshape(h // block, block, w // block, block)
    inside = parts if w > block else parts[..., :-1]  # a single block has no border to another one
    places = np.nanmean(inside, axis=(0, 2)).ravel()
    found = [np.stack([places, np.zeros(len(places))])]
    if pictures >= ENOUGH and w > block:
        between = parts[:, :, :-1, -1].mean(axis=1)
        blocks = parts[..., :-1].mean(axis=(1, 3)) if block > 1 else np.zeros((h, w))
        found.append(np.stack([between.ravel(), ((blocks[:, :-1] + blocks[:, 1:]) / 2).ravel()]))
    return np.concatenate(found, axis=1)
