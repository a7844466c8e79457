"""Asks a head about pictures under encryption: a fresh key for each query file, and the answers opened with it.

The key lies in `q.secret`, for its owner alone. It never encrypts a second file, and no answer is sent back: with
exact BFV and a key that dies with its query, an answer gives nothing of the key away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput, BadMessage, Mismatch
from imveil.store.messages import bfv, envelope
from imveil.store.messages.head import Card
from imveil.store.messages.query import Answer, Query

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
SECRET = "query-secret"
BULK = 64
"""From this many pictures on, numbers lie in slots."""
LEAST_BUDGET = 3
"""Bits of noise budget that an answer must have left."""


class Asked(NamedTuple):
    """Attributes
    ----------
    query
        The file for the cloud.
    secret
        The file that stays, with the key.
    """

    query: bytes
    secret: bytes


class Opened(NamedTuple):
    """names: of the pictures.   classes: of the head.   whole: (n, classes) exact whole numbers.   scores: the same in
    the picture's own scale, comparable within a picture.   budget: bits of noise budget left, the least of all."""

    names: list[str]
    classes: list[str]
    whole: I64
    scores: F64
    budget: int


def ask(rows: I64, names: Sequence[str], card: Card, *, bulk: bool | None = None) -> Asked:
    """A query for pictures, under a fresh key.

    Parameters
    ----------
    rows
        (n, dim + 1), as `owner/features` gives.

    Raises
    ------
    BadInput
    """
    count, width = rows.shape
    if width != card.features.dim + 1 or count < 1 or len(names) != count:
        raise BadInput(
            f"a query for this head takes (n, {card.features.dim + 1}) numbers and n names, got {rows.shape}"
        )
    slots = count >= BULK if bulk is None else bulk
    if slots and count > bfv.SLOTS:
        raise BadInput(f"a query holds at most {bfv.SLOTS} pictures, {count} came", hint="make several queries")
    whole, largest = small(rows)
    chosen = bfv.parameters(width, slots)
    ctx, api = bfv.context(chosen), bfv.seal()
    secret = api.KeyGenerator(ctx).secret_key()
    encryptor = api.Encryptor(ctx, secret)
    if slots:
        encoder = api.BatchEncoder(ctx)
        plains = []
        for column in whole.T:
            plain = api.Plaintext()
            encoder.encode(column.tolist(), plain)
            plains.append(plain)
    else:
        plains = [bfv.polynomial(row, chosen) for row in whole]
    blobs = [bfv.to_bytes(encryptor.encrypt_symmetric(plain)) for plain in plains]
    query, digest = Query(count, width, len(card.classes), card.head, slots, blobs).packed()
    facts = {
        "classes": card.classes, "largest": largest.tolist(), "names": list(names), "query": digest,
        "rows": width, "slots": slots,
    }  # fmt: skip
    return Asked(query, envelope.pack(SECRET, facts, bfv.to_bytes(secret)))


def open_answer(data: bytes, secret: bytes, name: str = "the answer", secret_name: str = "the secret") -> Opened:
    """The scores in an answer. Raises BadMessage for a damaged one or one whose noise budget is used up; Mismatch where
    it answers another query."""
    _, facts, key, _ = envelope.unpack(secret, SECRET, secret_name)
    answer = Answer.from_bytes(data, name)
    if answer.query != facts.get("query"):
        raise Mismatch(f"{name} answers another query than the one of {secret_name}")
    rows, slots, classes, names = facts["rows"], facts["slots"], facts["classes"], facts["names"]
    chosen = bfv.parameters(rows, slots)
    ctx, api = bfv.context(chosen), bfv.seal()
    decryptor = api.Decryptor(ctx, bfv.from_bytes("SecretKey", ctx, key, secret_name))
    together = 1 if slots else max(1, chosen.degree // rows)
    groups = -(-len(classes) // together)
    if len(answer.blobs) != (len(classes) if slots else len(names) * groups):
        raise BadMessage(f"{name} has {len(answer.blobs)} ciphertexts, another number was needed")
    whole = np.zeros((len(names), len(classes)), np.int64)
    least = 1 << 30
    for i, blob in enumerate(answer.blobs):
        one = bfv.from_bytes("Ciphertext", ctx, blob, name)
        least = min(least, int(decryptor.invariant_noise_budget(one)))
        if least < LEAST_BUDGET:
            raise BadMessage(
                f"{name} has a noise budget of {least} bits left, {LEAST_BUDGET} are needed: it would be wrong",
                hint="ask again, with the secret of this query",
            )
        plain = api.Plaintext()
        decryptor.decrypt(one, plain)
        if slots:
            whole[:, i] = api.BatchEncoder(ctx).decode_int64(plain)[: len(names)]
        else:
            picture, first = divmod(i, groups)
            for c in range(min(together, len(classes) - first * together)):
                whole[picture, first * together + c] = _coefficient(plain, c * rows + rows - 1, chosen.plain)
    scores = whole * np.array(facts["largest"])[:, None] / bfv.MOST**2
    return Opened(names, classes, whole, scores, least)


def small(rows: I64) -> tuple[I64, F64]:
    """Rows in 8 bits, each by its own largest number, and those largest numbers: (n, dim + 1), (n,)."""
    largest = np.maximum(np.abs(rows).max(axis=1), 1).astype(np.float64)
    return np.rint(rows * (bfv.MOST / largest[:, None])).astype(np.int64), largest


def _coefficient(plain: Any, at: int, modulus: int) -> int:
    found = int(plain[at]) if at < plain.coeff_count() else 0
    return found - modulus if found > modulus // 2 else found
