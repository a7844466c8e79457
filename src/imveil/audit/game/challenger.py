"""Challenger: who encrypts in a game. It holds the key, so that a view need not.

A challenger is made from a scheme, or from anybody's encryptor; `control` makes one beside it whose answers are
independent of the pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

import imveil
from imveil.attacks.base import U8, Images
from imveil.keys.key import Key
from imveil.schemes.base import Scheme

Encrypt = Callable[[U8, str], Images]


@dataclass(frozen=True)
class Challenger:
    """encrypt: (pictures, what they are for) -> cipher images; the purpose names them where each image has a key of its
    own, so it is never used twice. scheme, fields: the public description, None where nobody said what it is.
    fresh: a challenger like this one under another key, where one can be had.
    """

    encrypt: Encrypt = field(repr=False)
    scheme: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    fresh: Callable[[int], Challenger] | None = field(default=None, repr=False)

    def simulate(self) -> Callable[[U8], Images] | None:
        """For a view: encrypts under a fresh key, each call another one; None where no fresh key can be had."""
        fresh, number = self.fresh, count()
        return None if fresh is None else lambda images: fresh(next(number)).encrypt(images, "own")


def key_of(seed: int, purpose: str = "data set") -> Key:
    """The key of a run: repeatable, and therefore no secret."""
    return Key(hashlib.sha256(f"imveil laboratory, {purpose}, {seed}".encode()).digest())


def challenger_of(scheme: Scheme, seed: int, purpose: str = "game") -> Challenger:
    """The challenger of a scheme, with a key that follows from the seed."""
    key = key_of(seed, purpose)

    def encrypt(images: U8, purpose: str) -> Images:
        found: Images = scheme.encrypt(images, key, [f"{purpose}/{i}" for i in range(len(images))]).images
        return found

    def fresh(number: int) -> Challenger:
        return challenger_of(scheme, seed, f"own key {number}")

    return Challenger(encrypt, scheme.id, scheme.config(), fresh)


def control(real: Challenger, shape: tuple[int, int, int], seed: int, purpose: str = "control") -> Challenger:
    """A challenger that looks like `real` and answers with noise: AES-CTR under a fresh key for each image.

    For bytes it is aes-ctr-control/1 on the cipher images. Other numbers are drawn, by such a key stream, from what
    `real` gives for random pictures (shape: theirs): they have its range and distribution, and know nothing.
    """
    noise = imveil.find("aes-ctr-control/1")
    key = key_of(seed, purpose)
    random = np.frombuffer(key.derive("pictures").stream().bytes(8 * int(np.prod(shape))), np.uint8)
    usual = real.encrypt(random.reshape(8, *shape), "usual").ravel()

    def encrypt(images: U8, purpose: str) -> Images:
        like = real.encrypt(images, purpose)
        width = 1 if like.dtype == np.uint8 else 4
        blank = np.zeros((len(like), 1, like[0].size, width) if len(like) else (0, 1, 1, width), np.uint8)
        drawn = noise.encrypt(blank, key, [f"{purpose}/{i}" for i in range(len(like))]).images
        if width == 1:
            return np.asarray(drawn.reshape(like.shape))
        return np.asarray(usual[drawn.view("<u4") % len(usual)].reshape(like.shape))

    def fresh(number: int) -> Challenger:
        return control(real, shape, seed, f"own control {number}")

    return Challenger(encrypt, real.scheme, real.fields, fresh)
