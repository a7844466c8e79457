"""The laws of every metric: one value an image, the same each time, whatever the layout; nothing else is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from imveil import metrics
from imveil.errors import BadDtype, BadShape
from imveil.metrics.base import Metric
from variants import pictures

SHAPE = (5, 16, 24, 3)
ALL = [pytest.param(metric, id=name) for name, metric in ((name, metrics.find(name)) for name in metrics.names())]


def given(metric: Metric, shape: tuple[int, ...] = SHAPE) -> list[Any]:
    """The arrays of a call that `metric.measure` takes."""
    truth, guess = pictures("truth", shape), pictures("guess", shape)
    rows = np.arange(shape[0])
    return {
        "images": [truth],
        "batch": [truth],
        "pair": [truth, guess],
        "twins": [truth, guess],
        "gallery": [guess, truth, rows],
        "labels": [guess, rows % 2, top_bit],
    }[metric.takes]


def top_bit(images: Any) -> Any:
    """A classifier as good as any: whether the first sample is bright."""
    return images.reshape(len(images), -1)[:, 0] >> 7


def changed(arguments: list[Any], change: Callable[[Any], Any]) -> list[Any]:
    """The call with every batch of images changed, and the rest left alone."""
    return [change(a) if isinstance(a, np.ndarray) and a.ndim == 4 else a for a in arguments]


def strided(array: Any) -> Any:
    """The same values, in memory that is neither contiguous nor in order."""
    wide = np.zeros((array.shape[0], *(2 * d for d in array.shape[1:])), array.dtype)
    part = wide[(slice(None), *(slice(None, None, -2) for _ in array.shape[1:]))]
    part[...] = array
    return part


@pytest.mark.parametrize("metric", ALL)
def test_one_value_an_image(metric: Metric) -> None:
    values = metric.measure(*given(metric))
    assert values.shape == (SHAPE[0], *([len(metric.columns)] if metric.columns else []))
    assert values.dtype == np.float64
    if metric.takes in ("images", "pair", "twins"):
        one_by_one = [metric.measure(*(a[i : i + 1] for a in given(metric))) for i in range(SHAPE[0])]
        np.testing.assert_allclose(np.concatenate(one_by_one), values, rtol=1e-12)


@pytest.mark.parametrize("metric", ALL)
def test_no_images_no_values(metric: Metric) -> None:
    assert len(metric.measure(*given(metric, (0, 16, 24, 3)))) == 0


@pytest.mark.parametrize("metric", ALL)
def test_deterministic_and_blind_to_memory_layout(metric: Metric) -> None:
    values = metric.measure(*given(metric))
    np.testing.assert_array_equal(metric.measure(*given(metric)), values)
    np.testing.assert_array_equal(metric.measure(*changed(given(metric), strided)), values)


@pytest.mark.parametrize("metric", ALL)
def test_nothing_is_changed(metric: Metric) -> None:
    arrays = given(metric)
    for array in (a for a in arrays if isinstance(a, np.ndarray)):
        array.flags.writeable = False
    metric.measure(*arrays)


@pytest.mark.parametrize("metric", ALL)
def test_wrong_numbers_are_refused(metric: Metric) -> None:
    with pytest.raises(BadDtype, match="uint8, got float64"):
        metric.measure(*changed(given(metric), lambda a: a.astype(float)))


@pytest.mark.parametrize("metric", ALL)
def test_wrong_shapes_are_refused(metric: Metric) -> None:
    with pytest.raises(BadShape, match=r"\(n, h, w, c\)"):
        metric.measure(*changed(given(metric), lambda a: a[0]))
    with pytest.raises(BadShape, match="no pixels"):
        metric.measure(*changed(given(metric), lambda a: a[:, :0]))
    if metric.takes in ("pair", "twins", "gallery"):
        first, second, *rest = given(metric)
        with pytest.raises(BadShape, match="differ in shape"):
            metric.measure(first[:, 1:], second, *rest)
    if metric.takes in ("gallery", "labels"):
        *first, last = given(metric)[: 3 if metric.takes == "gallery" else 2]
        with pytest.raises(BadShape, match="guesses"):
            metric.measure(*first, last[1:], *given(metric)[len(first) + 1 :])


@pytest.mark.parametrize("metric", [p for p in ALL if p.values[0].critical])
def test_random_images_lie_in_the_critical_range_in_95_of_100_cases(metric: Metric) -> None:
    shape = (400, 12, 16, 3) if metric.takes == "batch" else (2000, 12, 16, 3)
    values = metric.measure(*given(metric, shape)).reshape(shape[0], -1)
    low, high = metric.critical(shape[1:])
    inside = ((values >= low) & (values <= high)).mean(axis=0)
    want = 1 if metric.takes == "batch" else 0.95
    # Four deviations of a share of 2,000, and a little for values that are whole numbers.
    assert (np.abs(inside - want) < 4 * np.sqrt(0.95 * 0.05 / 2000) + 0.015).all(), inside
    assert metric.expected is not None
    mean, error = values.mean(axis=0), values.std(axis=0) / np.sqrt(shape[0])
    assert (np.abs(mean - metric.expected(shape[1:])) <= 4 * error + 0.01 * (high - low if high < np.inf else 0)).all()


@pytest.mark.parametrize("metric", ALL)
def test_says_what_it_shows_and_what_not(metric: Metric) -> None:
    for text in (metric.tells, metric.not_shown):
        assert text.endswith(".")
        assert len(text) > 30
    assert metric.source
    assert metrics.find(metric.name) is metric
    if metric.critical is not None:
        low, high = metric.critical((32, 32, 3))
        assert low <= metric.expected((32, 32, 3)) <= high
