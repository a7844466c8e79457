"""The encryption of queries, as far as both sides know it: parameters, whole numbers in polynomials, bytes.

BFV (J. Fan, F. Vercauteren, eprint 2012/144) of Microsoft SEAL, by tenseal.sealapi. Nothing here can make a key,
encrypt or decrypt. Parameters follow from what is asked, so no message chooses them; SEAL itself refuses less than 128
bits.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from struct import Struct
from threading import local
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput, BadMessage
from imveil.extras import need

I64 = npt.NDArray[np.int64]
MOST = 127  # of a number of a picture or of a head, either way
SLOTS = 4096
_SINGLE, _SINGLE_BITS = 2048, (50,)
_SLOT_BITS = (36, 36, 37)
_HEAD = (Struct("<HBBBBHQ"), Struct("<QQQQQd"), Struct("<Q"))


class Parameters(NamedTuple):
    """degree: coefficients of a polynomial.   bits: of each prime of the modulus.   plain: the modulus of answers.
    slots: whether numbers lie in slots, 4,096 pictures at once, or in the coefficients of one picture's polynomial."""

    degree: int
    bits: tuple[int, ...]
    plain: int
    slots: bool


@cache
def seal() -> Any:
    """SEAL's own calls, or MissingExtra."""
    return need("tenseal.sealapi", "private", "an encrypted query")


@cache
def parameters(rows: int, slots: bool) -> Parameters:
    """For pictures of this many numbers: answers up to rows * 127 * 127 either way come back exactly. BadInput."""
    bits = (2 * MOST * MOST * rows).bit_length()
    if slots:
        return Parameters(SLOTS, _SLOT_BITS, int(seal().PlainModulus.Batching(SLOTS, bits + 1).value()), True)
    if rows > _SINGLE:
        raise BadInput(f"a query holds up to {_SINGLE} numbers of a picture, {rows} came", hint="a head of lower dim")
    return Parameters(_SINGLE, _SINGLE_BITS, 1 << bits, False)


@cache
def context(chosen: Parameters) -> Any:
    """SEAL's context. Raises BadInput where SEAL holds the parameters for less than 128 bits of security."""
    api = seal()
    found = api.EncryptionParameters(api.SCHEME_TYPE.BFV)
    found.set_poly_modulus_degree(chosen.degree)
    found.set_coeff_modulus(api.CoeffModulus.Create(chosen.degree, list(chosen.bits)))
    found.set_plain_modulus(chosen.plain)
    made = api.SEALContext(found, True, api.SEC_LEVEL_TYPE.TC128)
    if not made.parameters_set():
        raise BadInput(f"SEAL refuses these parameters: {made.parameters_error_message()}")
    return made


def polynomial(coefficients: Sequence[int] | I64, chosen: Parameters) -> Any:
    """A plaintext with these coefficients, from the lowest on, each taken modulo the modulus of answers."""
    words, most = np.asarray(coefficients, np.int64), chosen.plain
    words = words % most if most & (most - 1) else words & (most - 1)  # the same for a power of two, and faster
    # SEAL reads its own file in a tenth of the time that its text form takes.
    body = _HEAD[1].pack(0, 0, 0, 0, len(words), 1.0) + _block(_HEAD[2].pack(len(words)) + words.tobytes())
    found = seal().Plaintext()
    with _File() as file:
        file.write(_block(body))
        found.load(context(chosen), file.name)
    return found


def words(found: Any, count: int) -> I64:
    """The first `count` whole numbers of a plaintext or a ciphertext, as SEAL holds them: (count,) int64."""
    held = found.coeff_count() if hasattr(found, "coeff_count") else count
    return np.array([found[i] if i < held else 0 for i in range(count)], np.int64)


@cache
def constant(value: int, plain: int) -> Any:
    """The plaintext of one number."""
    return seal().Plaintext(f"{value % plain:X}")


def _block(body: bytes) -> bytes:
    """Bytes as SEAL frames them, not compressed: magic number, header's size, version, mode, size of all."""
    return _HEAD[0].pack(0xA15E, 16, *_version(), 0, 0, 16 + len(body)) + body


@cache
def _version() -> tuple[int, int]:
    """Major and minor version that this SEAL writes into its files."""
    major, minor = to_bytes(seal().Plaintext("1"))[3:5]
    return major, minor


def to_bytes(saved: Any) -> bytes:
    """The bytes of something that SEAL can save, which it does to files only."""
    with _File() as file:
        saved.save(file.name)
        return file.read()


def from_bytes(kind: str, ctx: Any, data: bytes, name: str) -> Any:
    """A "Ciphertext" or "SecretKey" of a context from its bytes. Raises BadMessage for what SEAL does not take."""
    found = getattr(seal(), kind)()
    with _File() as file:
        file.write(data)
        try:
            found.load(ctx, file.name)
        except Exception as error:  # of the C++ library: many kinds
            raise BadMessage(f"{name} holds a {kind} that SEAL refuses: {error}") from error
    return found


def cut(body: bytes, lengths: Iterable[int], name: str) -> list[bytes]:
    """A body cut into pieces. Raises BadMessage where the lengths are not its own."""
    found, at = [], 0
    for length in lengths:
        if not isinstance(length, int) or length < 0:
            raise BadMessage(f"{name} is malformed: a length is not a whole number")
        found.append(body[at : at + length])
        at += length
    if at != len(body):
        raise BadMessage(f"{name} is malformed: it has {len(body)} bytes of ciphertext, its lengths add up to {at}")
    return found


class _File:
    """A file for one blob, empty before and after: in memory where the system has such files, one for each thread as
    long as it lives; else a new one each time, for its owner alone."""

    _of_thread = local()

    def __enter__(self) -> _File:
        if not hasattr(os, "memfd_create"):
            self._handle, self.name = tempfile.mkstemp(prefix="imveil-")
            return self
        held = self._of_thread
        if getattr(held, "process", 0) != os.getpid():  # a forked child has its parent's, and makes its own
            held.process, held.memory = os.getpid(), _Memory()
        self._handle = held.memory.handle
        self.name = f"/proc/self/fd/{self._handle}"
        return self

    def write(self, data: bytes) -> None:
        """All that is in it."""
        os.pwrite(self._handle, data, 0)

    def read(self) -> bytes:
        """All that is in it."""
        return os.pread(self._handle, os.fstat(self._handle).st_size, 0)

    def __exit__(self, *_: object) -> None:
        if hasattr(os, "memfd_create"):
            os.ftruncate(self._handle, 0)
            return
        os.close(self._handle)
        os.unlink(self.name)  # noqa: PTH108 - a text, as all of this


class _Memory:
    """A file in memory, closed with its thread."""

    def __init__(self) -> None:
        self.handle = os.memfd_create("imveil")

    def __del__(self) -> None:
        os.close(self.handle)
