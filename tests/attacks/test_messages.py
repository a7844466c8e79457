"""Attacks on the private path: each finds its red control, none exceeds the proven cap, all meet the laws."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from imveil.attacks.messages import base, embedding_inversion
from imveil.attacks.messages.base import Evidence, Moments, Opened, find, names
from imveil.errors import BadInput, BadShape, UnknownName
from imveil.store.messages.round import Round
from private import made_round

pytest.importorskip("tenseal")

from imveil.audit import messages
from imveil.audit.messages import Drawn, Found, Setting, play

DIM = 24


@cache
def pictures(n: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Rows of three classes around means of their own, as features lie."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n)
    z = rng.normal(size=(n, DIM)) + 1.5 * rng.normal(size=(3, DIM))[labels]
    z *= np.sqrt(1 - 0.09) / np.linalg.norm(z, axis=1, keepdims=True)
    return np.trunc(np.c_[z, np.full(n, 0.3)] * 4096).astype(np.int64), labels


@cache
def round_(epsilon: float | None = None) -> Round:
    return made_round(3, epsilon=epsilon, width=DIM, weight=0.5)


def found(name: str, setting: Setting, epsilon: float | None = None, seed: int = 0) -> Found:
    rows, labels = pictures()
    return play(name, rows, labels, round_(epsilon), setting, seed)


def test_there_are_these() -> None:
    assert names() == ["answers-shared", "differencing", "embedding-inversion", "head-extraction", "head-membership",
                       "link", "round-twice", "sum-members", "sum-span"]  # fmt: skip
    with pytest.raises(UnknownName, match="sum-members"):
        find("sum-member")


@pytest.mark.parametrize("name", names())
def test_every_attack_says_what_it_is_and_needs(name: str) -> None:
    attack = find(name)
    assert attack.id == name
    assert attack.needs <= base.NEEDS
    assert attack.measure in ("auc", "share")
    assert (type(attack).__doc__ or "").strip()
    with pytest.raises(BadShape, match="is missing"):
        attack.run(Evidence())


CERTAIN: dict[str, Setting] = {
    "sum-members": Setting(100, draws=2),  # exact sums of candidates alone
    "sum-span": Setting(10, draws=4),  # fewer pictures than numbers: a small owner
    "head-membership": Setting(3, draws=20),  # a head of three pictures
    "head-extraction": Setting(50, draws=2),
    "differencing": Setting(500, draws=4),
    "round-twice": Setting(500, draws=4),  # the reused round
}


@pytest.mark.parametrize("name", CERTAIN)
def test_the_red_control_is_found(name: str) -> None:
    one = found(name, CERTAIN[name])
    assert one.value > (0.9 if name == "head-membership" else 0.99), one


def test_a_fixed_seed_is_found_and_fresh_keys_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """link on query files: chance with a key and randomness for each, certain where the generator's seed is fixed."""
    import tenseal.sealapi as api

    from imveil.store.messages import bfv

    fresh = found("link", Setting(40, draws=2))
    assert fresh.low <= fresh.chance <= fresh.high or fresh.value <= 0.1
    context, secret, key = bfv.context, api.KeyGenerator, []

    def fixed(chosen: bfv.Parameters) -> Any:
        parameters = api.EncryptionParameters(api.SCHEME_TYPE.BFV)
        parameters.set_poly_modulus_degree(chosen.degree)
        parameters.set_coeff_modulus(api.CoeffModulus.Create(chosen.degree, list(chosen.bits)))
        parameters.set_plain_modulus(chosen.plain)
        parameters.set_random_generator(api.Blake2xbPRNGFactory([1, 2, 3, 4, 5, 6, 7, 8]))
        return api.SEALContext(parameters, True, api.SEC_LEVEL_TYPE.TC128)

    class Same:
        """The same key again and again."""

        def __init__(self, ctx: Any) -> None:
            if not key:
                key.append(secret(ctx).secret_key())

        def secret_key(self) -> Any:
            return key[0]

    monkeypatch.setattr(bfv, "context", fixed)
    monkeypatch.setattr(api, "KeyGenerator", Same)
    assert found("link", Setting(40, draws=1)).value > 0.9
    assert context is not fixed


