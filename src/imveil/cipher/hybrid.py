"""Hybrid encryption and compression: chaotic permutation, CRT merging of k samples, an entropy coder, chaotic
substitution.

I. Ahmad, S. Shin, "A novel hybrid image encryption-compression scheme by combining chaos theory and number theory",
Signal Processing: Image Communication 98:116418 (2021). What is the paper's (abstract): the three steps and their
order; k adjacent samples merge into x = sum(a_i N_i M_i) mod N with pairwise coprime moduli above 255, N_i = N / n_i
and M_i its inverse mod n_i; k = 2 with 257 and 258 is best. What is ours: the map and how it sorts, the quantiser,
keys, the file's form, the moduli for k = 3 and 4, and the entropy coder, a stage of its own between merging and
substitution. Merging itself *expands* (17 bits for 16 with k = 2); all gain is the coder's, and `Parts` reports its
share apart.

It gives a byte stream and no picture, so it stands outside `Scheme`. Hides: everything but height, width and how
well a picture compresses. Leaks: those. Every image has a key stream of its own, from a public nonce, so it is no
many-time pad; an ancestor with one key for all images fell to chosen plaintexts in 2014.
"""

from __future__ import annotations

import bz2
import hashlib
import hmac
import lzma
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.cipher.chaos import Logistic, sequence
from imveil.errors import BadDtype, BadField, BadImage, BadShape, WrongKey
from imveil.keys.key import Key

U8 = npt.NDArray[np.uint8]

ID = "hybrid/1"
MAGIC = b"imVz\x01"
MODULI = {2: (257, 258), 3: (257, 258, 259), 4: (257, 258, 259, 263)}
HEADER = struct.Struct("<5sBB4HIIB16s16s20s")  # magic, k, coder, moduli, h, w, c, nonce, tag, fingerprint
MOST = 1 << 28  # samples: a header that asks for more is refused before anything is allocated
BURN_IN = 100


def _inflate(data: bytes, most: int) -> bytes:
    return zlib.decompressobj().decompress(data, most)


CODERS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes, int], bytes]]] = {
    "none": (bytes, lambda data, _: data),
    "zlib": (lambda data: zlib.compress(data, 9), _inflate),
    "bz2": (bz2.compress, lambda data, most: bz2.BZ2Decompressor().decompress(data, most)),
    "lzma": (lzma.compress, lambda data, most: lzma.LZMADecompressor().decompress(data, most)),
}
NAMES = tuple(CODERS)


@dataclass(frozen=True)
class Parts:
    """How long a picture is after each stage, in bytes: as it is, merged by CRT, after the entropy coder, as a file."""

    plain: int
    merged: int
    coded: int
    file: int


def compress(image: U8, key: Key, *, k: int = 2, coder: str = "lzma") -> bytes:
    """One picture (h, w, c) uint8 as an encrypted byte stream; the same picture and key always give the same bytes.

    k: how many neighbouring samples merge, 2 to 4. coder: "none", "zlib", "bz2" or "lzma".

    >>> from imveil import Key
    >>> key, image = Key.generate(), np.zeros((4, 4, 3), np.uint8)
    >>> bool((expand(compress(image, key), key) == image).all())
    True
    """
    return compress_parts(image, key, k=k, coder=coder)[0]


def compress_parts(image: U8, key: Key, *, k: int = 2, coder: str = "lzma") -> tuple[bytes, Parts]:
    """`compress`, and what each stage did to the length."""
    if k not in MODULI:
        raise BadField(f"k is one of {', '.join(map(str, MODULI))}, not {k!r}")
    if coder not in CODERS:
        raise BadField(f"coder is one of {', '.join(NAMES)}, not {coder!r}")
    if image.dtype != np.uint8:
        raise BadDtype(f"a picture is uint8, got {image.dtype}")
    if image.ndim != 3 or not image.size or not 1 <= image.shape[2] <= 255:
        raise BadShape(f"a picture is (h, w, c), got {image.shape}")
    if image.size > MOST:
        raise BadShape(f"a picture may have up to {MOST} samples, got {image.size}")
    samples = np.ascontiguousarray(image).reshape(-1)
    shape = np.array(image.shape, "<u8").tobytes()
    nonce = key.derive(ID, "nonce").mac(shape + hashlib.sha256(samples.data).digest())[:16]
    own = key.derive(ID, "image", nonce)
    merged = _merge(samples[_order(own, samples.size)], MODULI[k])
    coded = CODERS[coder][0](merged)
    moduli = (*MODULI[k], 0, 0)[:4]
    body = _substitute(coded, own)
    head = HEADER.pack(MAGIC, k, NAMES.index(coder), *moduli, *image.shape, nonce, bytes(16), _name(key))
    tag = own.derive(ID, "tag").mac(head + body)[:16]
    head = HEADER.pack(MAGIC, k, NAMES.index(coder), *moduli, *image.shape, nonce, tag, _name(key))
    return head + body, Parts(samples.size, len(merged), len(coded), len(head) + len(body))


