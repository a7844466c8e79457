"""fixed-permutation: what it puts in order, with and without public pictures, and where it keeps its hands off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import imveil
from imveil import attacks
from imveil.attacks.base import View
from imveil.attacks.solvers.order.guess import whole_pixels
from imveil.attacks.solvers.order.pixels import gathered
from imveil.attacks.solvers.order.solve import arranged, corners, partners, squares, turns, upright
from imveil.audit.game.referee import Played, game
from imveil.audit.game.split import Terms
from scenes import scenes


def cut(n: int, shape: tuple[int, int, int]) -> Any:
    """A quarter of made-up scenes: the whole of one meets itself at the borders, as no picture does."""
    h, w, c = shape
    return scenes(n, (2 * h, 2 * w, c), seed=3)[:, :h, :w]


SMALL = cut(700, (12, 14, 3))


def against(attack: str, id: str, images: Any = SMALL, ciphers: int = 200, **fields: Any) -> Played:
    terms = Terms(targets=10, ciphers=ciphers, public=400, gallery=40)
    return game(imveil.find(id, **fields), images, attack, terms=terms, against_noise=False)


@pytest.mark.parametrize("images", [SMALL, SMALL[..., :1], cut(300, (12, 12, 3))], ids=["colour", "grey", "square"])
def test_alone_it_finds_the_order_up_to_a_turn(images: Any) -> None:
    found = against("fixed-permutation", "pixel-shuffle/1", images)
    guess, truth = found.guess.images, found.split.targets
    turned = [np.rot90(guess, quarter, (1, 2)) for quarter in range(4)]
    turned += [one[:, :, ::-1] for one in turned]
    assert max((one == truth).mean() for one in turned if one.shape == truth.shape) > 0.95


@pytest.mark.parametrize(
    ("id", "fields"),
    [
        ("pixel-shuffle/1", {}),
        ("pixel-shuffle/1", {"unit": "sample"}),
        ("shf/1", {"block": 2}),
        ("patch/1", {"block": 2}),
        ("plain/1", {}),
    ],
    ids=str,
)
def test_public_pictures_put_every_permutation_in_order(id: str, fields: dict[str, Any]) -> None:
    # Made-up pictures have no up, down or colour of their own: uneven light, the same in all, stands in for them.
    light = np.random.default_rng(0).uniform(0.3, 1, SMALL.shape[1:])
    tilted = (SMALL * light + np.linspace(60, 0, 12)[:, None, None]).clip(0, 255).astype(np.uint8)
    found = against("fixed-permutation-public", id, tilted, ciphers=280, **fields)
    assert found.score.recovery > 0.8
    assert found.guess.plan is not None
    made = found.guess.plan(found.guess.images)
    np.testing.assert_array_equal(made, found.view.targets)


@pytest.mark.parametrize("id", ["aes-xor/1", "negpos/1", "aes-ctr-control/1"])
def test_what_is_no_permutation_is_left_as_it_is(id: str) -> None:
    for attack in ("fixed-permutation", "fixed-permutation-public"):
        found = against(attack, id)
        assert found.guess.notes["units"] == 0
        np.testing.assert_array_equal(found.guess.images, found.view.targets)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (2, 2, 1), (3, 2, 4)], ids=str)
@pytest.mark.parametrize("n", [1, 3, 9])
def test_no_size_is_too_small(shape: tuple[int, int, int], n: int) -> None:
    rng = np.random.default_rng(1)
    smooth = rng.integers(0, 256, (n, 1, 1, 1)) + rng.integers(0, 9, (n, *shape))
    for images in (smooth.clip(0, 255).astype(np.uint8), np.full((n, *shape), 9, np.uint8)):
        view = View(images, shape, ciphers=images, public=images)
        for name in ("fixed-permutation", "fixed-permutation-public"):
            attacks.find(name).run(view, np.random.default_rng(0), 0).checked(view)


# the solver


def test_steps_from_corners_are_coordinates() -> None:
    rng = np.random.default_rng(0)
    row, column = np.unravel_index(rng.permutation(35), (5, 7))
    steps = np.abs(row[:, None] - row) + np.abs(column[:, None] - column)
    found = corners(steps.astype(float), (5, 7))
    for axis, truth in enumerate((row, column)):
        assert abs(np.corrcoef(found[:, axis], truth)[0, 1]) > 0.999


def test_edges_that_close_no_square_are_dropped() -> None:
    row, column = np.unravel_index(np.arange(36), (6, 6))
    strong = (np.abs(row[:, None] - row) + np.abs(column[:, None] - column) == 1) * 0.3
    grid = strong > 0
    strong[0, 35] = strong[35, 0] = 0.5
    np.testing.assert_array_equal(squares(strong, 0.5), grid)


def test_neighbours_have_the_large_partial_correlations() -> None:
    values = SMALL[..., 0].reshape(len(SMALL), -1).T
    found = partners(np.corrcoef(values), 0.01)
    row, column = np.unravel_index(np.arange(12 * 14), (12, 14))
    beside = np.abs(row[:, None] - row) + np.abs(column[:, None] - column) == 1
    assert beside[np.arange(len(found)), found.argmax(axis=1)].mean() > 0.98


def test_turns_are_all_different_and_keep_the_shape() -> None:
    assert len({some.tobytes() for some in turns(np.arange(16), (4, 4))}) == 8
    assert len({some.tobytes() for some in turns(np.arange(12), (3, 4))}) == 4


def test_light_comes_from_above() -> None:
    rng = np.random.default_rng(0)
    values = np.linspace(200, 40, 8)[:, None, None] + 10 * np.sin(np.linspace(0, np.pi, 8))[:, None] * np.ones(50)
    values = (values + rng.normal(0, 3, values.shape)).reshape(64, -1)
    for order in turns(np.arange(64), (8, 8)):
        found = values[upright(values, order, (8, 8))].mean(axis=1).reshape(8, 8)
        assert (np.diff(found.mean(axis=1)) < 0).all()


def test_whole_pixels_are_told_from_single_samples() -> None:
    samples = SMALL.reshape(len(SMALL), -1, 3)
    order = np.random.default_rng(0).permutation(samples[0].size)
    assert whole_pixels(samples)
    assert not whole_pixels(samples.reshape(len(samples), -1)[:, order].reshape(samples.shape))


TINTED = (SMALL @ np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.3], [0.1, 0.2, 0.6]])).astype(np.uint8)


def test_samples_are_gathered_to_pixels_and_colours_told_apart() -> None:
    values = TINTED.reshape(len(TINTED), -1).T
    order = np.random.default_rng(1).permutation(len(values))
    found = order[gathered(values[order], 3)]
    assert (found // 3 == found[:, :1] // 3).mean() > 0.99
    assert (found % 3 == found[:1] % 3).mean() > 0.99


@pytest.mark.parametrize(("units", "images"), [(12, 2), (12, 3), (6, 40), (3, 5)])
def test_every_sample_belongs_to_one_pixel_whatever_comes(units: int, images: int) -> None:
    for values in (np.zeros((units, images)), np.random.default_rng(0).integers(0, 256, (units, images))):
        np.testing.assert_array_equal(np.sort(gathered(values, 3).ravel()), np.arange(units))


def test_too_few_observations_give_some_order() -> None:
    np.testing.assert_array_equal(np.sort(arranged(np.zeros((6, 5)), (2, 3))), np.arange(6))
