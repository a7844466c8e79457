"""Answers encrypted queries: the head times what nobody here can read. Nothing here makes or opens a ciphertext.

The head in 8 bits; a picture's numbers lie in a polynomial's coefficients, those of several classes, reversed, in
another: the product holds their inner products. Every other coefficient is covered with a fresh uniform number.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import Mismatch
from imveil.store.messages import bfv
from imveil.store.messages.head import Head
from imveil.store.messages.query import Answer, Query

I64 = npt.NDArray[np.int64]
_SWITCHED = 1 << 24


def answer(data: bytes, head: Head, name: str = "the query") -> Answer:
    """The answer to a query's file. Raises BadMessage; Mismatch where another head is asked."""
    query = Query.from_bytes(data, name)
    weights = head.small()
    if (query.rows, query.classes) != weights.shape or query.head != head.digest:
        raise Mismatch(
            f"{name} asks the head {query.head[:16]}, this is {head.digest[:16]}", hint="name the right head"
        )
    chosen = query.parameters
    ctx, api = bfv.context(chosen), bfv.seal()
    evaluator = api.Evaluator(ctx)
    asked = [bfv.from_bytes("Ciphertext", ctx, blob, name) for blob in query.blobs]
    answers = _slots if query.slots else _single
    return Answer(query.file, answers(asked, weights, query, evaluator))


def _single(asked: list[Any], weights: I64, query: Query, evaluator: Any) -> list[bytes]:
    """For each picture in turn, the classes of `query.together` in each ciphertext."""
    rows, chosen, api = query.rows, query.parameters, bfv.seal()
    groups = [weights[:, at : at + query.together] for at in range(0, query.classes, query.together)]
    products = [_product(group.tobytes(), rows, chosen) for group in groups]
    found = []
    for one in asked:
        for group, product in zip(groups, products, strict=True):
            out = api.Ciphertext()
            evaluator.multiply_plain(one, product, out)
            cover = uniform(chosen.degree, chosen.plain)
            cover[[c * rows + rows - 1 for c in range(group.shape[1])]] = 0
            evaluator.add_plain_inplace(out, bfv.polynomial(cover, chosen))
            found.append(bfv.to_bytes(out))
    return found


@lru_cache(64)
def _product(group: bytes, rows: int, chosen: bfv.Parameters) -> Any:
    """The polynomial of some classes' weights, reversed class by class; the same head is asked again and again."""
    weights = np.frombuffer(group, np.int64).reshape(rows, -1)
    return bfv.polynomial(weights[::-1].T.ravel(), chosen)


def _slots(asked: list[Any], weights: I64, query: Query, evaluator: Any) -> list[bytes]:
    """A ciphertext for each class: the sum of numbers times weights, all pictures at once."""
    plain, api = query.parameters.plain, bfv.seal()
    totals: list[Any] = [None] * query.classes
    out = api.Ciphertext()
    for one, of_number in zip(asked, weights.tolist(), strict=True):  # number by number: totals stay in the cache
        for c, weight in enumerate(of_number):
            if weight and totals[c] is None:
                totals[c] = api.Ciphertext()
                evaluator.multiply_plain(one, bfv.constant(weight, plain), totals[c])
            elif weight:
                evaluator.multiply_plain(one, bfv.constant(weight, plain), out)
                evaluator.add_inplace(totals[c], out)
    found = []
    for total in totals:
        if total is None:  # a class without weights scores 0
            total = api.Ciphertext()
            evaluator.sub(asked[0], asked[0], total)
        if plain < _SWITCHED:  # half the bytes; a larger modulus of answers needs both primes
            evaluator.mod_switch_to_next_inplace(total)
        found.append(bfv.to_bytes(total))
    return found


def uniform(count: int, modulus: int) -> I64:
    """Uniform numbers below a power of two, from the system's source of randomness: (count,) int64."""
    word = np.dtype(np.uint32 if modulus <= 1 << 32 else np.uint64)
    drawn = np.frombuffer(secrets.token_bytes(word.itemsize * count), word)
    return (drawn & word.type(modulus - 1)).astype(np.int64)
