"""Laws that every attack obeys. Add a law, not a special case."""

from __future__ import annotations

import gc
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

import imveil
from imveil import attacks
from imveil.attacks.base import NEEDS, Attack, Guess, View
from imveil.audit.game.challenger import challenger_of, control
from imveil.audit.game.referee import game, play
from imveil.audit.game.split import Terms, split_pictures, view
from imveil.errors import BadInput, BadShape
from imveil.keys.key import Key
from scenes import scenes

TERMS = Terms(targets=12, ciphers=16, pairs=3, public=24, gallery=40)
STEPS = 12  # enough for every law; what an attack reaches is tested elsewhere
IMAGES = scenes(120)

every = pytest.mark.parametrize("name", attacks.names())


def held(attack: Attack, scheme: Any, images: Any = IMAGES, seed: int = 0, noise: bool = False) -> View:
    split = split_pictures(images, TERMS, attack.needs, seed)
    real = challenger_of(scheme, seed)
    return view(split, control(real, images.shape[1:], seed) if noise else real, TERMS, attack.needs)


def run(attack: Attack, view: View, seed: int = 0) -> Guess:
    return attack.run(view, np.random.default_rng(seed), min(attack.steps, STEPS))


@every
def test_an_attack_says_what_it_is(name: str) -> None:
    attack = attacks.find(name)
    assert attack.id == name
    assert attack.needs <= NEEDS
    assert attack.paper
    assert attack.steps >= 0
    assert attack.about()


@every
def test_it_is_deterministic_given_its_rng(name: str) -> None:
    attack = attacks.find(name)
    scheme = imveil.find("negpos/1")
    one, two = (run(attack, held(attack, scheme)) for _ in range(2))
    np.testing.assert_array_equal(one.images, two.images)
    assert one.notes == two.notes


@every
@pytest.mark.parametrize("kind", ["colour", "grey"])
def test_it_learns_nothing_from_the_control(name: str, kind: str) -> None:
    images = IMAGES if kind == "colour" else scenes(120, (28, 28, 1))
    attack = attacks.find(name)
    found = game(
        imveil.find("aes-ctr-control/1"),
        images,
        attack,
        terms=TERMS,
        steps=min(attack.steps, STEPS),
        against_noise=False,
    ).score
    assert found.low == 0.0, f"{name} beats the best blind guess on AES-CTR: {found}"
    assert found.identified < 0.3


@every
def test_it_leaves_alone_what_it_is_given(name: str) -> None:
    attack = attacks.find(name)
    given = held(attack, imveil.find("negpos/1"))
    arrays = [given.targets, given.ciphers, given.public, given.gallery, *(given.pairs or ())]
    before = [None if a is None else a.copy() for a in arrays]
    run(attack, given)
    for a, b in zip(arrays, before):
        np.testing.assert_array_equal(a, b)


@every
def test_the_view_holds_what_it_needs_and_nothing_else(name: str) -> None:
    attack = attacks.find(name)
    given = held(attack, imveil.find("negpos/1"))
    optional = {f.name for f in fields(View)} - {"targets", "shape", "scheme", "fields"}
    assert {part for part in optional if getattr(given, part) is not None} == attack.needs


@every
def test_no_target_is_given_away(name: str) -> None:
    attack = attacks.find(name)
    split = split_pictures(IMAGES, TERMS, attack.needs, 0)
    given = [*split.pairs, *split.ciphers, *split.public]
    targets = {picture.tobytes() for picture in split.targets}
    assert not targets & {picture.tobytes() for picture in given}
    np.testing.assert_array_equal(split.gallery[split.right], split.targets)


@every
@pytest.mark.parametrize("shape", [(16, 24, 3), (28, 28, 1), (17, 13, 3), (16, 16, 4)], ids=str)
def test_any_size_and_number_of_channels_is_answered(name: str, shape: tuple[int, int, int]) -> None:
    attack = attacks.find(name)
    run(attack, held(attack, imveil.find("aes-xor/1"), scenes(90, shape)))


@every
@pytest.mark.parametrize("id", ["ffx/1", "orthogonal/1", "etc-grey/1"])
def test_ciphers_of_another_kind_are_answered(name: str, id: str) -> None:
    attack = attacks.find(name)
    for noise in (False, True):
        run(attack, held(attack, imveil.find(id), noise=noise))


@every
def test_it_works_where_nobody_says_what_the_scheme_is(name: str) -> None:
    from dataclasses import replace

    attack = attacks.find(name)
    given = held(attack, imveil.find("etc/1"), scenes(120, (16, 16, 3)))
    run(attack, replace(given, targets=given.targets[:2], scheme=None, fields={}))


class Made(Attack):
    """An attack made of one function of the view and the number of steps."""

    id, needs, paper = "made", frozenset(), "test"

    def __init__(self, act: Any, *needs: str) -> None:
        self.act, self.needs = act, frozenset(needs)

    def guess(self, view: View, rng: Any, steps: int) -> Guess:
        del rng
        found = self.act(view, steps)
        return Guess(np.zeros((len(view.targets), *view.shape), np.uint8) if found is None else found)


def test_no_view_carries_a_key_outside_the_calls_that_encrypt() -> None:
    def look(view: View, _: int) -> None:
        seen: set[int] = set()
        todo: list[Any] = [view]
        while todo:
            one = todo.pop()
            assert not isinstance(one, Key)
            if id(one) not in seen:
                seen.add(id(one))
                todo += [part for part in gc.get_referents(one) if isinstance(part, (dict, list, tuple, Key))]

    play(imveil.find("negpos/1"), IMAGES, Made(look, *NEEDS - {"oracle", "simulate"}), terms=TERMS)


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((12, 32, 32, 1), np.uint8), np.zeros((11, 32, 32, 3), np.uint8), np.zeros((12, 32, 32, 3)), "none"],
    ids=["channels", "number", "dtype", "nothing"],
)
def test_a_guess_of_the_wrong_shape_is_an_error(wrong: Any) -> None:
    with pytest.raises(BadShape, match="a guess is uint8"):
        play(imveil.find("plain/1"), IMAGES, Made(lambda *_: wrong), terms=TERMS)


def test_what_is_no_view_is_refused() -> None:
    for given in (None, IMAGES):
        with pytest.raises(BadInput, match=r"the attack fold needs a View, .* came"):
            attacks.find("fold").run(given)  # type: ignore[arg-type]


def test_the_oracle_counts_and_refuses() -> None:
    def asks(view: View, steps: int) -> None:
        assert view.oracle is not None
        for n in (1, 2, steps):
            view.oracle(np.zeros((n, *view.shape), np.uint8))

    scheme, attack = imveil.find("negpos/1"), Made(asks, "oracle")
    limited = Terms(targets=4, queries=5, gallery=8)
    assert play(scheme, IMAGES, attack, terms=limited, steps=2).facts["found"]["queries"] == 5
    with pytest.raises(BadInput, match="answers 5 queries, 6"):
        play(scheme, IMAGES, attack, terms=limited, steps=3)


def test_unknown_attacks_are_named_with_the_nearest() -> None:
    with pytest.raises(imveil.UnknownName, match="fold"):
        attacks.find("folds")
