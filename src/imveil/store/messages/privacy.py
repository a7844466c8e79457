"""How much noise gives a differential privacy: calibration, composition, and what an attacker can gain at most.

One release that moves by at most 1 (in L2) when a picture comes or goes, with Gaussian noise of scale s, is
mu-Gaussian-DP with mu = 1/s; over releases, also adaptive ones, the squares of mu add up. docs/private.md has proofs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from imveil.errors import BadInput


def delta_of(epsilon: float, mu: float) -> float:
    """The delta of a mu-Gaussian mechanism at `epsilon`: B. Balle, Y.-X. Wang, ICML 2018, theorem 8.

    >>> round(delta_of(2, 1 / 1.9938124456), 9)
    1e-05
    """
    if mu <= 0:
        return 0.0
    return _phi(mu / 2 - epsilon / mu) - math.exp(epsilon + _log_phi(-mu / 2 - epsilon / mu))


def epsilon_of(mu: float, delta: float) -> float:
    """The least epsilon at `delta` of a mu-Gaussian mechanism; 0 for mu 0."""
    if delta_of(0.0, mu) <= delta:
        return 0.0
    low, high = 0.0, 1.0
    while delta_of(high, mu) > delta:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_of(middle, mu) > delta else (low, middle)
    return high


def analytic(epsilon: float, delta: float) -> float:
    """The least scale of Gaussian noise on a release of sensitivity 1 that is (epsilon, delta)-private.

    >>> [round(analytic(e, 1e-5), 2) for e in (0.5, 1, 2, 4, 8)]
    [7.03, 3.73, 1.99, 1.08, 0.6]
    """
    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if delta_of(epsilon, 1 / middle) > delta else (low, middle)
    return high


def concentrated(epsilon: float, delta: float) -> float:
    """The same from zero-concentrated privacy alone, which whole-number noise has exactly: 6 to 9 % more noise.

    C. Canonne, G. Kamath, T. Steinke, NeurIPS 2020, corollary 13.
    """
    orders = [1 + math.exp(x / 50) for x in range(-500, 501)]

    def enough(scale: float) -> bool:
        rho = 1 / (2 * scale * scale)
        best = min((a - 1) * (a * rho - epsilon) - math.log(a - 1) + a * math.log1p(-1 / a) for a in orders)
        return best <= math.log(delta)

    low, high = 1e-3, 1e6
    for _ in range(100):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@cache
def scale_for(epsilon: float, delta: float, unit: float, numbers: int, releases: int = 1) -> float:
    """The scale s of whole-number noise for `releases` releases of sensitivity 1 each that are private together.

    Noise in whole numbers is within a total variation of sqrt(numbers * releases / 48) / scale of real Gaussian noise
    (proof in docs/private.md): that costs (1 + e^epsilon) times as much of delta. Where it would cost more than half,
    `concentrated` is taken.

    Parameters
    ----------
    unit
        Whole numbers in 1, so that the noise of a number is a discrete Gaussian of scale at least s * unit / 2.
    numbers
        How many numbers a release has.

    Raises
    ------
    BadInput
        For an epsilon outside 0.01..20 or a delta outside 1e-12..1e-2.
    """
    if not 0.01 <= epsilon <= 20 or not math.isfinite(epsilon):
        raise BadInput(f"epsilon {epsilon:g} is outside 0.01 to 20", hint="1 to 4 is usual; above 8 little is promised")
    if not 1e-12 <= delta <= 1e-2:
        raise BadInput(f"delta {delta:g} is outside 1e-12 to 0.01", hint="less than one over the number of pictures")
    grow = math.sqrt(releases)
    least = analytic(epsilon, delta) * grow * unit / 2
    lost = (1 + math.exp(epsilon)) * math.sqrt(numbers * releases / 48) / least
    return (analytic(epsilon, delta - lost) if lost < delta / 2 else concentrated(epsilon, delta)) * grow


def together(mus: Sequence[float]) -> float:
    """The mu of all releases together: sqrt(sum of squares)."""
    return math.sqrt(math.fsum(mu * mu for mu in mus))


def most_auc(mu: float) -> float:
    """No test of "was this picture in it?" has a larger area under its ROC curve: Phi(mu / sqrt 2).

    >>> round(most_auc(1 / 1.9938), 3)
    0.639
    """
    return _phi(mu / math.sqrt(2))


def _phi(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def _log_phi(x: float) -> float:
    """log Phi(x), also far out where Phi underflows (first terms of its asymptotic series)."""
    if x > -30:
        return math.log(_phi(x))
    return -x * x / 2 - math.log(-x * math.sqrt(2 * math.pi)) + math.log1p(-1 / (x * x) + 3 / x**4)
