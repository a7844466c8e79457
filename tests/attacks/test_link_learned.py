"""link-learned: schemes under a key for each picture are told apart by what was learnt, random bytes are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import imveil
from imveil.attacks.base import View
from imveil.attacks.solvers.linkage import linked
from imveil.audit.game.referee import game
from imveil.audit.game.split import Terms
from scenes import scenes

PICTURES = scenes(700, (32, 32, 3), seed=4)[:, :16, :16]
TERMS = Terms(targets=30, public=300, gallery=300)


@pytest.mark.parametrize(
    ("id", "fields"), [("negpos/1", {"per_image": True}), ("pevit-rs/1", {}), ("patch/1", {}), ("etc/1", {})], ids=str
)
def test_a_key_for_each_picture_does_not_hide_whose_it_is(id: str, fields: dict[str, Any]) -> None:
    found = game(imveil.find(id, **fields), PICTURES, "link-learned", terms=TERMS, against_noise=False)
    assert found.score.identified > 0.9
    assert found.guess.notes["correlation"] > 0.9


def test_nothing_is_learnt_of_random_bytes() -> None:
    found = game(imveil.find("aes-ctr-control/1"), PICTURES, "link-learned", terms=TERMS, against_noise=False)
    assert found.score.identified < 0.1


@pytest.mark.parametrize("public", [PICTURES[:10], None])
def test_without_pairs_it_guesses(public: Any) -> None:
    view = View(PICTURES[:5], shape=(16, 16, 3), gallery=PICTURES[:50], public=public, simulate=lambda x: x)
    pick, correlation = linked(view, np.random.default_rng(0), 2)
    assert pick.shape == (5,)
    assert correlation == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 5, 1), (8, 8, 4)])
def test_pictures_of_any_size_and_colours(shape: tuple[int, int, int]) -> None:
    drawn = np.random.default_rng(0).integers(0, 256, (60, *shape), np.uint8)
    view = View(drawn[:5], shape=shape, gallery=drawn, public=drawn, simulate=lambda x: 255 - x)
    assert linked(view, np.random.default_rng(0), 2)[0].shape == (5,)


def test_flat_pictures_are_no_trouble() -> None:
    flat = np.zeros((60, 8, 8, 3), np.uint8)
    view = View(flat[:5], shape=(8, 8, 3), gallery=flat, public=flat, simulate=lambda x: x)
    assert linked(view, np.random.default_rng(0), 2)[0].shape == (5,)
