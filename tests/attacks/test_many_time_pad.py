"""many-time-pad: what it recovers from made-up and from real pictures, and the solvers behind it."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imveil
from imveil import attacks
from imveil.attacks.base import View
from imveil.attacks.solvers.pad import solve
from imveil.attacks.solvers.pad.colours import arranged
from imveil.attacks.solvers.pad.lattice import pairs, roughness, surroundings
from imveil.attacks.solvers.pad.synchronise import BITS, COLOURS, synchronise
from imveil.audit.game.referee import Played, game
from imveil.audit.game.split import Terms
from scenes import scenes

IMAGES = scenes(80, seed=7)


def against(id: str, images: Any = IMAGES, attack: str = "many-time-pad", ciphers: int = 30, **fields: Any) -> Played:
    terms = Terms(targets=10, ciphers=ciphers, public=30, gallery=40)
    return game(imveil.find(id, **fields), images, attack, terms=terms, against_noise=False)


@pytest.mark.parametrize(
    ("id", "fields"),
    [
        ("aes-xor/1", {}),
        ("logistic-xor/1", {"quantiser": "mantissa"}),
        ("logistic-xor/1", {"quantiser": "floor256", "shuffle": False}),
        ("logistic-xor/1", {"quantiser": "threshold"}),
        ("logistic-xor/1", {"index": "pixel"}),
        ("logistic-xor/1", {"index": "pixel", "quantiser": "threshold"}),
        ("henon-xor/1", {}),
        ("negpos/1", {"colors": False}),
        ("plain/1", {}),
    ],
    ids=str,
)
def test_it_breaks_every_fixed_sequence(id: str, fields: dict[str, Any]) -> None:
    found = against(id, **fields)
    assert found.score.recovery > 0.95
    assert found.score.identified == 1.0
    assert found.guess.notes["pictures"] == 1.0


def test_it_puts_the_colours_of_each_pixel_in_order() -> None:
    found = against("negpos/1")
    # Made-up colours have no names: all that is left open is one order for the whole picture.
    turned = [found.guess.images[..., list(order)] for order in permutations(range(3))]
    truth = found.split.targets
    assert any((some == truth).mean() > 0.99 or (some == 255 - truth).mean() > 0.99 for some in turned)


def test_the_plan_is_the_cipher_up_to_the_sign() -> None:
    found = against("negpos/1", ciphers=60, colors=False)
    assert found.guess.plan is not None
    made = found.guess.plan(found.split.targets)
    assert (made == found.view.targets).all() or (made == 255 - found.view.targets).all()


def test_it_says_where_there_are_no_pictures() -> None:
    found = against("aes-ctr-control/1")
    assert found.guess.notes["pictures"] == 0.0
    assert 0.9 < found.guess.notes["roughness"] < 1.1


def test_public_pictures_tell_the_sign_of_bright_pictures() -> None:
    bright = 255 - scenes(80, seed=7) // 3
    alone = against("aes-xor/1", bright)
    helped = against("aes-xor/1", bright, "many-time-pad-public")
    truth = helped.split.targets.astype(int)
    assert np.abs(truth - helped.guess.images).mean() < 2
    assert np.abs(truth - alone.guess.images).mean() > 100  # taken for dark ones, and so for negatives
    assert alone.score.recovery > 0.95


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (9, 1, 1), (2, 2, 3), (3, 3, 4), (5, 4, 2)], ids=str)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_no_size_is_too_small(shape: tuple[int, int, int], n: int) -> None:
    rng = np.random.default_rng(1)
    for images in (rng.integers(0, 256, (n, *shape), np.uint8), np.full((n, *shape), 9, np.uint8)):
        view = View(images, shape, ciphers=images, public=images)
        for name in ("many-time-pad", "many-time-pad-public"):
            attacks.find(name).run(view, np.random.default_rng(0), 0).checked(view)
            alone = replace(view, ciphers=images[:0], public=images[:0])
            attacks.find(name).run(alone, np.random.default_rng(0), 0).checked(alone)


def test_equal_images_give_flat_pictures() -> None:
    images = np.repeat(imveil.find("aes-xor/1").encrypt(IMAGES[:1], imveil.Key.generate()).images, 5, axis=0)
    assert roughness(solve.solve(images, np.random.default_rng(0))(images)).max() < 12


@pytest.mark.needs_data
def test_hundred_ciphers_of_real_photographs(real_data: Path) -> None:
    from PIL import Image

    whole = [np.asarray(Image.open(file).convert("RGB")) for file in sorted((real_data / "kodak").glob("*.png"))]
    crops = [one[y : y + 32, x : x + 32] for one in whole for y in range(0, 481, 96) for x in range(0, 481, 96)]
    found = against("aes-xor/1", np.stack(crops), ciphers=100)
    assert found.score.psnr is None or found.score.psnr > 43


# the solvers


@given(st.integers(0, 2**32 - 1), st.sampled_from([BITS, COLOURS]))
def test_synchronise_finds_what_all_pairs_agree_on(seed: int, table: Any) -> None:
    rng = np.random.default_rng(seed)
    nodes, group = 40, len(table)
    truth, inverse = rng.integers(0, group, nodes), np.argmin(table, axis=1)
    two = rng.integers(0, nodes, (400, 2))
    two = two[two[:, 0] != two[:, 1]]
    relative = table[truth[two[:, 1]], inverse[truth[two[:, 0]]]]
    sure = rng.random((len(two), 1)) + 0.5
    costs = np.where(np.arange(group) == relative[:, None], 0, sure)
    liars = rng.random(len(two)) < 0.1  # a few pairs lie, but are less sure
    costs[liars] = rng.permuted(costs[liars], axis=1) / 5
    np.testing.assert_array_equal(table[synchronise(two, costs, nodes, table), truth[0]], truth)


def test_the_tables_are_those_of_groups() -> None:
    for table in (BITS, COLOURS):
        each = np.arange(len(table))
        np.testing.assert_array_equal(table[0], each)
        np.testing.assert_array_equal(np.sort(table, axis=1), np.tile(each, (len(table), 1)))
        np.testing.assert_array_equal(table[table][:, :, each], table[each][:, table])


@pytest.mark.parametrize("shape", [(4, 5, 3), (7, 3, 1), (2, 2, 2)], ids=str)
def test_neighbours_are_near(shape: tuple[int, int, int]) -> None:
    h, w, c = shape
    two, _ = pairs(shape)
    place = np.stack(np.unravel_index(np.arange(h * w * c), shape), axis=1)
    assert np.abs(place[two[:, 0]] - place[two[:, 1]])[:, :2].max() == 1
    for reach in range(3):
        around = surroundings(shape, reach)
        assert (around != np.arange(h * w * c)[:, None]).all()
        assert np.abs(place[around] - place[:, None])[..., :2].max() <= max(reach, 1)


def test_colours_in_order_are_left_in_order() -> None:
    samples = IMAGES.reshape(len(IMAGES), -1).T
    assert arranged(samples, (32, 32, 3))[1] < 0.2
    shuffled = np.arange(3072).reshape(-1, 3)
    shuffled = np.random.default_rng(0).permuted(shuffled, axis=1).ravel()
    found, different = arranged(samples[shuffled], (32, 32, 3))
    assert different > 0.7
    columns = shuffled[found].reshape(-1, 3) % 3
    assert (columns == columns[0]).all(axis=1).mean() > 0.9


def test_the_targets_have_no_say_in_the_sequence() -> None:
    pictures = IMAGES[:60]
    mask = np.random.default_rng(4).integers(0, 256, pictures.shape[1:], np.uint8)
    cipher = pictures ^ mask
    views = [View(cipher[a:b], pictures.shape[1:], ciphers=cipher[:20]) for a, b in ((20, 21), (21, 60))]
    first, second = (attacks.find("many-time-pad").run(view, np.random.default_rng(0), 0).plan for view in views)
    assert first is not None
    assert first == second
