"""Expanding a hybrid/1 file, one number at a time (docs/spec/hybrid.md). Derived keys come from the caller."""

import math
import zlib
from itertools import islice

from reference.logistic_xor import orbit

MODULI = {2: (257, 258), 3: (257, 258, 259), 4: (257, 258, 259, 263)}


def number(data, little=True):
    return sum(byte << 8 * i for i, byte in enumerate(data if little else reversed(data)))


def start(stream):
    u, v = (number(stream[i : i + 8]) >> 11 for i in (0, 8))
    return (u + 0.5) * 2.0**-53, 3.9999 + (0.0001 * v) * 2.0**-53


def expand(file, derive):
    """derive(nonce, purpose) -> the first 16 bytes of the stream of that key."""
    k, coder = file[5], file[6]
    h, w, nonce, body = number(file[7:11]), number(file[11:15]), file[16:32], file[68:]
    c, count = file[15], h * w * file[15]
    mask = islice(orbit(*start(derive(nonce, "substitution"))), 100, None)
    coded = bytes(byte ^ math.floor(1e14 * next(mask)) % 256 for byte in body)
    if coder == 4:
        permuted = list(zlib.decompress(coded, -15))
    else:
        bits = "".join(f"{byte:08b}" for byte in coded)
        wide = (math.prod(MODULI[k]) - 1).bit_length()
        numbers = [int(bits[i : i + wide], 2) for i in range(0, -(-count // k) * wide, wide)]
        permuted = [x % n for x in numbers for n in MODULI[k]][:count]
    values = list(islice(orbit(*start(derive(nonce, "permutation"))), 100, 100 + count))
    samples = [0] * count
    for place, sample in zip(sorted(range(count), key=lambda i: values[i]), permuted, strict=True):
        samples[place] = sample
    return [[[samples[(y * w + x) * c + z] for z in range(c)] for x in range(w)] for y in range(h)]
