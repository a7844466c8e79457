"""Keys and key streams once more, from docs/spec/key.md and stream.md alone: hmac, hashlib, and AES (FIPS 197)."""

from __future__ import annotations

import base64
import hashlib
import hmac

ZEROS = bytes(32)


def times2(a: int) -> int:
    return (a << 1) ^ 0x11B if a & 0x80 else a << 1


def box() -> list[int]:
    """The S-box: the inverse in GF(2^8), then the affine map. p is a power of 3, and q its inverse."""
    s, p, q = [0x63] * 256, 1, 1
    for _ in range(255):
        s[p] = 0x63
        for turn in range(5):
            s[p] ^= ((q << turn) | (q >> (8 - turn))) & 0xFF
        p ^= times2(p)
        for shift in (1, 2, 4):
            q ^= (q << shift) & 0xFF
        q ^= 0x09 if q & 0x80 else 0
    return s


SBOX = box()


def round_keys(key: bytes) -> list[bytes]:
    """AES-256: 15 round keys from a key of 32 bytes."""
    words, power = [key[i : i + 4] for i in range(0, 32, 4)], 1
    for i in range(8, 60):
        word = words[-1]
        if i % 8 == 0:
            word = bytes(SBOX[b] for b in word[1:] + word[:1])
            word, power = bytes([word[0] ^ power]) + word[1:], times2(power)
        elif i % 8 == 4:
            word = bytes(SBOX[b] for b in word)
        words.append(bytes(a ^ b for a, b in zip(word, words[-8])))
    return [b"".join(words[i : i + 4]) for i in range(0, 60, 4)]


def aes(keys: list[bytes], block: bytes) -> bytes:
    """One block of AES-256; the state is kept column by column, as the bytes come."""
    state = [a ^ b for a, b in zip(block, keys[0])]
    for number, key in enumerate(keys[1:], 1):
        state = [SBOX[state[(5 * i) % 16]] for i in range(16)]  # SubBytes and ShiftRows
        if number < 14:
            columns = [state[i : i + 4] for i in range(0, 16, 4)]
            state = [times2(c[i] ^ c[i - 3]) ^ c[i - 3] ^ c[i - 2] ^ c[i - 1] for c in columns for i in range(4)]
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def derive(key: bytes, *path: str | bytes) -> bytes:
    parts = [part.encode() if isinstance(part, str) else part for part in path]
    info = b"imveil-key-1" + b"".join(len(part).to_bytes(8, "little") + part for part in parts)
    root = hmac.new(ZEROS, key, hashlib.sha256).digest()
    return hmac.new(root, info + b"\x01", hashlib.sha256).digest()


def fingerprint(key: bytes) -> str:
    name = base64.b32encode(derive(key, "imveil", "fingerprint")[:10]).decode().lower()
    return "-".join([name[:4], name[4:8], name[8:12], name[12:]])


def stream(key: bytes, n: int) -> bytes:
    keys = round_keys(key)
    return b"".join(aes(keys, count.to_bytes(16, "big")) for count in range(-(-n // 16)))[:n]


def below(data: bytes, limit: int, n: int) -> list[int]:
    """data: as much of a stream as is needed."""
    width = next(w for w in (1, 2, 4, 8) if 256**w >= limit)
    words = [int.from_bytes(data[i : i + width], "little") for i in range(0, len(data) - width + 1, width)]
    good = [word % limit for word in words if word < limit * (256**width // limit)]
    assert len(good) >= n, "more of the stream was needed"
    return good[:n]


def permutation(data: bytes, n: int) -> list[int]:
    words = [int.from_bytes(data[8 * i : 8 * i + 8], "little") for i in range(n)]
    return sorted(range(n), key=lambda i: (words[i], i))


def plain_file(key: bytes) -> str:
    """The secret line of a plain key file."""
    return base64.b32encode(key + derive(key, "imveil", "check")[:8]).decode().lower()


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()
