"""What cipher images show by themselves: found where it is, and never in noise."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import imveil
from imveil.audit.leaks import constant, different, leaks
from smooth import smooth_pictures

KEY = imveil.Key(b"k" * 32)
PICTURES = smooth_pictures(120, side=32)
RANDOM = np.random.default_rng(1).integers(0, 256, PICTURES.shape, np.uint8)


def ecb(images: Any) -> Any:
    """AES-ECB over the bytes of each image."""
    encrypt = Cipher(algorithms.AES(b"k" * 32), modes.ECB()).encryptor()
    rows = [np.frombuffer(encrypt.update(image.tobytes()), np.uint8) for image in images]
    return np.stack(rows).reshape(images.shape)


def flat() -> Any:
    """Scans: mostly one level, with a disc of another."""
    at = np.hypot(*(np.indices((32, 32)) - 16))
    return np.stack([np.where(at < 6 + i % 8, 200, 0) for i in range(60)])[..., None].astype(np.uint8)


def quarter() -> Any:
    found = RANDOM.copy()
    found[:, :16, :16] = PICTURES[:, :16, :16]
    return found


def scheme(id: str, **fields: Any) -> Any:
    return imveil.find(id, **fields).encrypt(PICTURES, KEY, [str(i) for i in range(len(PICTURES))]).images


CASES = {
    "plain": (PICTURES, {"smooth": "partly open"}),
    "fixed xor": (PICTURES ^ RANDOM[:1], {"reused stream": "partly open"}),
    "ecb of flat scans": (ecb(flat()), {"equal blocks": "partly open"}),
    "a quarter": (quarter(), {"partly encrypted": "partly open"}),
    "copies": (np.repeat(RANDOM[:10], 3, axis=0), {"equal cipher images": "recognisable"}),
    "negpos": (scheme("negpos/1", per_image=True), {"uneven values": "recognisable"}),
    "moved pixels": (scheme("pixel-shuffle/1"), {"uneven values": "recognisable"}),
    "one bit left alone": (PICTURES ^ (RANDOM & 0xEF), {"smooth in part": "partly open"}),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_found(name: str) -> None:
    ciphers, expected = CASES[name]
    found = {leak.name: leak.level for leak in leaks(ciphers)}
    assert expected.items() <= found.items(), found


def test_a_reused_stream_is_no_name_for_pixels_that_move() -> None:
    assert "reused stream" not in {leak.name for leak in leaks(scheme("pixel-shuffle/1"))}


@pytest.mark.parametrize("shape", [(16, 16, 1), (28, 28, 1), (32, 32, 3), (96, 64, 3)])
def test_noise_shows_nothing(shape: tuple[int, int, int]) -> None:
    """Forty sets of AES-CTR noise in all: a test that finds something there is broken."""
    for number in range(10):
        n = (2, 5, 40, 120)[number % 4]
        secret = hashlib.sha256(f"noise {number}".encode()).digest()
        blank = np.zeros((n, *shape), np.uint8)
        noise = imveil.find("aes-ctr-control/1").encrypt(blank, imveil.Key(secret), [str(i) for i in range(n)]).images
        assert leaks(noise) == [], number


def test_a_constant_says_nothing_and_is_told() -> None:
    assert constant(np.full((4, 8, 8, 3), 7, np.uint8))
    assert not constant(RANDOM[:4])


def test_copies_are_dropped_in_order() -> None:
    images = RANDOM[[0, 1, 0, 2, 1]]
    np.testing.assert_array_equal(different(images), RANDOM[[0, 1, 2]])


def test_what_is_no_batch_of_bytes_shows_nothing() -> None:
    assert leaks(RANDOM[:1]) == []
    assert leaks(RANDOM.astype(np.uint16)) == []
