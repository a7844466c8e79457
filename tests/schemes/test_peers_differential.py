"""Random keys through other people's code and ours: the same bytes, both ways, where the extra `peers` is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imveil
from variants import pictures

schemes = pytest.importorskip("scramblekit.scramble", reason="the extra `peers` is not installed")

CASES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "LE": ("le/1", {}, lambda seed, _: schemes.LE(seed)),
    "LE, blocks of 8": ("le/1", {"block": 8}, lambda seed, _: schemes.LE(seed, block_size=8)),
    "ELE": ("ele/1", {}, lambda seed, size: schemes.ELE(seed, image_size=size)),
    "EtC": ("etc/1", {}, lambda seed, size: schemes.EtC(seed, image_size=size, channel_mode="permutation")),
    "EtC, blocks of 16": (
        "etc/1",
        {"block": 16},
        lambda seed, size: schemes.EtC(seed, block_size=16, image_size=size, channel_mode="permutation"),
    ),
    "EtC, in place": ("etc-inplace/1", {}, lambda seed, size: schemes.EtC(seed, image_size=size)),
    "PE": ("negpos/1", {}, lambda seed, size: schemes.PE(seed, image_size=size, channel_mode="permutation")),
    "PE, in place": ("negpos-inplace/1", {}, lambda seed, size: schemes.PE(seed, image_size=size)),
}


@pytest.mark.parametrize("size", [(32, 32), (48, 64)], ids=str)
@pytest.mark.parametrize("case", CASES)
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_same_bytes(case: str, size: tuple[int, int], seed: int) -> None:
    id, fields, make = CASES[case]
    theirs = make(seed, size)
    images = pictures(f"differential {seed}", (3, *size, 3))
    plan = imveil.find(id, **fields).plan_from_material((*size, 3), **theirs.key_arrays())
    cipher = theirs(images, channels_last=True)
    np.testing.assert_array_equal(plan(images), cipher)
    if imveil.find(id).traits.invertible:
        np.testing.assert_array_equal((~plan)(cipher), images)
        np.testing.assert_array_equal(theirs.inverse(plan(images), channels_last=True), images)
