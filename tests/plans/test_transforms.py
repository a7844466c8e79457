"""What lies outside the group of plans: the table of ffx/1, colour conversion, steps one after the other."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imveil
from imveil.errors import BadDtype, BadInput, BadMaterial, BadShape
from imveil.plans.plan import Plan
from imveil.plans.steps import Steps
from imveil.plans.transforms.lookup import Table
from imveil.plans.transforms.ycbcr import ERROR, Planes, from_ycbcr, to_ycbcr
from variants import pictures

KEY = imveil.Key(bytes(range(32)))
samples = st.integers(0, 255)


def rounded(value: Fraction) -> int:
    return min(255, max(0, floor(value + Fraction(1, 2))))


@given(samples, samples, samples)
def test_colours_are_converted_as_jfif_says(r: int, g: int, b: int) -> None:
    y = Fraction(299 * r + 587 * g + 114 * b, 1000)
    exact = [y, (b - y) / Fraction("1.772") + 128, (r - y) / Fraction("1.402") + 128]
    assert to_ycbcr(np.array([r, g, b], np.uint8)).tolist() == [rounded(v) for v in exact]


@given(samples, samples, samples)
def test_colours_are_converted_back_as_jfif_says(y: int, cb: int, cr: int) -> None:
    r = y + Fraction("1.402") * (cr - 128)
    b = y + Fraction("1.772") * (cb - 128)
    # the green that has luma y together with that red and blue
    g = (y - Fraction("0.299") * r - Fraction("0.114") * b) / Fraction("0.587")
    assert from_ycbcr(np.array([y, cb, cr], np.uint8)).tolist() == [rounded(v) for v in (r, g, b)]


def test_the_largest_error_of_all_colours() -> None:
    g, b = np.mgrid[0:256, 0:256].astype(np.uint8)
    counts = np.zeros(256, np.int64)
    for r in range(256):
        colours = np.stack([np.full_like(g, r), g, b], axis=-1)
        back = from_ycbcr(to_ycbcr(colours))
        counts += np.bincount(np.abs(back.astype(np.int16) - colours).ravel(), minlength=256)
    assert counts.sum() == 3 << 24
    assert np.flatnonzero(counts).max() == ERROR == imveil.find("etc-grey/1").traits.error
    assert 0.67 < counts[0] / counts.sum() < 0.68, "the docstring says that two samples of three are exact"


def test_planes_lie_side_by_side() -> None:
    images = pictures("planes", (2, 4, 6, 3))
    grey = Planes((4, 6))(images)
    assert grey.shape == (2, 4, 18, 1)
    np.testing.assert_array_equal(grey[..., 6:12, 0], to_ycbcr(images)[..., 1])
    np.testing.assert_array_equal((~Planes((4, 6)))(grey), from_ycbcr(to_ycbcr(images)))


def table(shape: tuple[int, int, int]) -> Table:
    values = np.random.default_rng(0).permutation(1000)[:256].astype(np.uint16)
    return Table(shape, np.arange(int(np.prod(shape))).reshape(shape) % 3 == 0, values, 1000)


def test_a_table_and_back() -> None:
    images = np.arange(256 * 3, dtype=np.uint8).reshape(1, 16, 16, 3)
    one = table((16, 16, 3))
    out = np.empty(images.shape, np.uint16)
    assert one(images, out=out) is out
    np.testing.assert_array_equal(out[~np.broadcast_to(one.where, out.shape)] >> 8, 0)
    np.testing.assert_array_equal((~one)(out), images)
    np.testing.assert_array_equal((~~one)(images), out)


def test_samples_outside_the_table() -> None:
    one = ~table((1, 1, 3))
    missing = next(v for v in range(256, 1000) if v not in one.values)
    assert one(np.full((1, 1, 1, 3), missing, np.uint16)).ravel().tolist() == [missing & 255] * 3
    with pytest.raises(BadInput, match=r"0\.\.999, got 1000"):
        one(np.full((1, 1, 1, 3), 1000, np.uint16))
    with pytest.raises(BadDtype, match="uint16"):
        one(np.zeros((1, 1, 1, 3), np.uint8))


def test_a_table_that_loses_values_is_refused() -> None:
    scheme = imveil.find("ffx/1")
    material = scheme.material(KEY, (4, 4, 3))
    with pytest.raises(BadMaterial, match="different"):
        scheme.plan_from_material((4, 4, 3), **{**material, "lookup": np.zeros(256, int)})


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_steps_write_where_they_are_told(kind: str) -> None:
    images: Any = pictures("steps", (2, 8, 8, 3))
    steps = Steps(Planes((8, 8)), Plan(mask=np.full(192, 7, np.uint8)))
    expected, out = steps(images), np.zeros((2, 8, 24, 1), np.uint8)
    if kind == "torch":
        torch = pytest.importorskip("torch")
        images, out = torch.from_numpy(images), torch.from_numpy(out)
    assert steps(images, out=out) is out
    np.testing.assert_array_equal(np.asarray(out), expected)
    np.testing.assert_array_equal(np.asarray((~steps)(out)), from_ycbcr(to_ycbcr(np.asarray(images))))


def test_grey_ciphers_of_another_shape_are_refused() -> None:
    with pytest.raises(BadShape, match="3 w"):
        imveil.find("etc-grey/1").decrypt(np.zeros((1, 8, 8, 1), np.uint8), KEY)
    with pytest.raises(BadShape, match="3 w"):
        imveil.find("etc-grey/1").decrypt(np.zeros((1, 8, 8, 3), np.uint8), KEY)
    with pytest.raises(BadShape, match="tile"):
        imveil.find("etc-grey/1").encrypt(np.zeros((1, 24, 8 // 2 * 3, 3), np.uint8), KEY)
