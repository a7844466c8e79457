"""chosen-plan: everything that a fixed key decides, read off a few chosen pictures, whatever the scheme is called.

In turn, cheapest first, until one reading explains the answers:

* a plan over bytes, then over nibbles: the picture of zeros shows the mask; then every unit shows a code word of its
  own, digit by digit, and the cipher image shows which unit went where. ceil(log_256 n) more pictures for n bytes; for
  nibbles as many as make ceil(log_16 2n). 2 and 4 for CIFAR.
* each pixel mapped linearly (conversion to YCbCr, then any shuffle and inversion): three primaries, then the bits of
  every pixel's number in blue; 10 for CIFAR.
* each patch mapped by one matrix: patches that show one sample each, as many pictures as hold d of them.
* a table of values at each position, then any shuffle (format-preserving substitution): 256 constant pictures.

One more picture, of random bytes, tests the linear readings. Nothing is asked of the scheme but answers and, for
patches, its block size.
"""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import one_key
from imveil.attacks.base import Attack, Guess, Oracle, View, blank
from imveil.attacks.solvers import probes
from imveil.attacks.solvers.blocks import Affine, pieces, sides, whole
from imveil.plans.plan import Plan


class ChosenPlan(Attack):
    """The whole map from the fewest chosen pictures, then every target decrypted with it."""

    id: ClassVar[str] = "chosen-plan"
    needs: ClassVar[frozenset[str]] = frozenset({"oracle"})
    paper: ClassVar[str] = "ours; for permutations: S. Li et al., Signal Processing: Image Communication 23:212 (2008)"
    finds_key: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """A fixed key: with a fresh one for each image the answers tell nothing."""
        del shape
        return one_key(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The first reading that explains the answers; grey where none does."""
        del steps
        assert view.oracle is not None
        zero = view.oracle(np.zeros((1, *view.shape), np.uint8))[0].ravel()
        for read in (_plan, _pixels, _patches, _tables):
            guess = read(view, view.oracle, zero, rng)
            if guess is not None:
                return guess
        return Guess(blank(view))


def _plan(view: View, ask: Oracle, zero: Any, rng: np.random.Generator) -> Guess | None:
    """A permutation and an XOR over bytes or nibbles. The code leaves almost no room for a wrong reading to fit."""
    del rng
    n = prod(view.shape)
    if zero.dtype != np.uint8 or len(zero) != n:
        return None
    code = probes.code(n)

    def shown(rows: Any) -> Any:
        return ask(rows.reshape(len(rows), *view.shape)).reshape(len(rows), n) ^ zero

    answers = shown(code.probes[: code.as_bytes])
    units, order = view.targets.reshape(-1, n) ^ zero, code.bytes(answers)
    if probes.plausible(order, 256**code.as_bytes):
        images = probes.undo(order, units)
        return Guess(images.reshape(-1, *view.shape), Plan(order, zero))
    answers = np.concatenate([answers, shown(code.probes[code.as_bytes :])])
    order = code.nibbles(answers)
    if not probes.plausible(order, 16 ** len(code.probes)):
        return None
    halves = probes.undo(order, probes.halves(units))
    images = (halves[:, ::2] | halves[:, 1::2] << 4).reshape(-1, *view.shape)
    return Guess(images, Plan(order, probes.halves(zero[None])[0], 4))


def _pixels(view: View, ask: Oracle, zero: Any, rng: np.random.Generator) -> Guess | None:
    """Every cipher sample is a linear function of the channels of one pixel."""
    h, w, c = view.shape
    ones = np.zeros((c, *view.shape), np.uint8)
    for channel in range(c):
        ones[channel, :, :, channel] = 255
    bits = max(1, (h * w - 1).bit_length())
    # Blue shows best: in YCbCr it moves all three planes, and none of them by less than 20 levels.
    numbers = (np.arange(h * w) >> np.arange(bits)[:, None] & 1).astype(np.uint8).reshape(bits, h, w, 1) * ones[-1]
    weights = ask(ones).reshape(c, -1).astype(float) - zero
    shown = ask(numbers).reshape(bits, -1) - zero.astype(float)
    place = ((np.abs(shown) > np.abs(weights[-1]) / 2).T @ (1 << np.arange(bits))).clip(max=h * w - 1)
    if np.abs(weights[-1]).min() < 8:
        return None
    weights = weights.T / 255
    test = rng.integers(0, 256, (1, *view.shape), np.uint8)
    told = zero + (test.reshape(h * w, c)[place] * weights).sum(axis=1)
    if np.abs(told - ask(test).reshape(-1)).mean() > 4:
        return None
    square = np.zeros((h * w, c, c))
    np.add.at(square, place, weights[:, :, None] * weights[:, None, :])
    inverse = np.linalg.pinv(square)
    images = np.empty((len(view.targets), h * w, c))
    for image, cipher in zip(images, view.targets.reshape(len(view.targets), -1)):
        right = np.zeros((h * w, c))
        np.add.at(right, place, weights * (cipher - zero.astype(float))[:, None])
        image[:] = np.einsum("pij,pj->pi", inverse, right)
    return Guess(images.round().clip(0, 255).astype(np.uint8).reshape(-1, *view.shape))


def _patches(view: View, ask: Oracle, zero: Any, rng: np.random.Generator) -> Guess | None:
    """Every patch goes through one affine map; patches of one sample each show its columns."""
    h, w, c = view.shape
    test = rng.integers(0, 256, (1, *view.shape), np.uint8)
    if view.targets.dtype.kind != "f" or view.targets.shape[1:] != view.shape:
        return None
    for side in sides(view):
        d, room = side * side * c, (h // side) * (w // side)
        chosen = np.zeros((-(-d // room) * room, d), np.uint8)
        chosen[np.arange(d), np.arange(d)] = 255
        answers = pieces(ask(whole(chosen.reshape(-1, room, d), view.shape)), side).reshape(-1, d)[:d]
        bias = pieces(zero.reshape(1, *view.shape), side)[0, 0].astype(float)
        found = Affine((answers - bias).T / 255, bias)
        if (found.undo(pieces(ask(test), side)) == pieces(test, side)).mean() > 0.9:
            return Guess(whole(found.undo(pieces(view.targets, side)), view.shape))
    return None


def _tables(view: View, ask: Oracle, zero: Any, rng: np.random.Generator) -> Guess | None:
    """Each position has a table of 256 values, then positions change places."""
    del rng
    n = prod(view.shape)
    if len(zero) != n:
        return None
    flat = np.arange(1, 256, dtype=np.uint8)[:, None, None, None]
    answers = [ask(np.broadcast_to(part, (len(part), *view.shape)).copy()) for part in np.split(flat, 5)]
    levels = np.concatenate([zero[None], *(a.reshape(len(a), n) for a in answers)])
    ordered = np.sort(levels, axis=0)
    if (ordered[1:] == ordered[:-1]).any():
        return None

    def read(cipher: Any) -> Any:
        """Cipher samples (k, n) through the tables backwards."""
        return np.stack([(levels == row).argmax(axis=0) for row in cipher.reshape(-1, n)]).astype(np.uint8)

    code = probes.code(n)
    chosen = code.probes[: code.as_bytes].reshape(-1, *view.shape)
    order = code.bytes(read(ask(chosen)))
    if not probes.plausible(order, 256**code.as_bytes):
        return None
    return Guess(probes.undo(order, read(view.targets)).reshape(-1, *view.shape))
