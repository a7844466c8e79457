"""Sharing: a key sealed for people, so that each opens it with an identity of their own and nobody sends a secret.

    imveil-share-2
    fingerprint ioes-uskh-tcku-o3ya              of the key inside
    commitment 5e3f...                           derive(key, "imveil", "commitment"), 32 bytes: to this key and no other
    to imveil-to-aaaa...                         a recipient, a line for each
    sealed 41d7...                               the key for the recipient above: HPKE, 80 bytes
    check 5b1e...                                the first 8 bytes of SHA-256 of all lines above

HPKE (RFC 9180) in base mode, from `cryptography`: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Its `info` is
all lines but `sealed` and `check`. It tells nobody who wrote the file: compare the fingerprint with the one on the
data. docs/spec/share.md has the same in words, with vectors.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from imveil.errors import BadInput, BadKeyFile, WrongKey
from imveil.keys.files import File, read_key, write_key
from imveil.keys.key import SIZE, Key
from imveil.keys.wrap import Ask

HEAD, HEAD_1 = "imveil-share-2", "imveil-share-1"  # the first had no commitment, and is read
PREFIX = "imveil-to-"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_NAME = r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}"
_FORM = re.compile(
    rf"(?:{HEAD_1}\nfingerprint ({_NAME})\n|{HEAD}\nfingerprint ({_NAME})\ncommitment ([0-9a-f]{{64}})\n)"
    rf"((?:to {PREFIX}[a-z2-7]{{64}}\nsealed [0-9a-f]{{160}}\n){{1,1000}})"
)


class Identity:
    """What opens the keys that are shared with its `recipient`. 32 secret bytes, as a key; never shown, never pickled.

    >>> one = Identity.generate()
    >>> open_shared(share(Key(bytes(32)), [one.recipient]), one).fingerprint
    'ioes-uskh-tcku-o3ya'
    """

    __slots__ = ("_key", "_made")

    def __init__(self, key: Key) -> None:
        self._key = key
        self._made: X25519PrivateKey | None = None  # on first use: a round of many steps uses it a thousand times

    @classmethod
    def generate(cls) -> Identity:
        """A new one."""
        return cls(Key.generate())

    @property
    def recipient(self) -> str:
        """Its public name, "imveil-to-" and 64 characters: whoever has it can share with this identity."""
        raw = self._private().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return PREFIX + base64.b32encode(raw + _check(raw)).decode().lower()

    def agree(self, recipient: str, *path: str | bytes) -> Key:
        """The key that this identity and another's share for one purpose: X25519 (RFC 7748), then `Key.derive`.

        Both sides get the same, and nobody else does. Raises BadInput for a recipient that is none.

        >>> one, other = Identity.generate(), Identity.generate()
        >>> one.agree(other.recipient, "test") == other.agree(one.recipient, "test")
        True
        """
        try:
            return Key(self._private().exchange(_public(recipient))).derive(*path)
        except ValueError as error:
            if isinstance(error, BadInput):
                raise
        raise BadInput(f"{recipient[:20]}... is a public key that shares nothing", hint="ask its owner for another")

    def derive(self, *path: str | bytes) -> Key:
        """A key of this identity alone for one purpose, as `Key.derive`."""
        return self._key.derive("imveil", "of an identity", *path)

    def write(self, path: str, ask: Ask | None = None) -> None:
        """Write it to a file that only its owner may read, under the passphrase that `ask` gives. BadDestination."""
        write_key(path, self._key, ask, kind="identity")

    @classmethod
    def read(cls, file: File, ask: Ask | None = None, *, name: str = "") -> Identity:
        """The identity in a file; arguments and errors are those of `read_key`."""
        return cls(read_key(file, ask, name=name, kind="identity"))

    def _private(self) -> X25519PrivateKey:
        if self._made is None:
            self._made = X25519PrivateKey.from_private_bytes(self._key.derive("imveil", "identity").reveal())
        return self._made

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Identity) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Identity(recipient={self.recipient!r})"


def share(key: Key, recipients: Sequence[str]) -> str:
    """The text of a file from which each of `recipients` gets the key with their identity; nobody else does.

    Raises BadInput for a recipient that is none, or none at all.
    """
    chosen = list(dict.fromkeys(recipients))
    if not 1 <= len(chosen) <= 1000:
        raise BadInput(f"a key is shared with 1 to 1000 recipients, {len(chosen)} came")
    head = f"{HEAD}\nfingerprint {key.fingerprint}\ncommitment {_commitment(key)}\n"
    info = _info(head, chosen)
    try:
        lines = [f"to {to}\nsealed {_SUITE.encrypt(key.reveal(), _public(to), info).hex()}\n" for to in chosen]
    except ValueError as error:  # a public key of low order, with which no secret is made
        if isinstance(error, BadInput):
            raise
        raise BadInput(
            "a recipient is no public key that anything can be sealed for", hint="ask for it again"
        ) from error
    body = f"{head}{''.join(lines)}"
    return f"{body}check {_digest(body)}\n"


def check_recipient(recipient: str) -> None:
    """Raise BadInput unless this is the public name of an identity, without a mistake in it."""
    _public(recipient)


def recipients_of(text: str) -> tuple[str, list[str]]:
    """Fingerprint and recipients that the text of a shared key names. Raises BadKeyFile."""
    fingerprint, _, sealed = _parse(text)
    return fingerprint, list(sealed)


def open_shared(text: str, identity: Identity) -> Key:
    """The key in the text of a shared one.

    Raises BadKeyFile where it is altered, WrongKey where it was not shared with this identity.
    """
    fingerprint, commitment, sealed = _parse(text)
    mine = identity.recipient
    if mine not in sealed:
        raise WrongKey(
            f"key {fingerprint} was shared with {len(sealed)} others, not with {mine}",
            hint="use another identity, or ask for it to be shared with this one",
        )
    try:
        secret = _SUITE.decrypt(
            bytes.fromhex(sealed[mine]), identity._private(), _info(_head(fingerprint, commitment), list(sealed))
        )
    except (InvalidTag, ValueError):
        secret = b""
    fits = len(secret) == SIZE and Key(secret).fingerprint == fingerprint
    if not fits or (commitment and _commitment(Key(secret)) != commitment):
        del secret
        raise BadKeyFile("was altered: it does not open with the identity it names")
    return Key(secret)


def _parse(text: str) -> tuple[str, str, dict[str, str]]:
    """Fingerprint, commitment ("" in a file of version 1), and what is sealed for each recipient."""
    body, found, end = text.rpartition("check ")
    match = _FORM.fullmatch(body)
    if not found or not match or end != f"{_digest(body)}\n":
        raise BadKeyFile("is no shared key, or it is cut off or altered", hint="ask for it again")
    words = match[4].split()
    sealed = dict(zip(words[1::4], words[3::4], strict=True))
    if 4 * len(sealed) != len(words):
        raise BadKeyFile("was altered: it names a recipient twice")
    return match[1] or match[2], match[3] or "", sealed


def _head(fingerprint: str, commitment: str) -> str:
    return f"{HEAD if commitment else HEAD_1}\nfingerprint {fingerprint}\n" + (
        f"commitment {commitment}\n" if commitment else ""
    )


def _info(head: str, recipients: list[str]) -> bytes:
    return f"{head}{''.join(f'to {to}{chr(10)}' for to in recipients)}".encode()


def _commitment(key: Key) -> str:
    """256 bits that no other key has: the fingerprint has 80, for which another key can be searched."""
    return key.derive("imveil", "commitment").reveal().hex()


def _public(recipient: str) -> X25519PublicKey:
    try:
        data = base64.b32decode(recipient.removeprefix(PREFIX).upper())
    except binascii.Error:
        data = b""
    raw = data[:32]
    if not re.fullmatch(rf"{PREFIX}[a-z2-7]{{64}}", recipient) or data[32:] != _check(raw):
        raise BadInput(
            f"a recipient is {PREFIX} and 64 characters, {recipient[:20]!r} is none, or is mistyped",
            hint="imveil key identity makes an identity and names its recipient",
        )
    return X25519PublicKey.from_public_bytes(raw)


def _check(raw: bytes) -> bytes:
    return hashlib.sha256(b"imveil-to-1" + raw).digest()[:8]


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("latin-1")).hexdigest()[:16]
