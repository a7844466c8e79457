"""The pad solver: the mask that was XORed into every image, from the cipher images alone.

1. Gray code (c XOR c >> 1) turns neighbouring values into bytes that differ in few bits, and leaves XOR with a mask an
   XOR with a mask. In each bit plane every two neighbours vote whether their mask bits agree; `synchronise` adds the
   votes up to all mask bits of the plane but one.
2. The eight free bits, one byte: the one under which the pictures are smoothest. Its top bit stays open: a picture and
   its negative are equally smooth. Pictures are taken to be not brighter than grey on the whole.
3. Sweeps: each mask byte becomes the one under which its samples lie nearest to what their neighbours predict, first
   the median of the nearest, then a linear prediction fitted to the pictures as they stand, each image weighted by
   how alike the neighbours are there: a smooth place tells the lowest bits apart.

The same with fewer unknowns, one byte for the colours of a pixel or bytes 0 and 255 only, is kept where the pictures
come out no rougher. Where the colours of the pixels turn out to be in disorder they are put in order first. Public
pictures, where there are any, tell the last prediction, the sign, and which colour is which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.attacks.solvers.pad.colours import arranged, named
from imveil.attacks.solvers.pad.gray import gray, ungray
from imveil.attacks.solvers.pad.kernels import sweep, votes, weighted_squares
from imveil.attacks.solvers.pad.lattice import pairs, roughness, surroundings
from imveil.attacks.solvers.pad.synchronise import BITS, synchronise
from imveil.plans.blocks import Shape, positions
from imveil.plans.plan import Plan

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
Way = tuple[Any, U8]  # positions that share a byte, and which bytes there are

MOST_IMAGES = 256
"""Sweeps use this many cipher images at most; votes use all."""

ROWS = 10_000
"""Samples that a prediction is fitted to, for each colour."""

FEWER = 1.1
"""A mask with fewer unknowns is kept where the pictures are rougher by no more than this factor."""

DISORDER = 0.5
"""Colours are taken to be in disorder where so large a share of neighbouring pixels have different orders."""

BYTES = np.arange(256).astype(np.uint8)
INVERSIONS = np.array([0, 255], np.uint8)
ROUGH = np.arange(1, 257, dtype=np.float32) / 2  # scales before anything is fitted


@dataclass(frozen=True)
class Prior:
    """What public pictures say. bright: (positions,) log odds of a sample above 127.   around, coefficients, scales:
    of the prediction, as `fitted` gives them."""

    bright: F64
    around: Any
    coefficients: Any
    scales: Any


def solve(images: Any, rng: np.random.Generator, public: Any = None, sweeps: int = 12) -> Plan:
    """The plan that makes pictures of the cipher images.

    Deterministic given rng. The pictures may come out as their negatives.

    Parameters
    ----------
    images, public
        (n, h, w, c) uint8; n is 1 or more.
    """
    _, h, w, c = images.shape
    shape = (h, w, c)
    samples = np.ascontiguousarray(images.reshape(len(images), -1).T)
    prior = None if public is None or not len(public) else prior_of(public, rng)
    order = np.arange(len(samples))
    few = samples[:, :MOST_IMAGES]
    mask, way = best_start(samples, shape, rng)
    shuffled = False
    if c == 3:
        found, different = arranged(few ^ mask[:, None], shape)
        if shuffled := different > DISORDER:
            order = found
            mask, way = best_start(samples[order], shape, rng)
            found, _ = arranged(few[order] ^ mask[:, None], shape)  # colours beside wrong masks had little to go by
            order, mask = order[found], mask[found]
    mask = signed(samples[order], refined(few[order], mask, shape, *way, rng, sweeps, prior), prior)
    if shuffled:
        colours = named(few[order] ^ mask[:, None], public)
        order, mask = order[colours], mask[colours]
    return Plan(order.astype(np.int32), mask)


def mask_of(images: Any, rng: np.random.Generator, sweeps: int = 12) -> U8:
    """The mask (h, w, c) under which images (n, h, w, c) uint8 are smooth, where colours keep their places.

    Deterministic given rng. The pictures may come out as their negatives. Where nothing was XORed in, or where pictures
    are not smooth, it is one mask as good as another.
    """
    _, h, w, c = images.shape
    samples = np.ascontiguousarray(images.reshape(len(images), -1).T)
    mask, way = best_start(samples, (h, w, c), rng)
    few = samples[:, :MOST_IMAGES]
    return signed(samples, refined(few, mask, (h, w, c), *way, rng, sweeps, None), None).reshape(h, w, c)


def best_start(samples: U8, shape: Shape, rng: Any) -> tuple[U8, Way]:
    """The mask of the way with the fewest unknowns that leaves pictures hardly rougher than any other."""
    single = positions(shape).reshape(-1, 1)
    ways = [(groups, allowed) for groups in (single, single.reshape(-1, shape[2])) for allowed in (BYTES, INVERSIONS)]
    ways = ways if shape[2] > 1 else ways[:2]
    starts = [start(samples, shape, rng, *way) for way in ways]
    rough = [roughness(_pictures(samples[:, :MOST_IMAGES], mask, shape)).mean() for mask in starts]
    best = max(i for i, value in enumerate(rough) if value <= FEWER * min(rough))
    return starts[best], ways[best]


def start(samples: U8, shape: Shape, rng: Any, groups: Any, allowed: U8) -> U8:
    """The mask by votes alone: steps 1 and 2.

    Parameters
    ----------
    groups
        Positions that share a byte.
    allowed
        Which bytes there are.
    """
    two, kinds = pairs(shape)
    unit = np.empty(len(samples), np.int64)
    unit[groups] = np.arange(len(groups))[:, None]
    apart = unit[two[:, 0]] != unit[two[:, 1]]  # colours that share a byte say nothing about it
    two, kinds = two[apart], kinds[apart]
    codes = gray(samples)
    bits = np.zeros(len(groups), np.uint8)
    for plane in range(8) if len(allowed) > 2 else [7]:
        found = votes(codes, two, plane).astype(np.float64)
        found *= _reliability(found, kinds, samples.shape[1])
        costs = np.stack([np.maximum(-found, 0), np.maximum(found, 0)], axis=1)
        bits |= (synchronise(unit[two], costs, len(groups), BITS) << plane).astype(np.uint8)
    mask = ungray(bits)[unit]
    return smoothest(samples, mask, shape, rng) if len(allowed) > 2 else mask


def _reliability(found: F64, kinds: Any, n: int) -> F64:
    """For each pair, the log odds that two bits of its kind agree: the mean square of votes tells without the mask,
    for E v^2 = n + n (n - 1) (2 p - 1)^2."""
    count = np.maximum(np.bincount(kinds), 1)
    square = np.bincount(kinds, found**2) / count
    lean = np.sqrt(np.clip((square - n) / (n * max(n - 1, 1)), 1e-4, 0.99))
    return np.asarray(np.arctanh(lean)[kinds])


def smoothest(samples: U8, mask: U8, shape: Shape, rng: Any, draws: int = 100_000) -> U8:
    """The mask XOR the byte under 128 that makes neighbours most alike."""
    two, _ = pairs(shape)
    if not len(two):
        return mask
    picked, image = two[rng.integers(0, len(two), draws)], rng.integers(0, samples.shape[1], draws)
    a, b = (samples[picked[:, end], image] ^ mask[picked[:, end]] for end in (0, 1))
    apart = [np.abs((a ^ byte).astype(np.int16) - (b ^ byte)).sum() for byte in BYTES[:128]]
    found: U8 = mask ^ BYTES[int(np.argmin(apart))]
    return found


def refined(
    samples: U8, mask: U8, shape: Shape, groups: Any, allowed: U8, rng: Any, sweeps: int, prior: Prior | None
) -> U8:
    """The mask after step 3: at most `sweeps` sweeps of each kind, fewer where nothing changes."""
    own = groups.shape[1] == 1  # colours that share a byte move together and cannot predict each other
    mask, groups = mask.copy(), np.ascontiguousarray(groups)
    for reach in range(3):
        around = surroundings(shape, reach, own=own)
        touched = np.full(len(mask), bool(around.shape[1]))
        for step in range(sweeps):
            if reach == 2 and own and prior is not None:
                around, coefficients, scales = prior.around, prior.coefficients, prior.scales
            elif reach == 0:
                coefficients, scales = np.zeros((shape[2], 0), np.float32), ROUGH
            elif step < 3:  # a fit that still moves asks every position again
                coefficients, scales = fitted(samples ^ mask[:, None], around, shape[2], rng)
                touched[:] = bool(around.shape[1])
            changed = sweep(samples, mask, groups[touched[groups].any(axis=1)], around, coefficients, scales, allowed)
            touched = changed[around].any(axis=1)
            if not changed.any():
                break
        if reach == 0 and len(allowed) > 2:
            mask = smoothest(samples, mask, shape, rng)
    return mask


def fitted(pictures: U8, around: Any, c: int, rng: Any, rows: int = ROWS) -> tuple[Any, Any]:
    """How a sample follows from its neighbours: coefficients (c, f) of least absolute error, and the size of a
    typical error where the neighbours differ from the prediction by 0..255 on average, (256,).

    Parameters
    ----------
    pictures
        (positions, n) uint8.
    around
        (positions, f).
    """
    size, n = pictures.shape
    f, rows = around.shape[1], min(rows, pictures.size // c)
    coefficients = np.zeros((c, f), np.float32)
    if not f:
        return coefficients, ROUGH
    spread, errors = [], []
    for colour in range(c):
        where, image = rng.integers(0, size // c, rows) * c + colour, rng.integers(0, n, rows)
        near = pictures[around[where], image[:, None]].astype(np.float32)
        value = pictures[where, image].astype(np.float32)
        weight = np.ones(rows, np.float32)
        for _ in range(4):  # least squares, weighted again and again, tends to least absolute error
            square, right = weighted_squares(near, value, weight)
            square[np.diag_indices(f)] += 1e-4 * np.trace(square) / f + 1e-6
            found = np.linalg.solve(square, right).astype(np.float32)
            guess = (near * found).sum(axis=1)
            error = np.abs(guess - value)
            weight = 1 / np.maximum(error, 1)
        coefficients[colour] = found
        spread.append(np.abs(near - guess[:, None]).mean(axis=1))
        errors.append(np.minimum(error, 32))
    level = np.concatenate(spread).astype(np.int64).clip(0, 255)
    count = np.convolve(np.bincount(level, minlength=256), np.ones(3), "same")
    total = np.convolve(np.bincount(level, np.concatenate(errors), minlength=256), np.ones(3), "same")
    mean = np.maximum.accumulate(np.where(count >= 50, total / np.maximum(count, 1), 0))
    return coefficients, (0.7 * mean + 0.35).astype(np.float32)


def prior_of(public: Any, rng: np.random.Generator) -> Prior:
    """What pictures of the right shape say.

    Parameters
    ----------
    public
        (n, h, w, c) uint8.
    """
    n, h, w, c = public.shape
    samples = np.ascontiguousarray(public.reshape(n, -1).T)
    ones = (samples >> 7).sum(axis=1)
    # Half a dozen imagined pictures of the average kind keep a few real ones from being sure.
    share = np.clip((ones + 6 * ones.mean() / n) / (n + 6), 0.01, 0.99)
    around = surroundings((h, w, c), 2)
    return Prior(np.log(share / (1 - share)), around, *fitted(samples, around, c, rng, 5 * ROWS))


def signed(samples: U8, mask: U8, prior: Prior | None) -> U8:
    """The mask or its negative: the likelier by the public pictures, else the one in which less than half is bright."""
    bright = (2 * ((samples ^ mask[:, None]) >> 7).astype(np.int64) - 1).sum(axis=1)
    negative = bright.sum() > 0 if prior is None else bright @ prior.bright < 0
    return ~mask if negative else mask


def _pictures(samples: U8, mask: U8, shape: Shape) -> U8:
    return np.asarray((samples ^ mask[:, None]).T.reshape(-1, *shape), np.uint8)
