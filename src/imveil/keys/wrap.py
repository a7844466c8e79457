"""A key under a passphrase, as the text of a file: Argon2id or scrypt, then AES-256-GCM. All of it is authenticated.

    imveil-key-1
    wrapped argon2id 65536 3 4                    the KDF and its three parameters, in decimal digits
    salt 9f0c...                                  16 bytes in hex
    fingerprint ioes-uskh-tcku-o3ya
    sealed 41d7...                                48 bytes: AES-256-GCM(KDF(passphrase, salt), nonce: zeros, the key)
    check 5b1e...                                 the first 8 bytes of SHA-256 of all lines above

The lines above `sealed` are its associated data. `check` tells a damaged file from a wrong passphrase before any is
asked for. docs/spec/key.md has the same in words, with vectors.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from imveil.errors import BadInput, BadKeyFile, KeyProblem, WrongPassphrase
from imveil.keys.key import Key

Ask = Callable[[], str]  # gives the passphrase; a text in a variable would show in tracebacks
_MOST_MEMORY, _MOST_WORK, _MOST_LANES = 1 << 30, 1 << 32, 16  # bytes, bytes times passes: a file may ask for no more
_NUMBER = r"([1-9][0-9]{0,9})"
_FORM = re.compile(
    rf"(?P<head>imveil-(?:key|identity)-1\nwrapped (?P<kdf>argon2id|scrypt) {_NUMBER} {_NUMBER} {_NUMBER}\n"
    r"salt (?P<salt>[0-9a-f]{32})\nfingerprint (?P<fingerprint>[a-z2-7]{4}(?:-[a-z2-7]{4}){3})\n)"
    r"sealed (?P<sealed>[0-9a-f]{96})\n"
)


@dataclass(frozen=True)
class Kdf:
    """How a passphrase becomes 32 bytes. argon2id: KiB of memory, passes, lanes; scrypt: n, r, p."""

    name: str
    cost: tuple[int, int, int]

    def __str__(self) -> str:
        return " ".join([self.name, *map(str, self.cost)])

    def check(self) -> None:
        """Raise BadKeyFile for parameters that do not exist, or would take more memory or time than is sensible."""
        a, b, c = self.cost
        if self.name == "argon2id":
            memory, work, lanes, sound = 1024 * a, 1024 * a * b, c, a >= 8 * c
        else:
            memory = 128 * b * (a + c + 2)  # V, B and what one block is worked on in: RFC 7914, section 6
            work, lanes, sound = 128 * a * b * c, c, a > 1 and a & (a - 1) == 0
        if not sound:
            raise BadKeyFile(f"has parameters that {self.name} does not take: {a} {b} {c}")
        if memory > _MOST_MEMORY or work > _MOST_WORK or lanes > _MOST_LANES:
            raise BadKeyFile(f"asks for more memory or time than a key file may: {self}")

    def __call__(self, salt: bytes, ask: Ask) -> bytes:
        """32 bytes. The passphrase counts in its composed form (NFC), in UTF-8; an empty one is BadInput."""
        a, b, c = self.cost
        try:
            if self.name == "argon2id":
                stretch = Argon2id(salt=salt, length=32, iterations=b, lanes=c, memory_cost=a).derive
            else:
                stretch = Scrypt(salt=salt, length=32, n=a, r=b, p=c).derive
        except UnsupportedAlgorithm as error:
            raise KeyProblem(
                "needs Argon2id, which this build of the package cryptography lacks",
                hint="install it from a wheel, or build it against OpenSSL 3.2 or later",
            ) from error
        return stretch(_words(ask))


ARGON2ID = Kdf("argon2id", (65536, 3, 4))
SCRYPT = Kdf("scrypt", (1 << 17, 8, 1))


def wrap(key: Key, ask: Ask, kdf: Kdf | None = None, *, kind: str = "key") -> str:
    """The text of a key file that the passphrase opens.

    Parameters
    ----------
    kdf
        Argon2id with 64 MiB, 3 passes and 4 lanes unless given; scrypt where the build of `cryptography` lacks it.
    kind
        "key" or "identity".

    Raises
    ------
    BadInput
        For an empty passphrase.
    """
    salt = secrets.token_bytes(16)
    if kdf is None:
        kdf = ARGON2ID if _has_argon2id() else SCRYPT
    head = f"imveil-{kind}-1\nwrapped {kdf}\nsalt {salt.hex()}\nfingerprint {key.fingerprint}\n"
    # The nonce may be zero: a fresh salt gives a fresh key, which encrypts once.
    sealed = AESGCM(kdf(salt, ask)).encrypt(bytes(12), key.reveal(), head.encode())
    body = f"{head}sealed {sealed.hex()}\n"
    return f"{body}check {_check(body)}\n"


def look(text: str) -> tuple[str, Kdf]:
    """Fingerprint and KDF as the text of a wrapped file names them, its check and its limits looked at first.

    Raises BadKeyFile. Only opening the file proves the fingerprint.
    """
    match, kdf = _parse(text)
    return match["fingerprint"], kdf


def unwrap(text: str, ask: Ask) -> Key:
    """The key in the text of a wrapped file. Raises BadKeyFile before it asks, WrongPassphrase after."""
    match, kdf = _parse(text)
    try:
        aead = AESGCM(kdf(bytes.fromhex(match["salt"]), ask))
        key = Key(aead.decrypt(bytes(12), bytes.fromhex(match["sealed"]), match["head"].encode()))
    except InvalidTag as error:
        raise WrongPassphrase("does not open with this passphrase", hint="or it was altered on purpose") from error
    if key.fingerprint != match["fingerprint"]:
        raise BadKeyFile(f"names the key {match['fingerprint']} and holds the key {key.fingerprint}")
    return key


def _parse(text: str) -> tuple[re.Match[str], Kdf]:
    body, check, end = text.rpartition("check ")
    match = _FORM.fullmatch(body)
    if not check or not match or end != f"{_check(body)}\n":
        raise BadKeyFile("is cut off or altered", hint="take a copy of it from elsewhere")
    kdf = Kdf(match["kdf"], (int(match[3]), int(match[4]), int(match[5])))
    kdf.check()
    return match, kdf


def _words(ask: Ask) -> bytes:
    words = unicodedata.normalize("NFC", ask()).encode("utf-8", "surrogateescape")
    if not words:
        raise BadInput("a passphrase was needed, an empty one came")
    return words


def _check(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def _has_argon2id() -> bool:
    try:
        Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=8)
    except UnsupportedAlgorithm:
        return False
    return True
