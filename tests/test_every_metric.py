"""The laws of every metric: one value an image, the same each time, whatever the layout; nothing else is taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from imveil.errors import BadDtype, BadShape
from imveil.lab.metric import Metric, metrics
from variants import pictures

SHAPE = (5, 16, 24, 3)
ALL = [pytest.param(metric, id=name) for name, metric in metrics().items()]


def given(metric: Metric, shape: tuple[int, ...] = SHAPE) -> list[Any]:
    """The arrays of a call that `metric.measure` takes."""
    truth, guess = pictures("truth", shape), pictures("guess", shape)
    return {"images": [truth], "pair": [truth, guess]}[metric.takes]


def strided(array: Any) -> Any:
    """The same values, in memory that is neither contiguous nor in order."""
    if not isinstance(array, np.ndarray):
        return array
    wide = np.zeros((array.shape[0], *(2 * d for d in array.shape[1:])), array.dtype)
    part = wide[(slice(None), *(slice(None, None, -2) for _ in array.shape[1:]))]
    part[...] = array
    return part


@pytest.mark.parametrize("metric", ALL)
def test_one_value_an_image(metric: Metric) -> None:
    values = metric.measure(*given(metric))
    assert values.shape == (SHAPE[0], *([len(metric.columns)] if metric.columns else []))
    one_by_one = [metric.measure(*(a[i : i + 1] for a in given(metric))) for i in range(SHAPE[0])]
    np.testing.assert_allclose(np.concatenate(one_by_one), values, rtol=1e-12)


@pytest.mark.parametrize("metric", ALL)
def test_no_images_no_values(metric: Metric) -> None:
    assert len(metric.measure(*given(metric, (0, 16, 24, 3)))) == 0


@pytest.mark.parametrize("metric", ALL)
def test_deterministic_and_blind_to_memory_layout(metric: Metric) -> None:
    values = metric.measure(*given(metric))
    np.testing.assert_array_equal(metric.measure(*given(metric)), values)
    np.testing.assert_array_equal(metric.measure(*(strided(a) for a in given(metric))), values)


@pytest.mark.parametrize("metric", ALL)
def test_nothing_is_changed(metric: Metric) -> None:
    arrays = given(metric)
    for array in arrays:
        array.flags.writeable = False
    metric.measure(*arrays)


@pytest.mark.parametrize("metric", ALL)
def test_wrong_numbers_are_refused(metric: Metric) -> None:
    with pytest.raises(BadDtype, match="uint8, got float64"):
        metric.measure(*(a.astype(float) for a in given(metric)))


@pytest.mark.parametrize("metric", ALL)
def test_wrong_shapes_are_refused(metric: Metric) -> None:
    with pytest.raises(BadShape, match=r"\(n, h, w, c\)"):
        metric.measure(*(a[0] for a in given(metric)))
    with pytest.raises(BadShape, match="no pixels"):
        metric.measure(*(a[:, :0] for a in given(metric)))
    if metric.takes == "pair":
        truth, guess = given(metric)
        with pytest.raises(BadShape, match="differ in shape"):
            metric.measure(truth[1:], guess)


@pytest.mark.parametrize("metric", ALL)
def test_says_what_it_shows_and_what_not(metric: Metric) -> None:
    for text in (metric.tells, metric.not_shown):
        assert text.endswith(".")
        assert len(text) > 30
    assert metric.source
    assert metrics()[metric.name] is metric
    if metric.critical is not None:
        low, high = metric.critical(3072)
        assert low < high
