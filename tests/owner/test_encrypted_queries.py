"""Encrypted queries: exact whole numbers at every dim, one key a file, damage and used-up budgets refused, no key at
the cloud."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from imveil.errors import BadInput, BadMessage, Mismatch
from imveil.store.messages.head import Card, Head
from imveil.store.messages.round import Encoder, Features, Projection

pytest.importorskip("tenseal")

from imveil.cloud import querying
from imveil.cloud.querying import answer
from imveil.owner.asking.encrypted import SECRET, ask, open_answer, small
from imveil.store.messages import bfv, envelope
from imveil.store.messages.query import Query


@cache
def head(dim: int = 192, classes: int = 10, seed: int = 0) -> Head:
    encoder = Encoder(name="made", weights="0" * 64, width=4096)
    features = Features(encoder=encoder, projection=Projection(kind="orthogonal", digest="0" * 64), dim=dim)
    card = Card(features=features, classes=[f"c{i}" for i in range(classes)], method="ridge", study="0" * 64,
                steps=1, pictures=100, owners=3)  # fmt: skip
    return Head(np.random.default_rng(seed).normal(size=(dim + 1, classes)), card)


def rows(count: int, dim: int = 192, seed: int = 1) -> np.ndarray:
    z = np.random.default_rng(seed).normal(size=(count, dim + 1))
    return np.trunc(z / np.linalg.norm(z, axis=1, keepdims=True) * 4096).astype(np.int64)


def names(count: int) -> list[str]:
    return [f"{i}.png" for i in range(count)]


EXACT = [(192, 10, False), (192, 2, False), (512, 10, False), (1279, 10, False), (30, 100, False), (192, 10, True),
         (30, 100, True)]  # fmt: skip


@pytest.mark.parametrize(("dim", "classes", "bulk"), EXACT)
def test_answers_are_the_exact_whole_numbers(dim: int, classes: int, bulk: bool) -> None:
    one, pictures = head(dim, classes), rows(3, dim)
    asked = ask(pictures, names(3), one.card, bulk=bulk)
    found = open_answer(answer(asked.query, one).to_bytes(), asked.secret)
    assert (found.whole == small(pictures)[0] @ one.small()).all()
    assert found.budget >= 3
    scores = pictures @ one.weights
    assert np.corrcoef(found.scores.ravel(), scores.ravel())[0, 1] > 0.999
    assert (found.names, found.classes) == (names(3), one.card.classes)


@pytest.mark.parametrize("bulk", [False, True])
def test_the_largest_numbers_that_can_come_are_exact(bulk: bool) -> None:
    """All numbers at 127, all weights at 127 either way: nothing wraps around."""
    for dim in (1279,) if bulk else (192, 1279):
        weights = np.ones((dim + 1, 2)) * [1, -1]
        one = Head(weights, head(dim, 2).card)
        asked = ask(np.full((1, dim + 1), 9), ["x"], one.card, bulk=bulk)
        found = open_answer(answer(asked.query, one).to_bytes(), asked.secret)
        assert found.whole.tolist() == [[127 * 127 * (dim + 1), -127 * 127 * (dim + 1)]]


def test_two_queries_share_no_key_and_no_randomness() -> None:
    pictures = rows(1)
    first, second = (ask(pictures, ["x"], head().card) for _ in range(2))
    assert first.secret != second.secret
    blobs = [Query.from_bytes(one.query).blobs[0] for one in (first, second)]
    differ = np.unpackbits(np.frombuffer(blobs[0][200:9000], np.uint8) ^ np.frombuffer(blobs[1][200:9000], np.uint8))
    assert 0.47 < differ.mean() < 0.53
    with pytest.raises(Mismatch, match="another query"):
        open_answer(answer(first.query, head()).to_bytes(), second.secret)


def test_a_wrong_key_opens_nothing() -> None:
    asked, other = ask(rows(1), ["x"], head().card), ask(rows(1), ["x"], head().card)
    facts = envelope.unpack(asked.secret, SECRET).facts
    mixed = envelope.pack(SECRET, facts, envelope.unpack(other.secret, SECRET).body)
    with pytest.raises(BadMessage, match="noise budget of 0 bits"):
        open_answer(answer(asked.query, head()).to_bytes(), mixed)


def test_an_answer_with_no_budget_left_is_refused() -> None:
    asked = ask(rows(1), ["x"], head().card)
    query = Query.from_bytes(asked.query)
    ctx, api = bfv.context(query.parameters), bfv.seal()
    spent = bfv.from_bytes("Ciphertext", ctx, query.blobs[0], "q")
    for _ in range(2):
        api.Evaluator(ctx).multiply_plain_inplace(spent, bfv.polynomial(np.arange(1, 2049), query.parameters))
    good = answer(asked.query, head())
    with pytest.raises(BadMessage, match="it would be wrong"):
        open_answer(good._replace(blobs=[bfv.to_bytes(spent)]).to_bytes(), asked.secret)


def test_every_other_coefficient_of_an_answer_is_covered() -> None:
    """Red control: without the cover one query of a unit vector shows all weights."""
    one, unit = head(192), np.zeros((1, 193), np.int64)
    unit[0, 0] = 1

    def coefficients() -> np.ndarray:
        asked = ask(unit, ["x"], one.card)
        query = Query.from_bytes(asked.query)
        ctx, api = bfv.context(query.parameters), bfv.seal()
        key = bfv.from_bytes("SecretKey", ctx, envelope.unpack(asked.secret, SECRET).body, "s")
        plain = api.Plaintext()
        blob = answer(asked.query, one).blobs[0]
        api.Decryptor(ctx, key).decrypt(bfv.from_bytes("Ciphertext", ctx, blob, "a"), plain)
        t = query.parameters.plain
        raw = np.array([int(plain[i]) if i < plain.coeff_count() else 0 for i in range(2048)])
        return np.where(raw > t // 2, raw - t, raw)

    weights = one.small() * 127
    covered = coefficients()
    assert covered[192] == weights[0, 0]
    assert (covered[:192] != weights[::-1][:192, 0]).mean() > 0.99
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(querying, "uniform", lambda count, _: np.zeros(count, np.int64))
        assert (coefficients()[:193] == weights[::-1][:, 0]).all()


@pytest.mark.parametrize("which", ["query", "answer", "secret"])
def test_any_altered_or_missing_byte_is_refused(which: str) -> None:
    asked = ask(rows(1), ["x"], head().card)
    good = answer(asked.query, head()).to_bytes()
    data = {"query": asked.query, "answer": good, "secret": asked.secret}[which]
    reads: dict[str, Callable[[bytes], object]] = {
        "query": lambda bad: answer(bad, head()),
        "answer": lambda bad: open_answer(bad, asked.secret),
        "secret": lambda bad: open_answer(good, bad),
    }
    for at in [*range(0, len(data), len(data) // 40), len(data) - 1]:
        for bad in (data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], data[:at]):
            with pytest.raises(BadMessage):
                reads[which](bad)


def test_foreign_bytes_with_a_digest_that_fits_are_refused() -> None:
    asked = ask(rows(1), ["x"], head().card)
    facts = json.loads(asked.query.split(b"\n")[1])
    rng = np.random.default_rng(0)
    body = envelope.unpack(asked.query, "query").body
    for bad in (rng.bytes(len(body)), body[:100] + rng.bytes(len(body) - 100), body[:50], b""):
        with pytest.raises(BadMessage):
            answer(envelope.pack("query", {**facts, "lengths": [len(bad)]}, bad), head())
    for change in ({"rows": 0}, {"pictures": 2}, {"slots": 1}, {"lengths": "x"}, {"rows": 10**9}, {"head": 3}):
        with pytest.raises((BadMessage, Mismatch)):
            answer(envelope.pack("query", {**facts, **change}, body), head())


def test_a_query_for_another_head_is_refused() -> None:
    asked = ask(rows(1), ["x"], head().card)
    with pytest.raises(Mismatch, match="asks the head"):
        answer(asked.query, head(seed=5))


def test_too_many_pictures_or_numbers_are_refused() -> None:
    with pytest.raises(BadInput, match="at most 4096 pictures"):
        ask(rows(4097, 8), names(4097), head(8).card)
    with pytest.raises(BadInput, match="up to 2048 numbers"):
        ask(rows(1, 2500), ["x"], head(2500).card)
    with pytest.raises(BadInput, match="takes"):
        ask(rows(1, 8), ["x"], head(9).card)


def test_parameters_have_128_bits_by_seals_own_check_and_fewer_are_refused() -> None:
    with pytest.raises(BadInput, match="SEAL refuses"):
        bfv.context(bfv.Parameters(2048, (60, 60), 1 << 22, False))


def test_the_cloud_can_make_open_and_hold_no_key() -> None:
    """Neither the cloud's nor the shared modules name what makes keys, encrypts or decrypts."""
    from pathlib import Path

    import imveil

    forbidden = {"KeyGenerator", "Encryptor", "Decryptor", "SecretKey", "PublicKey", "secret_key"}
    for file in [*(Path(imveil.__file__).parent / "cloud").rglob("*.py")]:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        named = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        named |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        named |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        assert not named & forbidden, file


def test_answering_calls_nothing_that_makes_or_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    import tenseal.sealapi as api

    asked = ask(rows(2), names(2), head().card)

    def forbidden(*_: object) -> None:
        raise AssertionError("the cloud has no key")

    for name in ("KeyGenerator", "Encryptor", "Decryptor", "SecretKey"):
        monkeypatch.setattr(api, name, forbidden)
    assert len(answer(asked.query, head()).blobs) == 2
