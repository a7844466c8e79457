"""Twins: pairs of cipher images that differ in one bit of the picture or the key, for NPCR, UACI and avalanche.

npcr(*plain_twins(encrypt, images, rng))      diffusion
npcr(*key_twins(encrypt_under, images, rng))  key sensitivity
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from imveil.metrics.base import U8, checked, flat

Encrypt = Callable[[U8], Any]


def plain_twins(encrypt: Encrypt, images: U8, rng: np.random.Generator, bit: int | None = None) -> tuple[Any, Any]:
    """Cipher images of `images`, and of the same with one bit turned over in each. (n, h, w, c), twice.

    encrypt: (n, h, w, c) uint8 -> cipher images, the same key each time.   bit: which bit of the sample, 0 the lowest;
    None: a random one. The sample is always random.

    >>> a, b = plain_twins(lambda images: images, np.zeros((2, 4, 4, 3), np.uint8), np.random.default_rng(0), bit=0)
    >>> (a != b).sum(axis=(1, 2, 3))
    array([1, 1])
    """
    turned = checked(images).copy()
    rows = flat(turned)
    places = rng.integers(0, rows.shape[1], len(rows))
    bits = rng.integers(0, 8, len(rows)) if bit is None else np.full(len(rows), bit)
    rows[np.arange(len(rows)), places] ^= (1 << bits).astype(np.uint8)
    return encrypt(images), encrypt(turned)


def key_twins(
    encrypt_under: Callable[[bytes, U8], Any], images: U8, rng: np.random.Generator, size: int = 32
) -> tuple[Any, Any]:
    """Cipher images under a random secret, and under the one that differs in one random bit. (n, h, w, c), twice.

    encrypt_under: (secret of `size` bytes, images) -> cipher images, for example
    `lambda secret, images: scheme.encrypt(images, Key(secret), ids=names).images`. Each image has its own secret and
    bit.
    """
    first, second = [], []
    for i in range(len(checked(images))):
        secret = np.frombuffer(rng.bytes(size), np.uint8).copy()
        first.append(encrypt_under(secret.tobytes(), images[i : i + 1]))
        place, bit = divmod(int(rng.integers(0, 8 * size)), 8)
        secret[place] ^= 1 << bit
        second.append(encrypt_under(secret.tobytes(), images[i : i + 1]))
    nothing = images[:0]
    return np.concatenate(first or [nothing]), np.concatenate(second or [nothing])
