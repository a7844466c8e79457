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
from pathlib import Path
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


class Parameters(NamedTuple):
    """degree: coefficients of a polynomial.   bits: of each prime of the modulus.   plain: the modulus of answers.
    slots: whether numbers lie in slots, 4,096 pictures at once, or in the coefficients of one picture's polynomial."""

    degree: int
    bits: tuple[int, ...]
    plain: int
    slots: bool


def seal() -> Any:
    """SEAL's own calls, or MissingExtra."""
    return need("tenseal.sealapi", "private", "an encrypted query")


def parameters(rows: int, slots: bool) -> Parameters:
    """For pictures of so many numbers: answers up to rows * 127 * 127 either way come back exactly. BadInput."""
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


def polynomial(coefficients: Sequence[int] | I64, modulus: int) -> Any:
    """A plaintext with these coefficients, from the lowest on, each taken modulo `modulus`."""
    wrapped = np.asarray(coefficients, np.int64) % modulus
    where = np.flatnonzero(wrapped)[::-1]
    powers = _powers(len(wrapped))
    terms = [f"{value:X}{powers[i]}" for value, i in zip(wrapped[where].tolist(), where.tolist(), strict=True)]
    return seal().Plaintext(" + ".join(terms) if terms else "0")


@cache
def _powers(count: int) -> list[str]:
    return [f"x^{i}" for i in range(count)]


def to_bytes(saved: Any) -> bytes:
    """The bytes of something that SEAL can save, which it does to files only."""
    with _file() as path:
        saved.save(str(path))
        return path.read_bytes()


def from_bytes(kind: str, ctx: Any, data: bytes, name: str) -> Any:
    """A "Ciphertext" or "SecretKey" of a context from its bytes. Raises BadMessage for what SEAL does not take."""
    found = getattr(seal(), kind)()
    with _file() as path:
        path.write_bytes(data)
        try:
            found.load(ctx, str(path))
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


class _file:  # noqa: N801 - a context manager, used as a function
    """A file of its own for one blob, in memory where the system has such a place; for its owner alone."""

    def __enter__(self) -> Path:
        shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        handle, name = tempfile.mkstemp(prefix="imveil-", dir=shared)
        os.close(handle)
        self.path = Path(name)
        return self.path

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)
