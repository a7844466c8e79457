"""Masks cancel for any owners in any order, hide a table, never serve twice; the check finds changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imveil.errors import BadInput, WrongKey
from imveil.keys import masks
from imveil.keys.key import Key
from imveil.keys.sharing import Identity
from private import OWNERS

ROUND, GROUP = b"r" * 32, Key(bytes([77]) * 32)


def recipients(count: int) -> list[str]:
    return [one.recipient for one in OWNERS[:count]]


@given(st.integers(1, 12), st.integers(0, 5))
def test_masks_of_all_owners_add_up_to_zero(count: int, step: int) -> None:
    found = [masks.pairwise(one, recipients(count), ROUND, step, 100) for one in OWNERS[:count]]
    assert not np.sum(found, axis=0, dtype=np.uint64).any()


def test_without_one_owner_the_total_is_noise() -> None:
    found = [masks.pairwise(one, recipients(4), ROUND, 0, 20_000) for one in OWNERS[:3]]
    total = np.sum(found, axis=0, dtype=np.uint64)
    assert abs(np.unpackbits(total.view(np.uint8)).mean() - 0.5) < 0.005


@pytest.mark.parametrize(("digest", "step"), [(b"s" * 32, 0), (ROUND, 1)])
def test_another_round_or_step_is_another_mask(digest: bytes, step: int) -> None:
    one, owners = OWNERS[0], recipients(3)
    assert (masks.pairwise(one, owners, ROUND, 0, 50) != masks.pairwise(one, owners, digest, step, 50)).all()


def test_a_stranger_has_no_mask() -> None:
    with pytest.raises(WrongKey, match="none of the 2 owners"):
        masks.pairwise(OWNERS[9], recipients(2), ROUND, 0, 5)


def test_a_public_key_that_shares_nothing_is_refused() -> None:
    import base64
    import hashlib

    zero = bytes(32)
    name = base64.b32encode(zero + hashlib.sha256(b"imveil-to-1" + zero).digest()[:8]).decode().lower()
    with pytest.raises(BadInput, match="shares nothing"):
        Identity.generate().agree("imveil-to-" + name, "test")


def test_masks_are_those_of_the_spec() -> None:
    """The page's own words, with other code: HKDF and AES-CTR of cryptography."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def derived(secret: bytes, *path: bytes) -> bytes:
        info = b"imveil-key-1" + b"".join(len(p).to_bytes(8, "little") + p for p in path)
        return HKDF(hashes.SHA256(), 32, None, info).derive(secret)

    private = [X25519PrivateKey.from_private_bytes(derived(bytes([i]) * 32, b"imveil", b"identity")) for i in (1, 2)]
    raw = private[1].public_key().public_bytes_raw()
    shared = private[0].exchange(X25519PublicKey.from_public_bytes(raw))
    names = sorted(recipients(2))
    key = derived(shared, b"imveil", b"mask", ROUND, b"3", *(name.encode() for name in names))
    words = np.frombuffer(Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(80)), "<u8")
    mine = words if OWNERS[0].recipient == names[0] else (-words.astype(np.int64)).view(np.uint64)
    assert (masks.pairwise(OWNERS[0], recipients(2), ROUND, 3, 10) == mine).all()


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_the_check_adds_up_and_finds_any_change(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    tables = [rng.integers(-(2**50), 2**50, 40) for _ in range(count)]
    tags = sum(masks.tag(GROUP, r, ROUND, 0, t) for r, t in zip(recipients(count), tables, strict=True))
    total = np.sum(tables, axis=0)
    assert masks.whole(GROUP, recipients(count), ROUND, 0, total) == tags % masks.PRIME
    total[rng.integers(40)] += int(rng.integers(1, 2**40))
    assert masks.whole(GROUP, recipients(count), ROUND, 0, total) != tags % masks.PRIME


def test_the_check_is_an_inner_product_modulo_a_prime() -> None:
    table = np.array([-5, 2**58, 3 - 2**58, 0, 1], np.int64)
    stream = GROUP.derive("imveil", "group", "numbers", ROUND, "0", "").stream().bytes(40)
    numbers = [int.from_bytes(stream[8 * i : 8 * i + 8], "little") >> 3 for i in range(5)]
    pad = int.from_bytes(GROUP.derive("imveil", "group", "pad", ROUND, "0", "a").stream().bytes(8), "little")
    want = (sum(int(t) * n for t, n in zip(table, numbers, strict=True)) + pad) % (2**61 - 1)
    assert masks.tag(GROUP, "a", ROUND, 0, table) == want


def test_numbers_too_large_to_be_checked_are_refused() -> None:
    with pytest.raises(BadInput, match="too large to be checked"):
        masks.tag(GROUP, "a", ROUND, 0, np.array([2**59]))
