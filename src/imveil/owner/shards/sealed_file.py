"""Sealed files: bytes of any length under an AEAD, chunk by chunk, so that they stream and are read at random.

    imveil-stream-2
    key ioes-uskh-tcku-o3ya                      of the key that opens it
    salt 9f0c1d2e3f405162738495a6b7c8d9ea        drawn for every file
    commitment 5e3f...                           32 bytes that no other key, purpose or salt has
    chunk 0, chunk 1, ...                        65,536 bytes each and the rest in the last, and a tag of 16 bytes each

A chunk is sealed with AES-256-GCM under key.derive("imveil", "stream", purpose, salt), its nonce says which chunk it is
and whether it is the last, and the four lines are its associated data: the STREAM construction (Hoang, Reyhanitabar,
Rogaway, Vizar, CRYPTO 2015, section 7). Whoever changes, moves, drops or repeats a chunk, or cuts the file, is found
out. docs/spec/sealed.md has the same in words, with vectors.
"""

from __future__ import annotations

import io
import re
import secrets
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from imveil.errors import BadShard, WrongKey
from imveil.keys.key import Key

CHUNK, TAG = 1 << 16, 16
_HEAD = re.compile(
    rb"imveil-stream-(?:1\nkey ([a-z2-7]{4}(?:-[a-z2-7]{4}){3})\nsalt ([0-9a-f]{32})\n"
    rb"|2\nkey ([a-z2-7]{4}(?:-[a-z2-7]{4}){3})\nsalt ([0-9a-f]{32})\ncommitment ([0-9a-f]{64})\n)"
)
HEAD_SIZES = {1: 78, 2: 154}  # the first version, which is read, has no commitment
HEAD_SIZE = HEAD_SIZES[2]


class SealedWriter(io.RawIOBase):
    """Seals what is written to it into `out`; `close` writes the last chunk, without which the file is worthless.

    purpose: what the file is for, which a reader must know.   salt, version: for vectors only; a salt must never come
    twice.
    """

    def __init__(self, out: IO[bytes], key: Key, purpose: str, *, salt: bytes | None = None, version: int = 2) -> None:
        salt = secrets.token_bytes(16) if salt is None else salt
        bound = f"commitment {_commitment(key, purpose, salt)}\n" if version == 2 else ""
        self._head = f"imveil-stream-{version}\nkey {key.fingerprint}\nsalt {salt.hex()}\n{bound}".encode()
        self._aead = _aead(key, purpose, salt)
        self._out, self._held, self._number = out, bytearray(), 0
        out.write(self._head)

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Take some bytes; chunks go out as they fill, but the last."""
        self._held += data
        at = 0
        while len(self._held) - at > CHUNK:
            self._put(self._held[at : at + CHUNK], last=False)
            at += CHUNK
        del self._held[:at]
        return len(data)

    def close(self) -> None:
        """Write the last chunk. `out` stays open."""
        if not self.closed:
            self._put(self._held, last=True)
        super().close()

    def _put(self, chunk: bytearray, last: bool) -> None:
        self._out.write(self._aead.encrypt(_nonce(self._number, last), bytes(chunk), self._head))
        self._number += 1


class SealedReader(io.RawIOBase):
    """A sealed file to read and seek in. Its end is proved when it is opened, a chunk when it is first read.

    where: names it in errors. Raises WrongKey with both fingerprints, BadShard for what is no such file, is cut off,
    altered, or sealed for another purpose.
    """

    def __init__(self, file: IO[bytes], key: Key, purpose: str, where: str) -> None:
        self._file, self._where = file, where
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        start = file.read(HEAD_SIZE)
        found = _HEAD.match(start)
        self._from = found.end() if found else 0
        self._head = start[: self._from]
        if found is None or size < self._from + TAG:
            raise BadShard(f"{where} is no sealed file, or it is cut off or altered")
        named, salt = (found[1] or found[3]).decode(), bytes.fromhex((found[2] or found[4]).decode())
        if named != key.fingerprint:
            raise WrongKey(
                f"{where} is sealed under key {named}, this is key {key.fingerprint}",
                hint="use the other key",
            )
        if found[5] and found[5].decode() != _commitment(key, purpose, salt):
            raise BadShard(f"{where} was altered, or is another file than its name says: it is not bound to this key")
        self._aead = _aead(key, purpose, salt)
        self._last = (size - self._from - TAG - 1) // (CHUNK + TAG) if size > self._from + TAG else 0
        rest = size - self._from - self._last * (CHUNK + TAG) - TAG
        if rest < (1 if self._last else 0):  # only an empty file has an empty last chunk
            raise BadShard(f"{where} is cut off")
        self.size = self._last * CHUNK + rest
        self._at, self._number, self._chunk = 0, -1, b""
        self._load(self._last)

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As files do."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Up to the end of a chunk."""
        if self._at >= self.size:
            return 0
        number, start = divmod(self._at, CHUNK)
        self._load(number)
        part = self._chunk[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _load(self, number: int) -> None:
        if number == self._number:
            return
        self._file.seek(self._from + number * (CHUNK + TAG))
        sealed = self._file.read(CHUNK + TAG)
        try:
            self._chunk = self._aead.decrypt(_nonce(number, number == self._last), sealed, self._head)
        except (InvalidTag, ValueError) as error:
            raise BadShard(
                f"{self._where} does not open at chunk {number} of {self._last + 1}: it was altered or cut off, or is "
                "another file than its name says"
            ) from error
        self._number = number


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _commitment(key: Key, purpose: str, salt: bytes) -> str:
    return key.derive("imveil", "stream commitment", purpose, salt).reveal().hex()


def _aead(key: Key, purpose: str, salt: bytes) -> AESGCM:
    return AESGCM(key.derive("imveil", "stream", purpose, salt).reveal())