def expand(data: bytes, key: Key) -> U8:
    """The picture again, byte for byte. BadImage for a stream that is foreign, truncated or altered, WrongKey for
    another key."""
    if len(data) < HEADER.size or data[: len(MAGIC)] != MAGIC:
        raise BadImage("this is no picture compressed by imveil, or only the beginning of one")
    _, k, coder, *moduli, h, w, c, nonce, tag, name = HEADER.unpack_from(data)
    if name != _name(key):
        fingerprint = name.rstrip(b"\0").decode("ascii", "replace")
        raise WrongKey(f"compressed under key {fingerprint}, the key given is {key.fingerprint}")
    own = key.derive(ID, "image", nonce)
    blank = HEADER.pack(MAGIC, k, coder, *moduli, h, w, c, nonce, bytes(16), name)
    if not hmac.compare_digest(tag, own.derive(ID, "tag").mac(blank + data[HEADER.size :])[:16]):
        raise BadImage("this compressed picture was altered or truncated after it was written")
    # From here on the bytes are those that `compress` wrote: only a file of another version could still surprise.
    count = prod((h, w, c))
    if k not in MODULI or coder >= len(NAMES) or not 0 < count <= MOST:
        raise BadImage(
            f"this compressed picture has k = {k}, coder {coder}, size {h}x{w}x{c}, which this version does not know"
        )
    bits, groups = _bits(MODULI[k]), -(-count // k)
    length = -(-groups * bits // 8)
    merged = CODERS[NAMES[coder]][1](_substitute(data[HEADER.size :], own), length)
    order = _order(own, count)
    samples = np.empty(count, np.uint8)
    samples[order] = _split(merged, MODULI[k], count)
    return samples.reshape(h, w, c)


def _name(key: Key) -> bytes:
    return key.fingerprint.encode("ascii").ljust(20, b"\0")


def _chaos(own: Key, purpose: str) -> dict[str, float]:
    return Logistic().from_words(np.frombuffer(own.derive(ID, purpose).stream().bytes(16), "<u8"))


def _order(own: Key, count: int) -> Any:
    """The chaotic permutation: the positions of an orbit in order of its values, equal ones in order of position."""
    return np.argsort(Logistic().orbit(count, burn_in=BURN_IN, **_chaos(own, "permutation")), kind="stable")


def _substitute(data: bytes, own: Key) -> bytes:
    """XOR with the orbit's mantissa bytes: its own inverse."""
    mask = sequence(Logistic(), len(data), burn_in=BURN_IN, quantiser="mantissa", **_chaos(own, "substitution"))
    return (np.frombuffer(data, np.uint8) ^ mask).tobytes()


def _bits(moduli: tuple[int, ...]) -> int:
    return (prod(moduli) - 1).bit_length()


def _merge(samples: U8, moduli: tuple[int, ...]) -> bytes:
    """Groups of k samples to one number each by the Chinese remainder theorem, packed most significant bit first."""
    k, whole = len(moduli), prod(moduli)
    weights = [whole // n * pow(whole // n, -1, n) % whole for n in moduli]
    padded = np.zeros(-(-samples.size // k) * k, np.uint64)
    padded[: samples.size] = samples
    numbers = (padded.reshape(-1, k) * np.array(weights, np.uint64)).sum(axis=1) % np.uint64(whole)
    shifts = np.arange(_bits(moduli) - 1, -1, -1, dtype=np.uint64)
    return np.packbits((numbers[:, None] >> shifts & np.uint64(1)).astype(np.uint8)).tobytes()


def _split(merged: bytes, moduli: tuple[int, ...], count: int) -> U8:
    """The inverse of `_merge`: remainders by each modulus are the samples."""
    bits, groups = _bits(moduli), -(-count // len(moduli))
    raw = np.unpackbits(np.frombuffer(merged, np.uint8), count=groups * bits).reshape(groups, bits)
    numbers = raw.astype(np.uint64) @ (np.uint64(1) << np.arange(bits - 1, -1, -1, dtype=np.uint64))
    return np.stack([numbers % np.uint64(n) for n in moduli], axis=1).reshape(-1)[:count].astype(np.uint8)
