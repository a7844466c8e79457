"""Recipe for one orthogonal matrix over all blocks (orthogonal): near by covariances, exact by whole numbers.

A rotation keeps distances, and pictures hold whole numbers: two blocks of equal or nearly equal colour differ by a
vector of a few ones and zeros. Turned back by a matrix that is nearly right it is still nearly whole, so it is known,
and a few hundred of such pairs give the matrix to every byte.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.check import smoothness
from imveil.attacks.solvers.secondorder.prior import Prior, places
from imveil.attacks.solvers.secondorder.relations import STEPS, apart
from imveil.attacks.solvers.secondorder.units import F64, from_units, to_units
from imveil.plans.transforms.rotation import Rotation

PART, STARTS = 500, 4  # images of a start, and how many starts there are at most
RIDGES = (1.0, 0.3, 0.1, 0.03, 0.01)  # of whitening: coarse structure first, then fine
ROUNDS = 60
LEVEL = 0.3  # weight of the means beside five covariances
FLAT = 60_000  # blocks, of the flattest
NEAR = 60  # how far apart two blocks of like colour may stand in the list
LONGEST = 9.5  # squared length of a difference that may be taken for whole numbers
EXACT = 2.0**30  # a rotation holds multiples of its inverse


def rotated(ciphers: Any, block: int, prior: Prior) -> Rotation:
    """The matrix by covariances with the neighbours, then by short differences of blocks, then the order of colours."""
    n, h, w, channels = ciphers.shape
    units = to_units(ciphers.astype(np.float64), block)
    found = [
        _whole(units.reshape(-1, units.shape[3]), _near(part, block, channels, prior))
        for part in np.array_split(units, int(np.clip(n // PART, 1, STARTS)))
    ]
    matrix = max(found, key=lambda one: smoothness(_pictures(units, one, block), block))
    if channels == 3:
        order, _ = prior.palette.settled(_pictures(units, matrix, block))
        matrix = matrix.reshape(len(matrix), -1, 3)[..., list(order)].reshape(matrix.shape)
    # Blocks are stored row, column, channel; the transform has the channel first.
    first = np.arange(len(matrix)).reshape(block, block, channels).transpose(2, 0, 1).ravel()
    return Rotation((h, w, channels), block, np.rint(matrix[np.ix_(first, first)] * EXACT) / EXACT, undo=True)


def _pictures(units: Any, matrix: F64, block: int) -> Any:
    return from_units(np.clip(np.rint(units[:128] @ matrix), 0, 255).astype(np.uint8), block)


def _near(units: Any, block: int, channels: int, prior: Prior) -> F64:
    """(m, m) orthogonal: cipher units = matrix @ plain units, roughly. Eigenvectors up to sign, signs by the other
    relations, then Procrustes steps over all of them."""
    ours, level = _covariances(units)
    here = places(block, block, channels)
    size = np.trace(ours[0]) / len(here)
    steps = [np.array([down * block, across * block, 0]) for down, across in STEPS]
    theirs = [size * prior.correlations(channels, here, here + step) for step in steps]
    usual = prior.mean.mean(axis=(0, 1))
    mean = usual[here[:, 2]] if channels == 3 else np.full(len(here), usual.mean())
    _, one = np.linalg.eigh(ours[0])
    power, other = np.linalg.eigh(theirs[0])
    power = np.maximum(power, 1)
    scale = 1 / np.sqrt(power)
    both = np.zeros(ours[0].shape)
    for a, b in zip(ours[1:], theirs[1:]):
        both += scale[:, None] ** 2 * (one.T @ a @ one) * (other.T @ b @ other) * scale**2
    sign = np.where(np.linalg.eigh(both + both.T)[1][:, -1] < 0, -1.0, 1.0)
    if (sign * (one.T @ level) * (other.T @ mean) / power).sum() < 0:
        sign = -sign
    matrix = np.asarray((one * sign) @ other.T)
    for ridge in RIDGES:
        left, right = (_whitening(a[0], ridge * power.mean()) for a in (ours, theirs))
        pairs = [(left @ a @ left, right @ b @ right) for a, b in zip(ours, theirs)]
        base = LEVEL * np.outer(left @ level, right @ mean)
        for _ in range(ROUNDS):
            matrix = _polar(base + sum(a @ matrix @ b.T + a.T @ matrix @ b for a, b in pairs))
    return matrix


def _whole(blocks: Any, matrix: F64) -> F64:
    """The matrix under which short differences of blocks (k, m) are whole numbers, from one that is near."""
    short = _differences(blocks, matrix)
    length = (short**2).sum(axis=1)
    for _ in range(ROUNDS):
        whole = np.rint(short @ matrix)
        kept = np.abs((whole**2).sum(axis=1) - length) < 0.3
        # What no difference speaks of stays as it is.
        after = _polar(short[kept].T @ whole[kept] + 1e-3 * matrix)
        moved = np.abs(after - matrix).max()
        matrix = after
        if moved < 1e-9:
            break
    return matrix


def _differences(blocks: Any, matrix: F64) -> F64:
    """Differences of nearly equal blocks: the flattest are listed by their colour, roughly, and the near compared."""
    plain = blocks @ matrix
    flat = np.argsort(((plain - plain.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))[:FLAT]
    colour = np.rint(plain[flat].reshape(len(flat), -1, 3 if plain.shape[1] % 3 == 0 else 1).mean(axis=1))
    listed = blocks[flat[np.lexsort(colour.T)]]
    found = []
    for step in range(1, min(NEAR, len(listed))):
        apart = listed[step:] - listed[:-step]
        length = (apart**2).sum(axis=1)
        found.append(apart[(length > 0.5) & (length < LONGEST)])
    return np.concatenate([blocks[:0], *found])


def _covariances(units: Any) -> tuple[list[F64], F64]:
    level = units.reshape(-1, units.shape[3]).mean(axis=0)
    found = []
    for down, across in STEPS:
        one, other = (side.reshape(-1, len(level)) for side in apart(units - level, down, across))
        found.append(np.asarray(one.T @ other / max(len(one), 1)))
    return found, level


def _whitening(covariance: F64, ridge: float) -> F64:
    power, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors / np.sqrt(np.maximum(power, 0) + ridge)) @ vectors.T)


def _polar(matrix: Any) -> F64:
    left, _, right = np.linalg.svd(matrix)
    return np.asarray(left @ right)
