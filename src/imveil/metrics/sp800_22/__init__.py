"""Ten randomness tests of NIST SP 800-22, revision 1a (Rukhin et al. 2010), on any stream of bits.

Section numbers in the docstrings are those of the publication. Parameters are those of its published p-values for the
first 10^6 bits of pi, e, sqrt 2 and sqrt 3 (appendix B), which are met in every printed digit: blocks of 128, m = 16
for serial, m = 10 for approximate entropy, and longest run and universal by length. A stream passes a test where
p >= 0.01. Good p-values say nothing about how a stream is used: a mask that encrypts two pictures is broken, however
random it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDtype, BadShape
from imveil.metrics.sp800_22 import sums, words

LEAST = 1_000_000


def sp80022(stream: Any) -> dict[str, float]:
    """The p-values by name, in the order of the publication.

    stream: bytes, of which the high bit comes first, or an array (n,) of zeros and ones. Raises BadShape for fewer than
    10^6 bits, BadDtype for an array that holds anything else.

    >>> from imveil import Key
    >>> found = sp80022(Key(bytes(32)).stream().bytes(125_000))
    >>> len(found), min(found.values()) >= 0.001
    (12, True)
    """
    bits = bits_of(stream)
    if len(bits) < LEAST:
        raise BadShape(f"SP 800-22 needs {LEAST:,} bits, got {len(bits):,}", hint="take a longer piece of the stream")
    forward, backward = sums.cumulative_sums(bits)
    first, second = words.serial(bits)
    return {
        "frequency": sums.frequency(bits),
        "block frequency": sums.block_frequency(bits),
        "runs": sums.runs(bits),
        "longest run": words.longest_run(bits),
        "rank": words.rank(bits),
        "dft": sums.dft(bits),
        "universal": words.universal(bits),
        "serial": first,
        "serial, second": second,
        "approximate entropy": words.approximate_entropy(bits),
        "cumulative sums forward": forward,
        "cumulative sums backward": backward,
    }


def bits_of(stream: Any) -> npt.NDArray[np.uint8]:
    """The bits of a stream, (n,) uint8.

    >>> bits_of(bytes([5])).tolist()
    [0, 0, 0, 0, 0, 1, 0, 1]
    """
    if isinstance(stream, (bytes, bytearray, memoryview)):
        return np.unpackbits(np.frombuffer(stream, np.uint8))
    bits = np.asarray(stream)
    if bits.ndim != 1 or bits.dtype.kind not in "uib" or (bits.size and not ((bits == 0) | (bits == 1)).all()):
        raise BadDtype(
            f"a stream is bytes or an array (n,) of zeros and ones, got {bits.dtype} {bits.shape}",
            hint="pass array.tobytes() for the bits of its bytes",
        )
    return np.ascontiguousarray(bits, np.uint8)
