"""Strangers: encryptors as people write them, for audits that are told neither scheme nor key.

Each is called as `scripts.records.strangers:NAME` in a process of its own; STRANGER_SEED decides its key.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from PIL import Image

import imveil
from imveil.audit.game.challenger import key_of

SEED = int(os.environ.get("STRANGER_SEED", "0"))
Encrypt = Callable[[Any], Any]


def _key() -> bytes:
    return key_of(SEED, "stranger").derive("key").stream().bytes(32)


def _rng() -> np.random.Generator:
    return np.random.default_rng([SEED, 11])


def identity(images: Any) -> Any:
    """Nothing at all."""
    return images


def jpeg(images: Any) -> Any:
    """JPEG at quality 75, which is no cipher."""
    found = []
    for image in images:
        held = io.BytesIO()
        Image.fromarray(image if image.shape[2] == 3 else image[..., 0]).save(held, "JPEG", quality=75)
        found.append(np.asarray(Image.open(held)).reshape(image.shape))
    return np.stack(found)


def quarter(images: Any) -> Any:
    """AES-CTR over the upper quarter, the rest as it is."""
    found, rows = images.copy(), images.shape[1] // 4
    found[:, :rows] = ctr(np.ascontiguousarray(images[:, :rows]))
    return found


def xor(images: Any) -> Any:
    """One random sequence XORed into every image."""
    return images ^ _rng().integers(0, 256, images.shape[1:], dtype=np.uint8)


def _ctr(images: Any, nonce: Callable[[], bytes]) -> Any:
    key, found = _key(), []
    for image in images:
        stream = Cipher(AES(key), modes.CTR(nonce())).encryptor()
        found.append(np.frombuffer(stream.update(image.tobytes()), np.uint8).reshape(image.shape))
    return np.stack(found) if found else images


def ctr(images: Any) -> Any:
    """AES-CTR with a fresh nonce for each image, as it should be."""
    return _ctr(images, lambda: os.urandom(16))


def ctr_one_nonce(images: Any) -> Any:
    """AES-CTR with the same nonce for all."""
    return _ctr(images, lambda: bytes(16))


def ecb(images: Any) -> Any:
    """AES-ECB over runs of 16 bytes; a rest shorter than that stays."""
    key, rows = _key(), images.reshape(len(images), -1).copy()
    whole = rows.shape[1] // 16 * 16
    for row in rows:
        row[:whole] = np.frombuffer(Cipher(AES(key), modes.ECB()).encryptor().update(row[:whole].tobytes()), np.uint8)
    return rows.reshape(images.shape)


def pixels(images: Any) -> Any:
    """One permutation of the pixels."""
    n, h, w, c = images.shape
    return images.reshape(n, h * w, c)[:, _rng().permutation(h * w)].reshape(images.shape)


def constant(images: Any) -> Any:
    """Grey, whatever the picture."""
    return np.full_like(images, 128)


def _ours(name: str, **fields: Any) -> Encrypt:
    """A scheme of the field under one key; images of a scheme with a key for each are never given the same name."""
    asked = [0]

    def encrypt(images: Any) -> Any:
        first = asked[0]
        asked[0] += len(images)
        names = [str(first + i) for i in range(len(images))]
        return imveil.find(name, **fields).encrypt(images, key_of(SEED, "stranger"), names).images

    return encrypt


blocks = _ours("patch/1", pixels=False)
patch = _ours("patch/1")
shf = _ours("shf/1")
np_block = _ours("np-block/1")
le = _ours("le/1")
ele = _ours("ele/1")
etc = _ours("etc/1")
etc_inplace = _ours("etc-inplace/1")
etc_grey = _ours("etc-grey/1")
cpe_iib = _ours("cpe-iib/1")
pixel_shuffle = _ours("pixel-shuffle/1")
negpos_one = _ours("negpos/1")
negpos_each = _ours("negpos/1", per_image=True)
