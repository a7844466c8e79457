"""Looks: what a set of images seems to be, when nobody says how it was encrypted, or whether."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from imveil.lab.attack import U8

PLAIN = "these pictures are not encrypted"
RANDOM = "random bytes: what a stream cipher with a key for each image gives"
_BY_ATTACK = {
    "many-time-pad": "one fixed sequence is XORed into every image (a many-time pad)",
    "fixed-permutation": "one fixed permutation moves the pixels of every image",
    "fold": "samples are inverted, with a key for each image",
}
_AS_SMOOTH = 1.5
_SIDES = (2, 4, 8, 16, 32)
_SOME = 200


def total_variation(images: U8) -> Any:
    """Mean absolute difference of neighbouring samples, down and across, one per image. (n, h, w, c) -> (n,) float64.

    >>> total_variation(np.zeros((1, 4, 4, 3), np.uint8))
    array([0.])
    """
    wide = images.astype(np.int16)
    steps = [np.abs(np.diff(wide, axis=axis)).mean(axis=(1, 2, 3)) for axis in (1, 2) if images.shape[axis] > 1]
    return sum(steps, np.zeros(len(images))) / max(1, len(steps))


def looks_like(images: U8, worked: Mapping[str, float]) -> str:
    """What the images seem to be, in words. worked: ids of attacks that made smooth pictures of most of them, with
    the total variation of these. The first attack that made about the smoothest tells what was done."""
    side = block_side(images)
    if side:
        return f"blocks of {side}x{side} pixels are moved, their insides still look like pictures"
    if alike(images) < 0.5:
        return PLAIN
    told = {attack: rough for attack, rough in worked.items() if attack in _BY_ATTACK}
    for attack, words in _BY_ATTACK.items():
        if attack in told and told[attack] <= _AS_SMOOTH * min(told.values()):
            return words
    if alike(images) < 0.9:
        return "neighbouring pixels are more alike than distant ones: something of the pictures was left in place"
    values = np.bincount(images.reshape(-1), minlength=256)
    expected = images.size / 256
    if float(((values - expected) ** 2 / expected).sum()) > 2 * 255 + images.size / 1000:
        return "values are not spread evenly, so something of the pictures is left, but no attack read it"
    return RANDOM


def alike(images: U8) -> float:
    """How much less neighbouring pixels differ than pixels from anywhere in the same image, the median over images:
    about 1 for noise and for shuffled pixels, a fifth or so for photographs.

    >>> alike(np.tile(np.arange(16, dtype=np.uint8).repeat(16).reshape(1, 16, 16, 1), (3, 1, 1, 1))) < 0.2
    True
    """
    some = images[:_SOME]
    n, h, w, c = some.shape
    order = np.random.default_rng(0).permutation(h * w)
    shuffled = some.reshape(n, h * w, c)[:, order].reshape(some.shape)
    return float(np.median(total_variation(some) / np.maximum(total_variation(shuffled), 1e-9)))


def block_side(images: U8) -> int:
    """The side of blocks whose inner neighbours are much more alike than neighbours across their borders; 0: none."""
    if images.shape[2] < 2:
        return 0
    wide = images[:_SOME].astype(np.int16)
    across = np.abs(np.diff(wide, axis=2)).mean(axis=(0, 1, 3))
    best = 0
    for side in _SIDES:
        border = np.arange(len(across)) % side == side - 1
        if border.any() and not border.all() and across[border].mean() > 1.3 * max(across[~border].mean(), 1e-9):
            best = side
    return best
