"""second-order: every fixed-key scheme with a recipe, undone from its cipher images; and where nothing is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import imveil
from imveil import attacks
from imveil.attacks.base import View
from imveil.attacks.solvers.secondorder.check import smoothness
from imveil.attacks.solvers.secondorder.families import SCHEMES, candidates
from imveil.attacks.solvers.secondorder.match import match
from imveil.attacks.solvers.secondorder.moved import facing, poses
from imveil.attacks.solvers.secondorder.prior import Prior, at_offsets, kernel, places
from imveil.attacks.solvers.secondorder.shared import scattered
from imveil.attacks.solvers.secondorder.signs import signs
from imveil.attacks.solvers.secondorder.solve import solve
from imveil.attacks.solvers.secondorder.units import from_units, to_units
from imveil.keys.key import Key
from imveil.metrics.ssim import ssim_or_negative
from scenes import scenes

SHAPE = (24, 24, 3)
DRAWN = scenes(700, (48, 48, 3), seed=3)[:, :24, :24]
# The colours of pictures go together, green with both others most.
PICTURES = (DRAWN @ np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.3], [0.1, 0.2, 0.6]])).astype(np.uint8)
PRIOR = Prior.of(PICTURES[300:])
EXACT = [("shf/1", {}), ("shf/1", {"block": 2}), ("np-block/1", {}), ("le/1", {})]
OTHER = [("orthogonal/1", {"block": 2}), ("ffx/1", {})]
MOVED = [("etc/1", {}), ("cpe-iib/1", {"block": 8}), ("patch/1", {}), ("ele/1", {})]
PLANES = [("etc-grey/1", {"block": 4})]
WHOLE = [("pixel-shuffle/1", {"unit": unit}) for unit in ("pixel", "sample")]


def ciphers_of(id: str, fields: dict[str, Any], pictures: Any, seed: int = 5) -> Any:
    return imveil.find(id, **fields).encrypt(pictures, Key(bytes([seed] * 32))).images


def alike(guess: Any, truth: Any) -> float:
    """Share of equal samples, of the better of all turns, colour orders and the negative."""
    turned = [np.rot90(guess, quarter, (1, 2)) for quarter in range(4)]
    turned += [one[:, :, ::-1] for one in turned]
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    return max(
        float((one[..., order] == truth ^ mask).mean()) for one in turned for order in orders for mask in (0, 255)
    )


@pytest.mark.parametrize(("id", "fields"), EXACT + MOVED + OTHER + PLANES + WHOLE, ids=str)
def test_unseen_pictures_come_back(id: str, fields: dict[str, Any]) -> None:
    # Made-up scenes have no up and down and no colour of their own, so a turn or an order of colours may stay open.
    scheme = imveil.find(id, **fields)
    found = solve(ciphers_of(id, fields, PICTURES[:300]), scheme=id, fields=scheme.config(), prior=PRIOR)
    assert found is not None
    unseen = PICTURES[300:340]
    guess = found.undo(ciphers_of(id, fields, unseen))
    assert alike(guess, scheme.returned(unseen)) > 0.97
    near = 0.01 + 2 * scheme.traits.error
    np.testing.assert_allclose(found.plan(guess).astype(float), ciphers_of(id, fields, unseen), atol=near)


@pytest.mark.parametrize("id", ["shf/1", "le/1"])
def test_no_public_picture_is_needed(id: str) -> None:
    found = solve(ciphers_of(id, {}, PICTURES[:300]), scheme=id, fields={"block": 4}, prior=Prior.made())
    assert found is not None
    assert alike(found.undo(ciphers_of(id, {}, PICTURES[300:340])), PICTURES[300:340]) > 0.97


@pytest.mark.parametrize("id", ["shf/1", "le/1", "patch/1"])
def test_the_scheme_need_not_be_told(id: str) -> None:
    found = solve(ciphers_of(id, {}, PICTURES[:200, :16, :16]), prior=PRIOR)
    assert found is not None
    assert (found.family, found.block) == (SCHEMES[id[:-2]][0], 4)


def test_the_order_inside_moved_blocks_needs_one_image() -> None:
    block = 4
    one = np.concatenate([np.concatenate(PICTURES[i * 6 : i * 6 + 6], axis=1) for i in range(6)])[None]
    units = to_units(ciphers_of("patch/1", {}, one), block)
    numbers = np.tile(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), (*[side // 4 for side in one.shape[1:3]], 1))
    truth = to_units(ciphers_of("patch/1", {}, numbers[None]), block)[0, 0, 0]
    shown = truth[scattered(units, block, 3, PRIOR)]
    assert any((shown == code).all() for code in poses(block, 3))


@pytest.mark.parametrize("n", [1, 30, 300])
def test_nothing_is_found_in_noise(n: int) -> None:
    blank = np.zeros((n, *SHAPE), np.uint8)
    noise = imveil.find("aes-ctr-control/1").encrypt(blank, Key(bytes(32)), [str(i) for i in range(n)]).images
    for id in ("shf/1", "le/1", "etc/1", "ele/1", "patch/1"):
        assert solve(noise, scheme=id, fields={"block": 4}) is None


def test_where_colours_are_lost_the_rest_comes_back() -> None:
    pictures = (DRAWN @ np.array([[0.5, 0.3, 0.2], [0.2, 0.6, 0.2], [0.2, 0.3, 0.5]])).astype(np.uint8)
    hidden, unseen = ciphers_of("etc-inplace/1", {}, pictures[:300]), pictures[300:320]
    found = solve(hidden, scheme="etc-inplace/1", fields={"block": 4}, prior=Prior.of(pictures[300:]))
    assert found is not None
    assert found.confidence < 0.9  # blocks that lost other colours differ for good
    guess = found.undo(ciphers_of("etc-inplace/1", {}, unseen))
    ways = [np.rot90(one, quarter, (1, 2)) for one in (guess, guess[:, :, ::-1]) for quarter in range(4)]
    assert max(ssim_or_negative(unseen, np.ascontiguousarray(way)).mean() for way in ways) > 0.6


@pytest.mark.parametrize("id", ["shf/1", "etc/1", "ele/1", "etc-inplace/1"])
def test_two_keys_in_one_set_are_not_found(id: str) -> None:
    half = PICTURES[:150], PICTURES[150:300]
    mixed = np.concatenate([ciphers_of(id, {}, some, seed) for seed, some in enumerate(half)])
    assert solve(mixed, scheme=id, fields={"block": 4}, prior=PRIOR) is None


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_too_few_images_give_no_plan_for_blocks_that_moved(n: int) -> None:
    for id in ("etc/1", "ele/1", "patch/1", "etc-inplace/1"):
        assert solve(ciphers_of(id, {}, PICTURES[:n]), scheme=id, fields={"block": 4}, prior=PRIOR) is None


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 4, 3), (4, 8, 1), (4, 12, 1), (4, 24, 1), (8, 8, 4)], ids=str)
@pytest.mark.parametrize("n", [1, 3, 9])
def test_no_size_is_too_small(shape: tuple[int, int, int], n: int) -> None:
    rng = np.random.default_rng(1)
    smooth = (rng.integers(0, 256, (n, 1, 1, 1)) + rng.integers(0, 9, (n, *shape))).clip(0, 255).astype(np.uint8)
    for images in (smooth, np.full((n, *shape), 9, np.uint8)):
        for id in ("shf/1", "le/1", "etc/1", "ele/1", "patch/1", "etc-grey/1", None):
            view = View(images, shape, scheme=id, fields={"block": 4}, ciphers=images, public=images)
            for name in ("second-order", "second-order-public", "second-order-alone"):
                attacks.find(name).run(view, np.random.default_rng(0), 0).checked(view)


@pytest.mark.parametrize("n", [3, 30, 300])
def test_nothing_is_found_in_planes_of_noise_or_of_two_keys(n: int) -> None:
    noise = np.random.default_rng(n).integers(0, 256, (n, 24, 72, 1)).astype(np.uint8)
    half = PICTURES[: n // 2], PICTURES[n // 2 : n]
    mixed = np.concatenate([ciphers_of("etc-grey/1", {"block": 4}, some, seed) for seed, some in enumerate(half)])
    for ciphers in (noise, mixed):
        assert solve(ciphers, scheme="etc-grey/1", fields={"block": 4}, prior=PRIOR) is None


def test_grey_images_have_no_colours_to_lose() -> None:
    lossy, planes = SCHEMES["etc-inplace"][0], SCHEMES["etc-grey"][0]
    asked = {channels: {name for name, _ in candidates(None, {}, "uint8", (24, 72, channels))} for channels in (1, 3)}
    assert lossy not in asked[1]
    assert lossy in asked[3]
    assert planes in asked[1]
    assert planes not in asked[3]


@pytest.mark.parametrize("turned", [(1, 0), (0, 1), (2, 1)], ids=str)
def test_rows_of_blocks_that_face_the_wrong_way_are_turned_back(turned: tuple[int, int]) -> None:
    """By a quarter turn so often, and a flip."""
    block, grid = 8, (3, 3)
    units = to_units(PICTURES[:60], block).reshape(60, 9, -1)
    whole = np.arange(block * block * 3).reshape(block, block, 3)
    quarter, flip = turned
    at = np.rot90(whole[:, ::-1] if flip else whole, quarter).ravel()
    found = np.tile(whole.ravel(), (9, 1))
    found[3:6] = at  # the middle row
    assert (facing(units, found, grid, block) == whole.ravel()).all()


def test_the_check_tells_pictures_from_a_wrong_plan() -> None:
    units = to_units(PICTURES[:100], 4)
    swapped = units.copy()
    swapped[..., [0, 20, 9, 41]] = units[..., [20, 0, 41, 9]]  # two pairs of 48
    assert smoothness(PICTURES[:100], 4)[1] > 0.97 > smoothness(from_units(swapped, 4), 4)[1]


def test_whole_blocks_in_a_wrong_order_are_told_from_pictures() -> None:
    units = to_units(PICTURES[:100], 4)
    n, down, across, size = units.shape
    order = np.random.default_rng(1).permutation(down * across)
    moved = units.reshape(n, down * across, size)[:, order].reshape(units.shape)
    assert smoothness(from_units(moved, 4), 4)[1] < 0.8 < 0.97 < smoothness(PICTURES[:100], 4)[1]


def test_signs_and_places_of_a_planted_plan() -> None:
    values = np.random.default_rng(2).normal(size=(500, 1)) + np.random.default_rng(3).normal(size=(500, 9)) * 0.5
    planted = np.where(np.arange(9) % 3 == 0, -1.0, 1.0)
    found = signs(np.corrcoef((values * planted).T))
    assert abs((found * planted).sum()) == 9
    here = places(3, 4, 1)
    theirs = at_offsets(kernel(*[PICTURES[:, :, :, :1] / 64 - 2] * 2, 5), here, here)
    order = np.random.default_rng(4).permutation(12)
    found_order, _ = match([theirs[np.ix_(order, order)]], [theirs])
    moved = theirs[np.ix_(order, order)][np.ix_(found_order, found_order)]
    np.testing.assert_allclose(moved, theirs, atol=0.05)
