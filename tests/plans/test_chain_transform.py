"""Chains: compiled and plain loops agree, and a change anywhere reaches everywhere."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imveil
from imveil.errors import BadDtype, BadShape
from imveil.plans.transforms import chain
from imveil.plans.transforms.chain import Chain, Pass
from variants import pictures

KEY = imveil.Key(bytes(range(32)))


def a_pass(rng: Any, n: int) -> Pass:
    order = None if rng.integers(2) else rng.permutation(n).astype(np.int32)
    table = rng.permutation(256).astype(np.uint8)
    mask = rng.integers(0, 256, n, np.uint8)
    return Pass(order, mask, table, int(rng.integers(256)), bool(rng.integers(2)))


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 9), h=st.integers(1, 5), passes=st.integers(1, 4))
def test_compiled_and_plain_loops_agree(seed: int, n: int, h: int, passes: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (h, 3, 2)
    one = Chain(shape, tuple(a_pass(rng, h * 6) for _ in range(passes)))
    images = rng.integers(0, 256, (n, *shape), np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain, "_loops", lambda *_: (chain._substitute, chain._restore))
        plain, back = one(images), (~one)(one(images))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain, "_MOST_STEPS", 0)
        np.testing.assert_array_equal(one(images), plain)
        np.testing.assert_array_equal((~one)(plain), images)
    np.testing.assert_array_equal(back, images)


def test_in_place_and_into_an_array() -> None:
    one = imveil.find("diffuse/1").plan(KEY, (8, 8, 3))
    images = pictures("in place", (5, 8, 8, 3))
    expected = one(images)
    out = np.empty_like(images)
    assert one(images, out=out) is out
    np.testing.assert_array_equal(out, expected)
    one(images, out=images)
    np.testing.assert_array_equal(images, expected)
    with pytest.raises(BadShape, match="out must be"):
        one(expected, out=np.empty((5, 8, 8, 3), np.float32))
    with pytest.raises(BadShape, match="for images"):
        one(expected[:, :4])
    with pytest.raises(BadDtype, match="takes uint8"):
        one(expected.astype(np.int64))


def test_a_chain_shows_nothing_and_can_be_sent_to_a_worker() -> None:
    one = imveil.find("diffuse/1").plan(KEY, (4, 4, 1))
    assert repr(one) == "Chain(shape=(4, 4, 1), uint8 to uint8)"
    images = pictures("pickle", (2, 4, 4, 1))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(one))(images), one(images))


def changes(scheme: Any, count: int, shape: tuple[int, int, int]) -> tuple[float, float, float]:
    """Mean NPCR and UACI and the lowest NPCR, in percent, over pictures of which one random bit was changed."""
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, (count, *shape), np.uint8)
    images[::2] = 0  # flat pictures too
    changed = images.reshape(count, -1).copy()
    at = rng.integers(0, changed.shape[1], count)
    changed[np.arange(count), at] ^= (1 << rng.integers(0, 8, count)).astype(np.uint8)
    plan = scheme.plan(KEY, shape)
    apart = np.abs(plan(images).astype(int) - plan(changed.reshape(images.shape))).reshape(count, -1)
    npcr = 100 * (apart > 0).mean(1)
    return float(npcr.mean()), float(100 * apart.mean() / 255), float(npcr.min())


def test_one_bit_changes_the_cipher_as_if_drawn_anew() -> None:
    # Two random images differ in 255/256 of their samples, by 257/768 of the range (Wu, Noonan, Agaian 2011).
    npcr, uaci, least = changes(imveil.find("diffuse/1"), 400, (32, 32, 3))
    assert abs(npcr - 100 * 255 / 256) < 0.03
    assert abs(uaci - 100 * 257 / 768) < 0.2
    assert least > 98.9


@pytest.mark.parametrize("fields", [{"rounds": 1}, {"backward": False}, {"rounds": 1, "backward": False}])
def test_less_than_two_rounds_both_ways_falls_short(fields: dict[str, Any]) -> None:
    _, _, least = changes(imveil.find("diffuse/1", **fields), 400, (32, 32, 3))
    assert least < 90


def test_every_sample_of_the_cipher_depends_on_every_sample_of_the_picture() -> None:
    plan = imveil.find("diffuse/1").plan(KEY, (3, 4, 2))
    images = pictures("depends", (40, 3, 4, 2))
    before = plan(images)
    for at in np.ndindex(3, 4, 2):
        changed = images.copy()
        changed[(slice(None), *at)] ^= 128
        assert (plan(changed) != before).any(axis=0).all()
