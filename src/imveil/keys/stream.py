"""Keystream: the bytes, numbers and permutations that one key gives, defined here and not by any library's shuffle.

AES-256-CTR from a counter of zero, which OpenSSL and every browser have built in. docs/spec/stream.md has the rules in
words and vectors for them, complete enough to write a second implementation.
"""

from __future__ import annotations

from functools import cache
from operator import index
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from imveil.errors import BadInput, SecretLeak
from imveil.keys.sorting import order


class Keystream:
    """An endless stream of key bytes, read from its beginning; each call goes on where the last one ended.

    secret: 32 bytes, of a derived key that encrypts this one stream only.

    >>> Keystream(bytes(32)).bytes(4).hex()
    'dc95c078'
    """

    __slots__ = ("_aes", "_read")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            del secret, self  # as in Key
            raise BadInput("a key stream needs 32 bytes", hint="key.stream() makes one")
        # The counter may start at zero: every derived key encrypts one stream only.
        self._aes = Cipher(algorithms.AES(secret), modes.CTR(bytes(16))).encryptor()
        self._read = 0

    def bytes(self, n: int) -> bytes:
        """The next `n` bytes.

        Raises BadInput for a negative n.
        """
        if n < 0:
            raise BadInput(f"a stream gives 0 bytes or more, {n} were asked for")
        self._read += n
        return self._aes.update(bytes(n))

    def below(self, limit: int, n: int) -> npt.NDArray[np.int64]:
        """`n` independent whole numbers, each of 0..limit-1 equally likely. Returns (n,) int64.

        By rejection: words of 1, 2, 4 or 8 bytes, the shortest that can hold limit - 1, little-endian; a word of b bits
        below limit * floor(2^b / limit) counts, modulo limit, any other is skipped. No word is read beyond the last
        that counts.

        Parameters
        ----------
        limit
            1..2^63.

        >>> Keystream(bytes(32)).below(6, 5).tolist()
        [4, 5, 0, 0, 0]
        """
        limit, n = index(limit), index(n)  # numpy's numbers would overflow below
        if not 1 <= limit <= 1 << 63 or n < 0:
            raise BadInput(f"numbers below 1..2^63 are drawn, 0 or more of them; asked for {n} below {limit}")
        numbers: npt.NDArray[np.int64]
        if limit <= 256:
            numbers = self.small(limit, n).astype(np.int64)
            return numbers
        drawn = self._drawn(limit, n)
        # The same for a power of two, and much faster.
        drawn = drawn % drawn.dtype.type(limit) if limit & (limit - 1) else drawn & drawn.dtype.type(limit - 1)
        numbers = drawn.astype(np.int64)
        return numbers

    def small(self, limit: int, n: int) -> npt.NDArray[np.uint8]:
        """The numbers of `below`, limit 1..256, in a byte each: what images under keys of their own wait for.

        >>> Keystream(bytes(32)).small(6, 5).tolist()
        [4, 5, 0, 0, 0]
        """
        limit, n = index(limit), index(n)
        if not 1 <= limit <= 256 or n < 0:
            raise BadInput(f"small numbers are below 1..256, 0 or more of them; asked for {n} below {limit}")
        if not limit & (limit - 1):
            return np.frombuffer(self.bytes(n), np.uint8) & np.uint8(limit - 1)
        # Bytes that do not count are dropped and the others divided in one pass of a table.
        remainders, refused = _table(limit)
        found = bytearray()
        while left := n - len(found):
            found += self.bytes(left).translate(remainders, refused)
        return np.frombuffer(found, np.uint8)

    def _drawn(self, limit: int, n: int) -> npt.NDArray[Any]:
        """The next `n` words that count, of the shortest width that holds limit - 1."""
        width = next(w for w in (1, 2, 4, 8) if 256**w >= limit)
        span = 256**width
        top = span - span % limit
        found: list[Any] = []
        left = n
        while left:
            words = np.frombuffer(self.bytes(left * width), f"<u{width}")
            good = words if top == span else words[words < top]
            found.append(good)
            left -= len(good)
        return np.concatenate(found) if found else np.empty(0, f"<u{width}")

    def permutation(self, n: int) -> npt.NDArray[np.int64]:
        """A permutation of 0..n-1, each equally likely but for ties of probability below n^2 / 2^65. (n,) int64.

        The order by value of the next n 64-bit little-endian words, equal words in order of position: any sort that
        gives this order will do.

        >>> Keystream(bytes(32)).permutation(4).tolist()
        [1, 0, 3, 2]
        """
        return order(np.frombuffer(self.bytes(8 * n), "<u8"))

    def __repr__(self) -> str:
        return f"Keystream({self._read} bytes read)"

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__(None)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise SecretLeak("a key stream is as secret as its key and is never pickled or copied")


@cache
def _table(limit: int) -> tuple[bytes, bytes]:
    """What each byte gives modulo `limit`, and the bytes that do not count."""
    return bytes(i % limit for i in range(256)), bytes(range(256 - 256 % limit, 256))
