"""Plans: laws on random plans, every way to apply them, and what they refuse."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imveil.errors import BadDtype, BadInput, BadMaterial, BadShape, NotInvertible
from imveil.plans import arrays
from imveil.plans.compiled import locality, threads
from imveil.plans.compiled.threads import set_threads, spread
from imveil.plans.plan import Plan

COUNTS = st.one_of(st.integers(0, 5), st.integers(6, 70))
SHAPES = st.one_of(
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 3, 4])),
    st.sampled_from([(4, 8, 3), (8, 8, 1), (8, 8, 4), (5, 13, 1), (16, 16, 3), (9, 23, 4)]),
)


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
    if order is not None and draw(st.booleans()):  # two halves that keep to themselves
        half = units // 2
        order = np.concatenate([rng.permutation(half), half + rng.permutation(units - half)])
    mask = rng.integers(0, 1 << unit, units, np.uint8) if draw(st.booleans()) else None
    return Plan(order, mask, unit)


def expected(plan: Plan, images: Any) -> Any:
    return np.array([slow(plan, image) for image in images], np.uint8).reshape(images.shape)


ROADS = ["numpy alone", "compiled", "past the cache", "threads", "stretches"]
LAYOUTS = ["plain", "fortran", "upside down", "colours turned", "every second column", "off by one byte"]


@contextmanager
def road(name: str) -> Iterator[None]:
    """Makes small batches take the way that large ones take."""
    compiled, past, spread_from, span = (
        arrays.compiling_pays, arrays._PAST_CACHE_FROM, threads._SPREAD_FROM, locality.spans.__defaults__,
    )  # fmt: skip
    try:
        arrays.compiling_pays = lambda _: name != "numpy alone"
        if name != "compiled":
            arrays._PAST_CACHE_FROM = 1
        if name == "threads":
            threads._SPREAD_FROM = 1
            set_threads(3)
        if name == "stretches":
            locality.spans.__defaults__ = (64,)
        yield
    finally:
        arrays.compiling_pays, arrays._PAST_CACHE_FROM, threads._SPREAD_FROM, locality.spans.__defaults__ = (
            compiled, past, spread_from, span,
        )  # fmt: skip
        set_threads(None)


def laid_out(images: Any, layout: str) -> Any:
    """The same images in memory of their own, laid out in another way."""
    n, h, w, c = images.shape
    if layout == "fortran":
        return images.copy(order="F")
    if layout == "upside down":
        return images[:, ::-1].copy()[:, ::-1]
    if layout == "colours turned":
        return images[::-1, :, :, ::-1].copy()[::-1, :, :, ::-1]
    if layout == "every second column":
        return np.repeat(images, 2, axis=2)[:, :, ::2]
    if layout == "off by one byte":
        there = np.empty(images.size + 1, np.uint8)[1:].reshape(n, h, w, c)
        there[...] = images
        return there
    return images.copy()


@st.composite
def cases(draw: Any, count: int = 1) -> Any:
    shape = draw(SHAPES)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    images = rng.integers(0, 256, (draw(COUNTS), *shape), np.uint8)
    return images, [draw(plans(int(np.prod(shape)))) for _ in range(count)]


@given(cases())
def test_apply_is_the_definition(case: Any) -> None:
    images, [plan] = case
    found = plan(images)
    assert found.shape == images.shape
    np.testing.assert_array_equal(found, expected(plan, images))


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


@given(cases(), st.sampled_from(ROADS))
def test_every_road_gives_the_same(case: Any, name: str) -> None:
    images, [plan] = case
    want = expected(plan, images)
    with road(name):
        np.testing.assert_array_equal(plan(images), want)
        np.testing.assert_array_equal((~plan)(want), images)
        for i in range(len(images)):
            np.testing.assert_array_equal(plan(images[i : i + 1])[0], want[i])


@given(cases(), st.sampled_from(ROADS), st.sampled_from(LAYOUTS))
def test_any_layout_of_images_and_of_out(case: Any, name: str, layout: str) -> None:
    images, [plan] = case
    want = expected(plan, images)
    with road(name):
        given = laid_out(images, layout)
        np.testing.assert_array_equal(plan(given), want)
        np.testing.assert_array_equal(given, images)  # untouched
        given.flags.writeable = False
        np.testing.assert_array_equal(plan(given), want)
        out = laid_out(np.full_like(images, 7), layout)
        assert plan(images, out=out) is out
        np.testing.assert_array_equal(out, want)
        place = laid_out(images, layout)
        assert plan(place, out=place) is place
        np.testing.assert_array_equal(place, want)


@given(cases(), st.sampled_from(ROADS), st.integers(-2, 2), st.integers(1, 4))
def test_out_may_overlap_the_images_in_part(case: Any, name: str, images_on: int, bytes_on: int) -> None:
    images, [plan] = case
    n, size = len(images), images[:1].size
    want = expected(plan, images)
    for shift in (images_on * size, bytes_on):
        store = np.zeros(n * size + 2 * abs(shift), np.uint8)
        first, second = max(0, -shift), max(0, shift)
        given = store[first : first + n * size].reshape(images.shape)
        given[...] = images
        out = store[second : second + n * size].reshape(images.shape)
        with road(name):
            plan(given, out=out)
        np.testing.assert_array_equal(out, want)


@given(st.integers(0, 2**32), st.sampled_from([4, 8]), st.sampled_from(ROADS))
def test_orders_that_repeat_positions(seed: int, unit: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    units = 256 * 8 // unit
    near = np.arange(units) // 64 * 64 + rng.integers(0, 64, units)
    order = np.where(rng.random(units) < 0.02, rng.integers(0, np.arange(units) + 1), near)  # some from far behind
    plan = Plan(order, rng.integers(0, 1 << unit, units, np.uint8), unit)
    images = rng.integers(0, 256, (17, 8, 8, 4), np.uint8)
    with road(name):
        np.testing.assert_array_equal(plan(images), expected(plan, images))


@given(st.integers(0, 2**32), st.sampled_from(ROADS))
def test_images_may_overlap_each_other(seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    strip = rng.integers(0, 256, 40 + 96, np.uint8)
    images = np.lib.stride_tricks.sliding_window_view(strip, 96).reshape(-1, 4, 8, 3)
    plan = Plan(rng.permutation(192), rng.integers(0, 16, 192, np.uint8), 4)
    with road(name):
        np.testing.assert_array_equal(plan(images), expected(plan, images))


def test_out_that_cannot_be_written_is_refused() -> None:
    images = np.zeros((2, 4, 4, 3), np.uint8)
    out = np.zeros_like(images)
    out.flags.writeable = False
    for plan in (Plan(), Plan(np.arange(48)[::-1]), Plan(mask=np.ones(48, np.uint8))):
        with pytest.raises(BadInput, match="read-only"):
            plan(images, out=out)


@given(cases(), st.sampled_from(ROADS))
def test_torch_is_the_same(case: Any, name: str) -> None:
    torch = pytest.importorskip("torch")
    from imveil.plans import tensors

    images, [plan] = case
    want = expected(plan, images)
    with road(name):
        for way in (lambda x, out=None: plan(x, out=out), lambda x, out=None: tensors.by_torch(plan.prepared, x, out)):
            tensor = torch.from_numpy(images.copy())
            np.testing.assert_array_equal(way(tensor).numpy(), want)
            turned = torch.from_numpy(images.copy(order="F"))
            np.testing.assert_array_equal(way(turned).numpy(), want)
            out = torch.zeros_like(tensor).transpose(1, 2).contiguous().transpose(1, 2)
            assert way(tensor, out) is out
            np.testing.assert_array_equal(out.numpy(), want)
            np.testing.assert_array_equal(tensor.numpy(), images)  # untouched
            assert way(tensor, tensor) is tensor
            np.testing.assert_array_equal(tensor.numpy(), want)
            if len(images) > 1:
                tensor = torch.from_numpy(images.copy())
                way(tensor[1:], tensor[:-1])
                np.testing.assert_array_equal(tensor[:-1].numpy(), want[1:])


def test_a_result_is_never_the_picture_itself() -> None:
    torch = pytest.importorskip("torch")
    images = np.zeros((2, 4, 4, 3), np.uint8)
    result = Plan()(images)
    result[...] = 1
    tensor = torch.zeros((2, 4, 4, 3), dtype=torch.uint8)
    from imveil.plans import tensors

    for result in (Plan()(tensor), tensors.by_torch(Plan().prepared, tensor, None)):
        result.fill_(1)
    assert not images.any()
    assert not tensor.any()


def test_order_and_mask_go_to_a_device_once() -> None:
    torch = pytest.importorskip("torch")
    plan = Plan(np.arange(48)[::-1], np.ones(48, np.uint8))
    tensor = torch.zeros((2, 4, 4, 3), dtype=torch.uint8, device="meta")
    assert plan(tensor).shape == tensor.shape
    [held] = plan.prepared.on_devices.values()
    assert plan(tensor).device.type == "meta"
    [again] = plan.prepared.on_devices.values()
    assert held[0] is again[0]
    assert held[1] is again[1]


@given(st.integers(0, 2**32), st.sampled_from([4, 8]), st.integers(64, 700))
def test_stretches_keep_to_themselves(seed: int, unit: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    bounds = np.unique(rng.integers(0, 400 * (8 // unit) * 4, 40))  # some inside a byte
    order = np.arange(400 * (8 // unit) * 4)
    for a, b in pairwise([0, *bounds, len(order)]):
        rng.shuffle(order[a:b])
    found = (locality.spans(order, unit, most) * (8 // unit)).tolist()
    assert found[0] == 0
    assert found[-1] == len(order)
    for a, b in pairwise(found):
        assert b - a >= locality.LEAST
        assert sorted(order[a:b]) == list(range(a, b))
        if b - a > most * (8 // unit):  # only where there is no bound nearer
            least = 64 * (8 // unit)
            assert not set(bounds.tolist()) & set(range(a + least, min(b, len(order) - least + 1), 8 // unit)) - {b}


def test_spread_takes_every_piece_once_and_tells_of_errors() -> None:
    for images, group, count in ((0, 1, 2), (1, 16, 2), (1000, 16, 3), (37, 1, 4)):
        seen = np.zeros(images, int)

        def work(pieces: Any, seen: Any = seen, group: int = group) -> None:
            for piece in pieces:
                assert piece.start % group == 0
                seen[piece] += 1

        set_threads(count)
        try:
            spread(work, images, 1 << 30, group)
        finally:
            set_threads(None)
        assert (seen == 1).all()

    there = threading.Event()

    def broken(pieces: Any) -> None:
        for _ in pieces:
            if threading.current_thread() is not threading.main_thread():
                there.set()
                raise ValueError("of a thread")
            assert there.wait(60)

    set_threads(2)
    try:
        with pytest.raises(ValueError, match="of a thread"):
            spread(broken, 100, 1 << 30)
    finally:
        set_threads(None)


def test_few_small_images_keep_away_from_numba() -> None:
    code = (
        "import sys, numpy as np; from imveil.plans.plan import Plan; x = np.zeros((20, 32, 32, 3), np.uint8);"
        "p = Plan(np.arange(6144)[::-1], np.ones(6144, np.uint8), 4); q = Plan(mask=np.ones(3072, np.uint8));"
        "[plan(x, out=x) for plan in (p, ~p, q, p @ q)]; assert 'numba' not in sys.modules;"
        "p(np.zeros((1500, 32, 32, 3), np.uint8)); assert 'numba' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("unit", [4, 8])
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("shape", [(32, 32, 3), (31, 29, 1)])
def test_large_batches(unit: int, threads: int, shape: Any) -> None:
    rng = np.random.default_rng(1)
    units = int(np.prod(shape)) * 8 // unit
    plan = Plan(rng.permutation(units), rng.integers(0, 1 << unit, units, np.uint8), unit)
    images = rng.integers(0, 256, (9_000_000 // int(np.prod(shape)), *shape), np.uint8)
    some = [0, len(images) // 2, len(images) - 1]
    set_threads(threads)
    try:
        np.testing.assert_array_equal(plan(images)[some], expected(plan, images[some]))
        np.testing.assert_array_equal((~plan)(plan(images)), images)
        xor = Plan(mask=rng.integers(0, 256, int(np.prod(shape)), np.uint8))
        np.testing.assert_array_equal(xor(images), images ^ xor.mask.reshape(shape))
        np.testing.assert_array_equal(xor(xor(images, out=images), out=images), images)
    finally:
        set_threads(None)


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
