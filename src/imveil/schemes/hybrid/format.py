"""Hybrid encryption and compression: chaotic permutation, CRT merging of k samples, an entropy coder, chaotic
substitution.

I. Ahmad, S. Shin, "A novel hybrid image encryption-compression scheme by combining chaos theory and number theory",
Signal Processing: Image Communication 98:116418 (2021). What is the paper's (abstract): permutation, merging of k
neighbours (`crt.py`), substitution, in this order, and that k = 2 with 257 and 258 is best. What is ours: the map and
how it sorts, the quantiser, keys, the file's form, the moduli for k = 3 and 4, and the entropy coder, a stage of its
own between merging and substitution. Merging itself *expands* (17 bits for 16 with k = 2); all gain is the coder's,
and `Parts` reports its share apart. After the permutation no neighbour tells anything of another, so the best coder
gains what the histogram is uneven, and no more: docs/compression.md has numbers.

It gives a byte stream and no picture, so it stands outside `Scheme`. Hides: everything but height, width, channels and
how uneven a picture's histogram is. Leaks: those, and equal pictures under one key. Every picture has a key stream of
its own, from a public nonce, so it is no many-time pad; an ancestor with one key for all fell to chosen plaintexts in
2014. Some pictures in 100,000 get an orbit that turns periodic (docs/sequences.md), and with it a mask that repeats.
docs/spec/hybrid.md has the bytes in words.
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
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDtype, BadField, BadImage, BadShape, WrongKey
from imveil.keys.key import Key
from imveil.schemes.chaos.orbit import Logistic, sequence
from imveil.schemes.hybrid.crt import MODULI, merge, merged_size, split

U8 = npt.NDArray[np.uint8]

ID = "hybrid/1"
MAGIC = b"imVz\x01"
HEADER = struct.Struct("<5sBBIIB16s16s20s")  # magic, k, coder, h, w, c, nonce, tag, fingerprint
MOST = 1 << 28  # samples: a header that asks for more is refused before anything is allocated
BURN_IN = 100


class Coder(NamedTuple):
    """An entropy coder of a library.

    Attributes
    ----------
    pack
        Samples, k -> bytes.
    unpack
        Bytes, count of samples, k -> samples.
    """

    pack: Callable[[U8, int], bytes]
    unpack: Callable[[bytes, int, int], U8]


def _of_merged(pack: Callable[[bytes], bytes], unpack: Callable[[bytes, int], bytes]) -> Coder:
    """A coder of bytes, on the bits of the merged numbers. unpack may not give more bytes than its second argument."""
    return Coder(
        lambda samples, k: pack(merge(samples, k)),
        lambda data, count, k: split(unpack(data, merged_size(count, k)), count, k),
    )


def _huffman(samples: U8, k: int) -> bytes:
    # The numbers that are merged are told apart by their remainders, and these are the samples: coding numbers one
    # remainder after the other, each as often as it comes, is DEFLATE with Huffman codes only (RFC 1951).
    del k
    coder = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    return coder.compress(samples.tobytes()) + coder.flush()


def _unhuffman(data: bytes, count: int, k: int) -> U8:
    del k
    return np.frombuffer(zlib.decompressobj(-15).decompress(data, count), np.uint8)


CODERS = {
    "none": _of_merged(bytes, lambda data, _: data),
    "zlib": _of_merged(lambda data: zlib.compress(data, 9), lambda data, n: zlib.decompressobj().decompress(data, n)),
    "bz2": _of_merged(bz2.compress, lambda data, n: bz2.BZ2Decompressor().decompress(data, n)),
    "lzma": _of_merged(lzma.compress, lambda data, n: lzma.LZMADecompressor().decompress(data, n)),
    "huffman": Coder(_huffman, _unhuffman),
}
NAMES = tuple(CODERS)  # the header holds the position: names are added at the end


@dataclass(frozen=True)
class Parts:
    """How long a picture is after each stage, in bytes: as it is, merged by CRT, after the entropy coder, as a file."""

    plain: int
    merged: int
    coded: int
    file: int


def compress(image: U8, key: Key, *, k: int = 2, coder: str = "huffman") -> bytes:
    """One picture (h, w, c) uint8 as an encrypted byte stream; the same picture and key always give the same bytes.

    Parameters
    ----------
    k
        How many neighbouring samples merge, 2 to 4.
    coder
        "huffman" (codes the numbers by their remainders), or "none", "zlib", "bz2", "lzma" on their bits.

    Raises
    ------
    BadField
    BadDtype
    BadShape

    >>> from imveil import Key
    >>> key, image = Key.generate(), np.zeros((4, 4, 3), np.uint8)
    >>> bool((expand(compress(image, key), key) == image).all())
    True
    """
    return compress_parts(image, key, k=k, coder=coder)[0]


def compress_parts(image: U8, key: Key, *, k: int = 2, coder: str = "huffman") -> tuple[bytes, Parts]:
    """`compress`, and what each stage did to the length."""
    if k not in MODULI:
        raise BadField(f"k is one of {', '.join(map(str, MODULI))}, not {k!r}")
    if coder not in CODERS:
        raise BadField(f"coder is one of {', '.join(NAMES)}, not {coder!r}")
    samples = _samples(image)
    shape = np.array(image.shape, "<u8").tobytes()
    nonce = key.derive(ID, "nonce").mac(shape + hashlib.sha256(samples.data).digest())[:16]
    own = key.derive(ID, "image", nonce)
    coded = CODERS[coder].pack(samples[_order(own, samples.size)], k)
    body = _substitute(coded, own)

    def head(tag: bytes) -> bytes:
        return HEADER.pack(MAGIC, k, NAMES.index(coder), *image.shape, nonce, tag, _name(key))

    file = head(_tag(own, head(bytes(16)), body)) + body
    return file, Parts(samples.size, merged_size(samples.size, k), len(coded), len(file))


def expand(data: bytes, key: Key) -> U8:
    """The picture again, byte for byte. BadImage for a stream that is foreign, truncated or altered, WrongKey for
    another key."""
    if len(data) < HEADER.size or data[: len(MAGIC)] != MAGIC:
        raise BadImage("this is no picture compressed by imveil, or only the beginning of one")
    _, k, coder, h, w, c, nonce, tag, name = HEADER.unpack_from(data)
    if name != _name(key):
        fingerprint = name.rstrip(b"\0").decode("ascii", "replace")
        raise WrongKey(f"compressed under key {fingerprint}, the key given is {key.fingerprint}")
    own, body = key.derive(ID, "image", nonce), data[HEADER.size :]
    blank = HEADER.pack(MAGIC, k, coder, h, w, c, nonce, bytes(16), name)
    if not hmac.compare_digest(tag, _tag(own, blank, body)):
        raise BadImage("this compressed picture was altered or truncated after it was written")
    # From here on the bytes are those that `compress` wrote: only a file of another version could still surprise.
    count = prod((h, w, c))
    if k not in MODULI or coder >= len(NAMES) or not 0 < count <= MOST:
        raise BadImage(
            f"this compressed picture has k = {k}, coder {coder}, size {h}x{w}x{c}, which this version does not know"
        )
    try:
        permuted = CODERS[NAMES[coder]].unpack(_substitute(body, own), count, k)
    except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise BadImage(f"the coder {NAMES[coder]} does not understand this compressed picture: {error}") from error
    if len(permuted) != count:
        raise BadImage(f"this compressed picture holds {len(permuted)} samples, {count} were needed")
    samples = np.empty(count, np.uint8)
    samples[_order(own, count)] = permuted
    return samples.reshape(h, w, c)


def _samples(image: Any) -> U8:
    if getattr(image, "dtype", None) != np.uint8:
        raise BadDtype(f"a picture is uint8, got {getattr(image, 'dtype', type(image).__name__)}")
    if image.ndim != 3 or not image.size or not 1 <= image.shape[2] <= 255:
        raise BadShape(f"a picture is (h, w, c), got {image.shape}")
    if image.size > MOST:
        raise BadShape(f"a picture may have up to {MOST} samples, got {image.size}")
    return np.ascontiguousarray(image).reshape(-1)


def _name(key: Key) -> bytes:
    return key.fingerprint.encode("ascii").ljust(20, b"\0")


def _tag(own: Key, head: bytes, body: bytes) -> bytes:
    return own.derive(ID, "tag").mac(head + body)[:16]


def _chaos(own: Key, purpose: str) -> dict[str, float]:
    return Logistic().from_words(np.frombuffer(own.derive(ID, purpose).stream().bytes(16), "<u8"))


def _order(own: Key, count: int) -> Any:
    """The chaotic permutation: the positions of an orbit in order of its values, equal ones in order of position."""
    return np.argsort(Logistic().orbit(count, burn_in=BURN_IN, **_chaos(own, "permutation")), kind="stable")


def _substitute(data: bytes, own: Key) -> bytes:
    """XOR with the orbit's mantissa bytes: its own inverse."""
    mask = sequence(Logistic(), len(data), burn_in=BURN_IN, quantiser="mantissa", **_chaos(own, "substitution"))
    return (np.frombuffer(data, np.uint8) ^ mask).tobytes()
