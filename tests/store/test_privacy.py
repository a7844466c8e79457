"""Calibration against an independent computation, composition, and the price of whole-number noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from imveil.errors import BadInput
from imveil.store.messages import privacy


def hockey_stick(epsilon: float, mu: float) -> float:
    """delta(epsilon) of N(mu, 1) against N(0, 1), by integrating the definition."""
    start = epsilon / mu + mu / 2
    return float(quad(lambda x: norm.pdf(x - mu) - math.exp(epsilon) * norm.pdf(x), start, start + 40)[0])


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 1, 2, 4, 8])
@pytest.mark.parametrize("delta", [1e-3, 1e-5])
def test_noise_is_just_enough(epsilon: float, delta: float) -> None:
    scale = privacy.analytic(epsilon, delta)
    assert hockey_stick(epsilon, 1 / scale) == pytest.approx(delta, rel=1e-5)
    assert privacy.epsilon_of(1 / scale, delta) == pytest.approx(epsilon, rel=1e-6)


@pytest.mark.parametrize("epsilon", [0.5, 1, 2, 4, 8])
def test_concentrated_privacy_costs_a_little_more(epsilon: float) -> None:
    assert 1.05 < privacy.concentrated(epsilon, 1e-5) / privacy.analytic(epsilon, 1e-5) < 1.1


def test_releases_compose_as_squares() -> None:
    one = privacy.scale_for(2.0, 1e-5, 2.0**36, 1000)
    many = privacy.scale_for(2.0, 1e-5, 2.0**36, 1000, 100)
    assert many / one == pytest.approx(10, rel=1e-3)
    assert privacy.together([0.3, 0.4]) == pytest.approx(0.5)


@pytest.mark.parametrize("epsilon", [0.5, 2, 8])
def test_whole_numbers_cost_little_where_they_are_fine_and_are_safe_where_they_are_not(epsilon: float) -> None:
    fine = privacy.scale_for(epsilon, 1e-5, 2.0**40, 100_000)
    assert privacy.analytic(epsilon, 1e-5) < fine < 1.05 * privacy.analytic(epsilon, 1e-5)
    assert privacy.scale_for(epsilon, 1e-5, 4.0, 100_000) == privacy.concentrated(epsilon, 1e-5)


def test_the_distance_between_whole_and_real_noise_is_bounded_as_proven() -> None:
    """KL of a discrete Gaussian spread over its cells from the real one is at most 1 / (24 scale^2)."""
    for scale in (2.0, 5.0, 20.0):
        k = np.arange(-12 * int(scale), 12 * int(scale) + 1)
        p = np.exp(-(k**2) / (2 * scale**2))
        p /= p.sum()
        fine = (np.arange(200) + 0.5) / 200 - 0.5
        log_ratio = np.log(p)[:, None] - norm.logpdf(k[:, None] + fine, scale=scale)
        assert 0 < float((p[:, None] * log_ratio).sum() / 200) <= 1 / (24 * scale**2) * 1.001


@pytest.mark.parametrize("epsilon", [0.0, -1.0, 1e9, math.inf, math.nan])
def test_epsilons_that_promise_nothing_are_refused(epsilon: float) -> None:
    with pytest.raises(BadInput, match=r"outside 0\.01 to 20"):
        privacy.scale_for(epsilon, 1e-5, 2.0**36, 10)


def test_deltas_that_promise_nothing_are_refused() -> None:
    with pytest.raises(BadInput, match=r"outside 1e-12 to 0\.01"):
        privacy.scale_for(1.0, 0.5, 2.0**36, 10)


def test_no_test_of_membership_beats_the_cap() -> None:
    rng = np.random.default_rng(0)
    mu = 1 / privacy.analytic(2.0, 1e-5)
    wins = (rng.normal(mu, 1, 200_000) > rng.normal(0, 1, 200_000)).mean()  # the best test there is
    assert wins == pytest.approx(privacy.most_auc(mu), abs=0.005)
