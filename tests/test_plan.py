"""Plans: laws on random plans, every way to apply them, and what they refuse."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imveil.cipher.apply import set_threads
from imveil.cipher.plan import Plan
from imveil.errors import BadDtype, BadInput, BadMaterial, BadShape, NotInvertible

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 3, 4]))


def slow(plan: Plan, image: Any) -> Any:
    """One image, one unit at a time, from the definition."""
    data = image.ravel().tolist()
    units = data if plan.unit == 8 else [half for byte in data for half in (byte & 15, byte >> 4)]
    order = range(len(units)) if plan.order is None else plan.order.tolist()
    mask = [0] * len(units) if plan.mask is None else plan.mask.tolist()
    result = [units[j] ^ m for j, m in zip(order, mask, strict=True)]
    if plan.unit == 4:
        result = [low | high << 4 for low, high in zip(result[::2], result[1::2], strict=True)]
    return np.array(result, np.uint8).reshape(image.shape)


@st.composite
def plans(draw: Any, size: int) -> Plan:
    unit = draw(st.sampled_from([4, 8]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    units = size * 8 // unit
    order = rng.permutation(units) if draw(st.booleans()) else None
    mask = rng.integers(0, 1 << unit, units, np.uint8) if draw(st.booleans()) else None
    return Plan(order, mask, unit)


@st.composite
def cases(draw: Any, count: int = 1) -> Any:
    shape = draw(SHAPES)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    images = rng.integers(0, 256, (draw(st.integers(0, 5)), *shape), np.uint8)
    return images, [draw(plans(int(np.prod(shape)))) for _ in range(count)]


@given(cases())
def test_apply_is_the_definition(case: Any) -> None:
    images, [plan] = case
    found = plan(images)
    assert found.shape == images.shape
    for image, result in zip(images, found, strict=True):
        np.testing.assert_array_equal(result, slow(plan, image))


@given(cases())
def test_inverse(case: Any) -> None:
    images, [plan] = case
    np.testing.assert_array_equal((~plan)(plan(images)), images)
    assert ~plan @ plan == Plan() == plan @ ~plan
    assert ~~plan == plan


@given(cases(count=3))
def test_composition(case: Any) -> None:
    images, [a, b, c] = case
    np.testing.assert_array_equal((b @ a)(images), b(a(images)))
    assert (c @ b) @ a == c @ (b @ a)
    assert ~(b @ a) == ~a @ ~b
    assert Plan() @ a == a == a @ Plan()


@given(cases())
def test_canonical_form(case: Any) -> None:
    _, [plan] = case
    fine = plan._refined(4)
    assert Plan(fine.order, fine.mask, 4) == plan
    assert hash(Plan(fine.order, fine.mask, 4)) == hash(plan)
    assert plan != plan @ Plan(mask=np.full(plan.nbytes, 1, np.uint8)) if plan.nbytes else True
    assert plan.mask is None or plan.mask.any()


def test_canonical_form_of_what_does_nothing() -> None:
    assert Plan(np.arange(6), np.zeros(6, np.uint8)) == Plan()
    assert Plan(np.arange(6), np.zeros(6, np.uint8), 4) == Plan()
    assert Plan(np.array([2, 3, 0, 1]), None, 4) == Plan(np.array([1, 0]))
    assert Plan(None, np.array([1, 2], np.uint8), 4) == Plan(None, np.array([0x21], np.uint8))
    assert Plan(np.array([1, 0]), None, 4).unit == 4


@given(cases(), st.booleans())
def test_every_way_gives_the_same(case: Any, numba: bool) -> None:
    images, [plan] = case
    if numba:
        import numba as _  # noqa: F401  with it loaded, gathers take the compiled loops
    want = plan(images)
    out = np.empty_like(images)
    assert plan(images, out=out) is out
    np.testing.assert_array_equal(out, want)
    place = images.copy()
    assert plan(place, out=place) is place
    np.testing.assert_array_equal(place, want)
    turned = images.copy(order="F")
    np.testing.assert_array_equal(plan(turned), want)
    turned_place = images.copy(order="F")
    plan(turned_place, out=turned_place)
    np.testing.assert_array_equal(turned_place, want)
    spread = np.repeat(images, 2, axis=2)[:, :, ::2]
    np.testing.assert_array_equal(plan(spread), want)
    for i in range(len(images)):
        np.testing.assert_array_equal(plan(images[i : i + 1])[0], want[i])


@given(cases())
def test_torch_is_the_same(case: Any) -> None:
    torch = pytest.importorskip("torch")
    images, [plan] = case
    tensor = torch.from_numpy(images.copy())
    np.testing.assert_array_equal(plan(tensor).numpy(), plan(images))
    assert plan(tensor, out=tensor) is tensor
    np.testing.assert_array_equal(tensor.numpy(), plan(images))


@pytest.mark.parametrize("unit", [4, 8])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_large_batches_use_the_compiled_loops_and_threads(unit: int, threads: int) -> None:
    rng = np.random.default_rng(1)
    units = 32 * 32 * 3 * 8 // unit
    plan = Plan(rng.permutation(units), rng.integers(0, 1 << unit, units, np.uint8), unit)
    images = rng.integers(0, 256, (1501, 32, 32, 3), np.uint8)
    want = np.stack([slow(plan, image) for image in images[[0, 750, 1500]]])
    set_threads(threads)
    try:
        np.testing.assert_array_equal(plan(images)[[0, 750, 1500]], want)
        np.testing.assert_array_equal((~plan)(plan(images)), images)
        xor = Plan(mask=rng.integers(0, 256, 3072, np.uint8))
        np.testing.assert_array_equal(xor(images), images ^ xor.mask.reshape(32, 32, 3))
    finally:
        set_threads(None)


def test_overlapping_out_is_safe() -> None:
    rng = np.random.default_rng(2)
    plan = Plan(rng.permutation(12), rng.integers(0, 256, 12, np.uint8))
    store = rng.integers(0, 256, (6, 2, 2, 3), np.uint8)
    want = plan(store[1:].copy())
    plan(store[1:], out=store[:-1])
    np.testing.assert_array_equal(store[:-1], want)


def test_lossy_orders_apply_and_refuse_to_invert() -> None:
    plan = Plan(np.array([0, 0, 2]))
    assert plan(np.array([5, 6, 7], np.uint8).reshape(1, 1, 1, 3)).ravel().tolist() == [5, 5, 7]
    assert not plan.invertible
    with pytest.raises(NotInvertible, match="drops parts"):
        _ = ~plan


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"order": np.array([0, 3])}, BadMaterial),
        ({"order": np.array([-1, 0])}, BadMaterial),
        ({"order": np.array([[0]])}, BadMaterial),
        ({"order": np.array([0.0])}, BadMaterial),
        ({"mask": np.array([1])}, BadMaterial),
        ({"mask": np.array([16], np.uint8), "unit": 4}, BadMaterial),
        ({"mask": np.array([1], np.uint8), "unit": 4}, BadShape),
        ({"order": np.arange(2), "mask": np.ones(3, np.uint8)}, BadShape),
        ({"unit": 1}, BadMaterial),
    ],
)
def test_malformed_plans_are_refused(arguments: Any, error: type[BadInput]) -> None:
    with pytest.raises(error):
        Plan(**arguments)


def test_wrong_arrays_are_refused() -> None:
    plan = Plan(mask=np.arange(12, dtype=np.uint8))
    with pytest.raises(BadShape, match="12 bytes"):
        plan(np.zeros((1, 2, 2, 4), np.uint8))
    with pytest.raises(BadShape, match="n, h, w, c"):
        plan(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(BadDtype, match="float64"):
        plan(np.zeros((1, 2, 2, 3)))
    with pytest.raises(BadShape, match="out must be"):
        plan(np.zeros((1, 2, 2, 3), np.uint8), out=np.zeros((2, 2, 2, 3), np.uint8))
    with pytest.raises(BadShape, match="cannot be composed"):
        plan @ Plan(mask=np.ones(3, np.uint8))


def test_a_plan_shows_nothing_and_travels() -> None:
    plan = Plan(np.array([1, 0]), np.array([77, 78], np.uint8))
    assert "77" not in repr(plan)
    assert pickle.loads(pickle.dumps(plan)) == plan
    with pytest.raises(ValueError, match="read-only"):
        plan.mask[0] = 1  # type: ignore[index]
