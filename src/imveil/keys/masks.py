"""Masks that cancel: each pair of owners adds and subtracts the same uniform words, so only the total is left.

K. Bonawitz et al., "Practical secure aggregation", CCS 2017, without its shares for those who drop out: a sum that is
missing makes the total uniform. Words are modulo 2^64. A blind round has one more mask, from a secret that the owners
share and the cloud lacks, and a check that adds up with the sums. docs/spec/sum.md has the same in words, with vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput, WrongKey
from imveil.keys.key import Key
from imveil.keys.sharing import Identity

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
PRIME = (1 << 61) - 1
MOST = 1 << 59
"""A number of a table that is checked lies below this: then no change of one is a multiple of PRIME."""
_PIECE = 1 << 16  # words at a time, so that streams stay in the cache
_LIMB = 20


def pairwise(identity: Identity, owners: Sequence[str], digest: bytes, step: int, words: int) -> U64:
    """What an owner adds to his table: (words,) uint64. Over all owners of a round these add up to zero.

    Parameters
    ----------
    digest
        32 bytes, of the round.
    step
        Which message of it. Both are in every mask, so that no mask serves twice.

    Raises
    ------
    WrongKey
        Where the identity is none of the owners'.
    """
    mine = identity.recipient
    if mine not in owners:
        raise WrongKey(f"{mine} is none of the {len(owners)} owners of this round", hint="imveil round show names them")
    others = [owner for owner in owners if owner != mine]
    streams = [
        (mine < other, identity.agree(other, "imveil", "mask", digest, str(step), *sorted((mine, other))).stream())
        for other in others
    ]
    total = np.zeros(words, np.uint64)
    for piece in _pieces(total):
        for adds, stream in streams:
            mask = np.frombuffer(stream.bytes(8 * len(piece)), "<u8")
            if adds:
                piece += mask
            else:
                piece -= mask
    return total


def of_group(group: Key, owner: str, digest: bytes, step: int, words: int) -> U64:
    """The mask that an owner adds in a blind round; all owners can take all of them off: (words,) uint64."""
    stream = _of(group, "mask", digest, step, owner).stream()
    total = np.zeros(words, np.uint64)
    for piece in _pieces(total):
        piece += np.frombuffer(stream.bytes(8 * len(piece)), "<u8")
    return total


def tag(group: Key, owner: str, digest: bytes, step: int, table: I64) -> int:
    """An owner's share of the check: below PRIME. All owners' shares add up, modulo PRIME, to `whole` of the total.

    The table's inner product with secret numbers, under a pad of this owner's. Raises BadInput for numbers beyond MOST.
    """
    pad = int.from_bytes(_of(group, "pad", digest, step, owner).stream().bytes(8), "little")
    return (_product(group, digest, step, table) + pad) % PRIME


def whole(group: Key, owners: Sequence[str], digest: bytes, step: int, table: I64) -> int:
    """What the shares of the check must add up to, if `table` is the sum of the owners' tables."""
    pads = [int.from_bytes(_of(group, "pad", digest, step, owner).stream().bytes(8), "little") for owner in owners]
    return (_product(group, digest, step, table) + sum(pads)) % PRIME


def _of(group: Key, purpose: str, digest: bytes, step: int, owner: str) -> Key:
    return group.derive("imveil", "group", purpose, digest, str(step), owner)


def _product(group: Key, digest: bytes, step: int, table: I64) -> int:
    """The inner product of a table with numbers below 2^61 that the group's key gives, modulo PRIME.

    Both in limbs of 20 bits, so that no sum of 2^20 products leaves 63 bits.
    """
    if len(table) and not -MOST < int(table.min()) <= int(table.max()) < MOST:
        raise BadInput("a number of the table is too large to be checked: fewer pictures, or less noise, are needed")
    stream = _of(group, "numbers", digest, step, "").stream()
    total = 0
    for at in range(0, len(table), 1 << 20):
        part = table[at : at + (1 << 20)]
        numbers = (np.frombuffer(stream.bytes(8 * len(part)), "<u8") >> np.uint64(3)).astype(np.int64)
        for i, a in enumerate(_limbs(part)):
            for j, b in enumerate(_limbs(numbers)):
                total += int(np.dot(a, b)) << (_LIMB * (i + j))
    return total % PRIME


def _limbs(numbers: I64) -> list[I64]:
    """Numbers as limbs of 20 bits, the lowest first; the highest keeps the sign, below 2^21."""
    low = (1 << _LIMB) - 1
    return [numbers & low, numbers >> _LIMB & low, numbers >> 2 * _LIMB]


def _pieces(words: U64) -> Iterator[U64]:
    for at in range(0, len(words), _PIECE):
        yield words[at : at + _PIECE]
