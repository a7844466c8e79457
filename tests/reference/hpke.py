"""HPKE once more, from RFC 9180 alone: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, one message."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM = b"KEM" + (0x0020).to_bytes(2, "big")
HPKE = b"HPKE" + (0x0020).to_bytes(2, "big") + (0x0001).to_bytes(2, "big") + (0x0002).to_bytes(2, "big")


def extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.new(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, hashlib.sha256).digest()


def expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """Of 32 bytes at most: one block of HKDF."""
    text = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.new(prk, text + b"\x01", hashlib.sha256).digest()[:length]


def open_message(sealed: bytes, secret: bytes, info: bytes) -> bytes:
    """sealed: the encapsulated key of 32 bytes, then the ciphertext.   secret: the recipient's 32 bytes."""
    enc, mine = sealed[:32], X25519PrivateKey.from_private_bytes(secret)
    dh = mine.exchange(X25519PublicKey.from_public_bytes(enc))
    context = enc + mine.public_key().public_bytes_raw()
    shared = expand(KEM, extract(KEM, b"", b"eae_prk", dh), b"shared_secret", context, 32)
    schedule = b"\x00" + extract(HPKE, b"", b"psk_id_hash", b"") + extract(HPKE, b"", b"info_hash", info)
    root = extract(HPKE, shared, b"secret", b"")
    key, nonce = expand(HPKE, root, b"key", schedule, 32), expand(HPKE, root, b"base_nonce", schedule, 12)
    return AESGCM(key).decrypt(nonce, sealed[32:], b"")
