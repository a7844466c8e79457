"""Masks and tables once more, from docs/spec/round.md alone, one number at a time."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from reference.keys import derive


def stream(key: bytes, words: int) -> list[int]:
    data = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(8 * words))
    return [int.from_bytes(data[8 * i : 8 * i + 8], "little") for i in range(words)]


def masked(
    identity: bytes, owners: list[str], digest: bytes, step: int, table: list[int], group: bytes = b""
) -> list[int]:
    private = X25519PrivateKey.from_private_bytes(derive(identity, "imveil", "identity"))
    mine = {base64.b32decode(o.removeprefix("imveil-to-").upper())[:32]: o for o in owners}[
        private.public_key().public_bytes_raw()
    ]
    words = [value % 2**64 for value in table]
    for other in owners:
        if other == mine:
            continue
        raw = base64.b32decode(other.removeprefix("imveil-to-").upper())[:32]
        shared = private.exchange(X25519PublicKey.from_public_bytes(raw))
        key = derive(shared, "imveil", "mask", digest, str(step), *sorted((mine, other)))
        sign = 1 if mine < other else -1
        words = [(w + sign * m) % 2**64 for w, m in zip(words, stream(key, len(words)), strict=True)]
    if group:
        key = derive(group, "imveil", "group", "mask", digest, str(step), mine)
        words = [(w + m) % 2**64 for w, m in zip(words, stream(key, len(words)), strict=True)]
    return words


def tag(group: bytes, owner: str, digest: bytes, step: int, table: list[int]) -> int:
    numbers = stream(derive(group, "imveil", "group", "numbers", digest, str(step), ""), len(table))
    [pad] = stream(derive(group, "imveil", "group", "pad", digest, str(step), owner), 1)
    return (sum(t * (n >> 3) for t, n in zip(table, numbers, strict=True)) + pad) % (2**61 - 1)


def moments(rows: list[list[int]], labels: list[int], classes: int, bits: int) -> list[int]:
    size = len(rows[0])
    found = [sum(r[i] * r[j] for r in rows) << (36 - 2 * bits) for i in range(size) for j in range(i, size)]
    for i in range(size):
        for c in range(classes):
            found.append(sum(r[i] for r, y in zip(rows, labels, strict=True) if y == c) << (36 - bits))
    return found
