"""Key: 32 secret bytes. One purpose, one key, by derivation; nothing shows the secret but `reveal`.

docs/spec/key.md has derivation and fingerprint in words, with vectors.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from typing import Any, NoReturn

from imveil.errors import BadInput, SecretLeak
from imveil.keys.stream import Keystream

SIZE = 32
_CONTEXT = b"imveil-key-1"


class Key:
    """32 secret bytes, immutable. Keys are equal where their bytes are; repr and str show the fingerprint only.

    It cannot be pickled (SecretLeak): worker processes open the key file themselves.

    >>> Key.generate()
    Key(fingerprint='...-...-...-...')
    >>> Key(bytes(32)).fingerprint
    'ioes-uskh-tcku-o3ya'
    """

    __slots__ = ("_fingerprint", "_root", "_secret")

    def __init__(self, secret: bytes) -> None:
        if not isinstance(secret, (bytes, bytearray, memoryview)) or len(secret) != SIZE:
            # Tracebacks with variables show neither what came, which may be most of a key, nor a key half made.
            del secret, self
            raise BadInput(f"a key is {SIZE} bytes", hint="Key.generate() makes one")
        self._secret = bytes(secret)
        # The extract step of HKDF, with its default salt of zeros, is the same for every path: done once.
        self._root = hmac.digest(bytes(32), self._secret, "sha256")
        self._fingerprint = ""

    @classmethod
    def generate(cls) -> Key:
        """A new key from the operating system's source of randomness."""
        return cls(secrets.token_bytes(SIZE))

    def derive(self, *path: str | bytes) -> Key:
        """The key for one purpose: HKDF-SHA256 (RFC 5869) with the path in `info`.

        path: one part or more, texts (UTF-8) or bytes. info is "imveil-key-1", then for each part its length in bytes
        as 8 little-endian bytes and the part itself, so that no two paths meet.

        >>> key = Key(bytes(32))
        >>> key.derive("etc/1", "rotate") == key.derive("etc/1", "rotate") != key.derive("etc/1r", "otate")
        True
        """
        if not path:
            raise BadInput("a key is derived for a purpose: at least one part of a path was needed")
        if not all(isinstance(part, (str, bytes)) for part in path):
            raise BadInput("the parts of a path are texts or bytes", hint="a number goes in as a text: str(7)")
        parts = [part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part for part in path]
        info = _CONTEXT + b"".join(len(part).to_bytes(8, "little") + part for part in parts)
        return Key(hmac.digest(self._root, info + b"\x01", "sha256"))

    @property
    def fingerprint(self) -> str:
        """Names the key in public: 80 bits of a derived key in base32, four groups of four. It tells nothing else."""
        if not self._fingerprint:
            name = base64.b32encode(self.derive("imveil", "fingerprint").reveal()[:10]).decode().lower()
            self._fingerprint = "-".join(name[i : i + 4] for i in range(0, 16, 4))
        return self._fingerprint

    def stream(self) -> Keystream:
        """The key stream of this key, from its beginning. Derive first: one key, one stream."""
        return Keystream(self._secret)

    def mac(self, data: bytes) -> bytes:
        """HMAC-SHA256 of `data` under this key, 32 bytes."""
        return hmac.digest(self._secret, data, "sha256")

    def reveal(self) -> bytes:
        """The 32 bytes themselves. For key files and for an AEAD under a derived key; never print or store them."""
        return self._secret

    def __eq__(self, other: object) -> bool:
        return hmac.compare_digest(self._secret, other._secret) if isinstance(other, Key) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Key(fingerprint={self.fingerprint!r})"

    def __copy__(self) -> Key:
        return self

    def __deepcopy__(self, memo: Any) -> Key:
        return self

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__(None)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise SecretLeak("a key is never pickled", hint="pass the path of its file and open it there")