@pytest.mark.parametrize("epsilon", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("name", ["sum-members", "sum-span", "head-membership"])
@pytest.mark.parametrize("members", [15, 150])
def test_no_interval_lies_above_the_proven_cap(name: str, epsilon: float, members: int) -> None:
    """The law: for any attack on a total with noise, or on what was made of it."""
    one = found(name, Setting(members, draws=8), epsilon)
    assert one.cap < 1
    assert one.low <= one.cap, one


def test_noise_of_a_tenth_of_the_size_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Red control of the law: with a tenth of the noise the same attack is above the cap, and the law would say so."""
    scales = messages.scales
    monkeypatch.setattr(messages, "scales", lambda r, s: scales(r, s / 10))
    one = found("sum-members", Setting(15, draws=8), 0.5)
    assert one.low > one.cap, one


def approximate(pictures: int, degree: int = 1024) -> Evidence:
    """The red control: SEAL's CKKS at 128 bits. Numbers lie in slots; an answer is a query times a constant, and what
    its owner shares are the real numbers that he reads. What is shared says twice the phase's even part, to the bit."""
    import tenseal.sealapi as api

    parameters = api.EncryptionParameters(api.SCHEME_TYPE.CKKS)
    parameters.set_poly_modulus_degree(degree)
    parameters.set_coeff_modulus(api.CoeffModulus.Create(degree, [27]))
    ctx = api.SEALContext(parameters, True, api.SEC_LEVEL_TYPE.TC128)
    assert ctx.parameters_set()
    prime = int(ctx.first_context_data().parms().coeff_modulus()[0].value())
    secret, encoder, evaluator = api.KeyGenerator(ctx).secret_key(), api.CKKSEncoder(ctx), api.Evaluator(ctx)
    rng, scale = np.random.default_rng(4), 2.0**16
    slots = np.array([pow(3, j, 2 * degree) for j in range(degree // 2)])

    def twice(shared: np.ndarray) -> np.ndarray:
        at = np.zeros(2 * degree)
        at[slots] = at[2 * degree - slots] = shared
        return 2 * np.fft.fft(at)[:degree].real / degree

    def polynomials(one: Any) -> np.ndarray:
        evaluator.transform_from_ntt_inplace(one)
        return np.array([one[i] for i in range(2 * degree)], object).reshape(2, degree)

    asked, answered, shared, candidates = [], [], [], []
    for _ in range(pictures):
        plain, one, reply, read = api.Plaintext(), api.Ciphertext(), api.Ciphertext(), api.Plaintext()
        encoder.encode(rng.normal(size=degree // 2).tolist(), scale, plain)
        api.Encryptor(ctx, secret).encrypt_symmetric(plain, one)
        evaluator.add(one, one, reply)
        evaluator.add_inplace(reply, one)
        api.Decryptor(ctx, secret).decrypt(reply, read)
        said = np.array(encoder.decode_double(read))
        shared.append(np.rint(twice(said) * scale).astype(np.int64).astype(object) % prime)
        candidates.append(twice(said) / 2 / 3)
        asked.append(polynomials(one))
        answered.append(polynomials(reply))
    opened = Opened(np.array(asked), np.array(answered), np.array(shared), scale, prime)
    return Evidence(opened=opened, candidates=np.array(candidates))


def test_shared_answers_give_the_key_of_an_approximate_scheme_and_not_ours() -> None:
    """CKKS: the key itself, and every query with it. BFV: no key, and guesses, although every coefficient is shared."""
    evidence = approximate(4)
    claim = find("answers-shared").run(evidence)
    assert claim.values is not None
    assert set(np.unique(claim.values)) == {-1.0, 0.0, 1.0}
    assert claim.scores.argmax(axis=1).tolist() == list(range(4))
    assert evidence.opened is not None
    rounded = replace(evidence.opened, twice=evidence.opened.twice + 1)  # one unit off: the key is gone
    missed = find("answers-shared").run(replace(evidence, opened=rounded))
    assert missed.values is not None
    assert np.abs(missed.values).max() > 1000
    ours = found("answers-shared", Setting(10, draws=1))
    assert ours.low <= ours.chance, ours


def test_released_embeddings_show_their_pictures_and_shuffled_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A made encoder of made pictures: numbers that a plane cuts off. Red control: public pictures in another order."""
    monkeypatch.setattr(embedding_inversion, "_FEATURES", 64)
    rng = np.random.default_rng(2)
    pixels = rng.normal(size=(700, 8)) @ rng.normal(size=(8, 30))
    z = np.maximum(pixels @ rng.normal(size=(30, DIM)), 0)
    z *= np.sqrt(1 - 0.09) / np.linalg.norm(z, axis=1, keepdims=True)
    rows = np.trunc(np.c_[z, np.full(len(z), 0.3)] * 4096).astype(np.int64)
    seen: list[np.ndarray] = []
    drawn = Drawn(pixels[:100], rows[100:], pixels[100:], lambda values, _: seen.append(values))
    labels, setting = np.zeros(100, np.int64), Setting(100, draws=1)
    one = play("embedding-inversion", rows[:100], labels, round_(), setting, drawn=drawn)
    assert one.value > 0.9
    assert seen[0].shape == (100, 30)
    mixed = replace(drawn, public=drawn.public[rng.permutation(600)])
    assert play("embedding-inversion", rows[:100], labels, round_(), setting, drawn=mixed).value < 0.2
    with pytest.raises(BadInput, match="draws pictures"):
        found("embedding-inversion", setting)


def test_strangers_and_noise_protect() -> None:
    alone, strangers = found("sum-members", Setting(100, draws=2)), found("sum-members", Setting(100, 2500, draws=3))
    noisy = found("sum-members", Setting(100, draws=3), 1.0)
    assert alone.value > 0.99
    assert strangers.value < 0.9
    assert noisy.value < 0.75


def test_differencing_meets_noise() -> None:
    assert found("differencing", Setting(500, draws=10), 2.0).value < 0.5


def test_areas_are_areas() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, 30).astype(float), rng.integers(1, 6, 20).astype(float)
    slow = np.mean([(x > y) + 0.5 * (x == y) for x in a for y in b])
    assert messages.auc(a, b) == pytest.approx(slow)


def test_too_few_pictures_are_said() -> None:
    with pytest.raises(BadInput, match="were needed"):
        found("sum-members", Setting(2000))


def test_what_an_attack_did_not_ask_for_it_does_not_get() -> None:
    evidence = Evidence(total=Moments(np.eye(2), np.eye(2)), head=np.eye(2), candidates=np.eye(2),
                        labels=np.zeros(2, np.int64))  # fmt: skip
    assert messages._only(evidence, find("sum-span")).head is None
