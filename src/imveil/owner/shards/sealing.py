"""Sealing: bytes that travel with a cipher data set and that only the key opens. AES-256-GCM, repeatable.

    salt   = first 16 bytes of HMAC-SHA256(key.derive("imveil", "salt", purpose), data)
    head   = "imveil-sealed-1\\n" || salt
    sealed = head || AES-256-GCM(key.derive("imveil", "seal", purpose, salt), nonce: 12 zero bytes, data)

with `head`, 32 bytes, as associated data. The salt is a function of key and data: the same table gives the same
bytes, two different tables never meet under one AES key, and no counter has to be kept.
"""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from imveil.errors import BadManifest
from imveil.keys.key import Key

MAGIC = b"imveil-sealed-1\n"
AUTH = "imveil.auth"
"""The file with the manifest sealed, for the purpose "manifest": the owner's proof of it, see `verify.py`."""


def seal(data: bytes, key: Key, purpose: str) -> bytes:
    """`data` sealed for one purpose: 48 bytes longer, and bound to it."""
    salt = key.derive("imveil", "salt", purpose).mac(data)[:16]
    head = MAGIC + salt
    return head + AESGCM(key.derive("imveil", "seal", purpose, salt).reveal()).encrypt(bytes(12), data, head)


def unseal(sealed: bytes, key: Key, purpose: str, where: str) -> bytes:
    """What was sealed; BadManifest, naming `where`, for other bytes, an altered file, another key or purpose.

    >>> key = Key(bytes(32))
    >>> unseal(seal(b"the names", key, "names"), key, "names", "imveil.names")
    b'the names'
    """
    head = sealed[:32]
    if not head.startswith(MAGIC) or len(sealed) < 48:
        raise BadManifest(f"{where} is no sealed table, or it is cut off")
    try:
        aead = AESGCM(key.derive("imveil", "seal", purpose, head[16:]).reveal())
        data = aead.decrypt(bytes(12), sealed[32:], head)
    except InvalidTag as error:
        raise BadManifest(
            f"{where} does not open with key {key.fingerprint}: it was altered, or sealed under another"
        ) from error
    if not hmac.compare_digest(key.derive("imveil", "salt", purpose).mac(data)[:16], head[16:]):
        raise BadManifest(f"{where} was altered")
    return data
