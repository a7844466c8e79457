"""Looks: what a set of images seems to be, when nobody says how it was encrypted, or whether."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from imveil.attacks.base import U8
from imveil.audit.leaks import alike

PLAIN = "these pictures are not encrypted"
RANDOM = "random bytes: what a stream cipher with a key for each image gives"
BY_ITS_WORDS = "second-order"  # this attack says itself what it found
_BY_ATTACK = {
    "many-time-pad": "one fixed sequence is XORed into every image (a many-time pad)",
    BY_ITS_WORDS: "one key serves for all images",
    "fixed-permutation": "one fixed permutation moves the pixels of every image",
    "fold": "samples are inverted, with a key for each image",
}
# How alike neighbours are: in noise 1, in what only looks smoother than noise less than 0.9, in photographs a quarter.
_ALIKE, _SMOOTHER, _OF_NOISE, _WHOLE = 0.9, 0.75, 0.6, 0.4
_AS_SMOOTH = 1.5
_SIDES = (2, 4, 8, 16, 32)
_SOME = 200


def looks_like(images: U8, worked: Mapping[str, tuple[float, float]], says: str = "") -> str:
    """What the images seem to be, in words.

    Parameters
    ----------
    worked
        Ids of attacks, with `alike` and the mean total variation of what they made. Of those that made pictures, and
        about the smoothest, the first tells what was done.
    says
        What was done, in that attack's own words, where it has some.
    """
    side = block_side(images)
    if side and not says and BY_ITS_WORDS not in worked:
        return f"blocks of {side}x{side} pixels are moved, their insides still look like pictures"
    if whole(images):
        return PLAIN
    before = alike(images)
    rough = {attack: some[1] for attack, some in worked.items() if some[0] < _SMOOTHER * before}
    rough = {attack: rough[attack] for attack in _BY_ATTACK if attack in rough}
    for attack, words in _BY_ATTACK.items():
        if attack in rough and rough[attack] <= _AS_SMOOTH * min(rough.values()):
            return says if attack == BY_ITS_WORDS and says else words
    if says:  # it believes what it found, though blocks were as smooth before
        return says
    if before < _ALIKE:
        return "neighbouring pixels are more alike than distant ones: something of the pictures was left in place"
    values = np.bincount(images.reshape(-1), minlength=256)
    expected = images.size / 256
    if float(((values - expected) ** 2 / expected).sum()) > 2 * 255 + images.size / 1000:
        return "values are not spread evenly, so something of the pictures is left, but no attack read it"
    return RANDOM


def whole(images: U8, made_of: U8 | None = None, *, believed: bool = False) -> bool:
    """Whether they are smooth all over as pictures are, and not in blocks.

    Parameters
    ----------
    made_of
        The cipher images that they were made of; where these were noise, less will do, since nothing smooth comes out
        of noise by itself.
    believed
        By the attack that made them and checks what it makes: blocks that stand out, as those that lost colours for
        good, are no objection then.
    """
    small = max(1.0, 32 / max(images.shape[1:3])) ** 0.3  # there, distant pixels are not distant
    most = _OF_NOISE if made_of is not None and alike(made_of) > 0.95 else _WHOLE * small
    return alike(images) < most and (believed or not block_side(images))


def block_side(images: U8) -> int:
    """The side of blocks, tiling the images, whose inner neighbours are much more alike than neighbours across their
    borders, both ways; 0: none."""
    wide = images[:_SOME].astype(np.int16)
    steps = [np.abs(np.diff(wide, axis=axis)).mean(axis=(0, 3 - axis, 3)) for axis in (1, 2)]
    found = {side: min(_contrast(line, side) for line in steps) for side in _SIDES}
    side = max(found, key=lambda side: found[side])
    return side if found[side] > 1.3 else 0


def _contrast(steps: Any, side: int) -> float:
    """How much larger the differences between neighbours are across borders of blocks than inside; 0 where blocks do
    not tile, or there is but one."""
    border = np.arange(len(steps)) % side == side - 1
    if (len(steps) + 1) % side or not border.any() or border.all():
        return 0.0
    return float(steps[border].mean() / max(float(steps[~border].mean()), 1e-9))
