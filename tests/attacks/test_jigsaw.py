"""jigsaw: blocks of a photograph find their neighbours again, in each of the ways that schemes scramble them."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from scripts.records.puzzles import STEPS, Rung, climbed, middle, ratios, scrambled

import imveil
from imveil import attacks
from imveil.attacks.solvers.puzzle.guess import Scrambled, restored
from imveil.attacks.solvers.puzzle.inside import inside
from imveil.attacks.solvers.puzzle.luma import luma_odds
from imveil.attacks.solvers.puzzle.poses import TURN_INVERSE, TURN_TABLE, turned, values
from imveil.attacks.solvers.puzzle.solve import solve
from imveil.audit.game.challenger import key_of
from imveil.audit.game.referee import play
from imveil.audit.game.split import Terms
from imveil.plans.blocks import to_blocks

ROWS, COLUMNS, SIDE = 6, 8, 32
RUNG = Rung("etc/1", SIDE, STEPS[:1])


def draw() -> np.random.Generator:
    return np.random.default_rng(0)


def photograph() -> Any:
    """A photograph that comes with scikit-image, (192, 256, 3)."""
    data = pytest.importorskip("skimage.data", reason="scikit-image carries the photograph")
    return np.ascontiguousarray(data.astronaut()[: ROWS * SIDE, 100 : 100 + COLUMNS * SIDE])


@pytest.mark.parametrize("steps", range(1, len(STEPS) + 1), ids=lambda k: " + ".join(STEPS[:k]))
def test_blocks_find_their_neighbours(steps: int) -> None:
    found, _ = climbed(Rung("etc/1", SIDE, STEPS[:steps]), photograph(), seed=5)
    assert found.neighbour >= 0.8


def test_blocks_find_their_neighbours_from_any_key() -> None:
    orders = [restored(scrambled(RUNG, photograph(), seed)[0], SIDE, RUNG.how, draw()).order for seed in range(3)]
    assert len({order.tobytes() for order in orders}) == 3
    for order in orders:
        assert sorted(order.ravel()) == list(range(ROWS * COLUMNS))


def test_what_is_bred_is_worth_no_less_than_the_tree() -> None:
    cut = to_blocks(scrambled(RUNG, photograph(), 0)[0], 16)
    how = {"turns": 1, "negatives": False, "colours": False}
    worth = [solve(cut, 2 * ROWS, 2 * COLUMNS, draw(), **how, generations=g).worth for g in (0, 5)]
    assert worth[1] <= worth[0]


def test_a_frame_on_its_side_is_found() -> None:
    cut = to_blocks(photograph(), SIDE)
    solved = solve(cut, COLUMNS, ROWS, draw(), turns=1, negatives=False, colours=False, either=True)
    np.testing.assert_array_equal(solved.picture(cut), turned(photograph(), 1))


@pytest.mark.parametrize(("side", "channels"), [(4, 3), (8, 3), (8, 1)])
def test_a_shuffle_that_all_blocks_share_is_undone(side: int, channels: int) -> None:
    cut = to_blocks(photograph()[..., :channels], side)
    flat = cut.reshape(len(cut), -1)
    shuffle = draw().permutation(flat.shape[1])
    found = flat[:, shuffle][:, inside(flat[:, shuffle].reshape(cut.shape))]
    ways = [
        np.stack([turned(block, d)[..., list(o)] for block in cut])
        for d in range(8)
        for o in permutations(range(channels))
    ]
    assert max(float((way == found).mean()) for way in ways) == 1


@pytest.mark.parametrize("size", [(96, 160), (128, 128)], ids=["oblong", "square"])
def test_shuffled_inside_and_out(size: Any) -> None:
    found, _ = climbed(Rung("patch/1", 8, ("inside", "shuffle")), middle(photograph(), size), seed=1)
    assert found.neighbour >= 0.5


def test_blocks_in_place_are_set_right_by_their_seams() -> None:
    picture = photograph()
    scheme = imveil.find("shf/1", block=8)
    cipher = scheme.encrypt(picture[None], key_of(0, "test")).images[0]
    found = restored(cipher, 8, Scrambled(inside=True, moved=False), draw()).picture
    assert (found == picture).all(axis=2).mean() > 0.99


def test_luma_is_told_from_colour_differences() -> None:
    rung = Rung("etc-grey/1", 8, STEPS[:4])
    cipher, truth = scrambled(rung, photograph(), 0)
    likely = np.argsort(-luma_odds(to_blocks(cipher, 8)))
    assert np.isin(likely[: truth.size], truth).mean() > 0.7
    assert np.isin(likely[: 2 * truth.size], truth).sum() > 0.9 * truth.size


def test_grey_blocks_find_their_neighbours() -> None:
    found, picture = climbed(Rung("etc-grey/1", SIDE, STEPS[:1]), photograph(), seed=0)
    assert found.neighbour >= 0.8
    assert picture.shape == (ROWS * SIDE, COLUMNS * SIDE, 1)


def test_the_attack_recovers_a_picture_of_shuffled_blocks() -> None:
    scheme = imveil.find("patch/1", block=SIDE, pixels=False)
    images = np.stack([photograph(), photograph()[::-1]])
    assert attacks.find("jigsaw").suits(scheme)
    assert play(scheme, images, "jigsaw", terms=Terms(targets=1, gallery=2), against_noise=False).value > 0.8


def test_the_grey_attack_recovers_a_grey_picture() -> None:
    scheme = imveil.find("etc-grey/1", block=SIDE)
    images = np.stack([photograph(), photograph()[::-1]])
    assert attacks.find("jigsaw-grey").suits(scheme)
    found = play(scheme, images, "jigsaw-grey", terms=Terms(targets=1, gallery=2), against_noise=False)
    assert found.facts["found"]["notes"]["joined"] > 0.8


def test_turns_and_values_compose_as_their_tables_say() -> None:
    piece = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    shown = values(3, True, True)
    for a in range(8):
        np.testing.assert_array_equal(turned(turned(piece, a), int(TURN_INVERSE[a])), piece)
        for b in range(8):
            np.testing.assert_array_equal(turned(turned(piece, b), a), turned(piece, int(TURN_TABLE[a, b])))
    for a in range(12):
        for b in range(12):
            twice = shown.shown(shown.shown(piece, b), a)
            np.testing.assert_array_equal(twice, shown.shown(piece, int(shown.table[a, b])))


def test_ratios_of_a_shifted_picture() -> None:
    truth = np.arange(20).reshape(4, 5)
    assert ratios(truth, truth) == (1.0, 1.0, 1.0)
    assert ratios(truth, np.roll(truth, 1, axis=1)) == (0.0, (16 - 4 + 15) / 31, 0.8)
