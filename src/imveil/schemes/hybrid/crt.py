"""Merging of neighbouring samples by the Chinese remainder theorem, and the bits of the merged numbers.

k samples a_1 ... a_k become the one number x below N = n_1 ... n_k whose remainders they are: x = sum(a_i N_i M_i)
mod N with N_i = N / n_i and M_i its inverse modulo n_i. The moduli are pairwise coprime and above 255, so N is more
than 256^k and merging alone always *expands*: 17 bits for 16 with k = 2, 25 for 24, 33 for 32.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage

U8 = npt.NDArray[np.uint8]

MODULI = {2: (257, 258), 3: (257, 258, 259), 4: (257, 258, 259, 263)}
CHUNK = 1 << 16  # groups at a time, a multiple of 8: their bits are whole bytes, and memory stays small


def bits(k: int) -> int:
    """Of one merged number.

    >>> [bits(k) for k in MODULI]
    [17, 25, 33]
    """
    return (prod(MODULI[k]) - 1).bit_length()


def merged_size(count: int, k: int) -> int:
    """Bytes of `count` merged samples."""
    return _ceil(_ceil(count, k) * bits(k), 8)


def merge(samples: U8, k: int) -> bytes:
    """Groups of k samples as one number each, most significant bit first; the last group is filled up with zeros.

    >>> merge(np.array([3, 5], np.uint8), 2).hex()  # 65795 is 3 mod 257 and 5 mod 258, here in 17 bits
    '808180'
    """
    moduli = MODULI[k]
    whole = prod(moduli)
    weights = np.array([whole // n * pow(whole // n, -1, n) % whole for n in moduli], np.uint64)
    packed = []
    for part in _groups(samples, k):
        numbers = (part.astype(np.uint64) * weights).sum(axis=1, dtype=np.uint64) % np.uint64(whole)
        raw = np.unpackbits(numbers.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
        packed.append(np.packbits(raw[:, 64 - bits(k) :]).tobytes())
    return b"".join(packed)


def split(merged: bytes, count: int, k: int) -> U8:
    """The inverse of `merge`: `count` samples, the remainders of each number. BadImage where there are none such."""
    if len(merged) != merged_size(count, k):
        raise BadImage(f"{count} samples merge into {merged_size(count, k)} bytes, got {len(merged)}")
    moduli, wide = np.array(MODULI[k], np.uint64), bits(k)
    out, stride = np.empty(_ceil(count, k) * k, np.uint8), CHUNK * wide // 8
    for i, at in enumerate(range(0, len(merged), stride)):
        part = np.frombuffer(merged[at : at + stride], np.uint8)
        groups = min(CHUNK, len(out) // k - i * CHUNK)
        raw = np.zeros((groups, 64), np.uint8)
        raw[:, 64 - wide :] = np.unpackbits(part, count=groups * wide).reshape(groups, wide)
        numbers = np.packbits(raw, axis=1).view(">u8").astype(np.uint64)
        remainders = numbers % moduli
        if remainders.max() > 255 or int(numbers.max()) >= prod(MODULI[k]):
            raise BadImage("a merged number is too large, or has a remainder above 255, which no sample is")
        out[i * CHUNK * k : (i * CHUNK + groups) * k] = remainders.reshape(-1)
    return out[:count]


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def _groups(samples: U8, k: int) -> Iterator[U8]:
    for at in range(0, samples.size, CHUNK * k):
        part = samples[at : at + CHUNK * k]
        padded = np.zeros(_ceil(part.size, k) * k, np.uint8)
        padded[: part.size] = part
        yield padded.reshape(-1, k)
