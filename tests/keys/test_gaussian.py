"""Discrete Gaussian numbers follow their law, by the quick road and by the exact one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from imveil.errors import BadInput
from imveil.keys import gaussian as module
from imveil.keys.gaussian import gaussian
from imveil.keys.key import Key

STREAM = Key(bytes(range(32))).derive("test", "noise")


def chi_square(drawn: np.ndarray, scale: int) -> float:
    """Chi-square over its degrees of freedom, against probabilities computed from the definition."""
    k = np.arange(-8 * scale, 8 * scale + 1)
    p = np.exp(-(k**2) / (2 * scale**2))
    expected = len(drawn) * p / p.sum()
    seen = np.array([(drawn == value).sum() for value in k])
    often = expected > 10
    return float((((seen - expected)[often] ** 2) / expected[often]).sum() / often.sum())


@pytest.mark.parametrize("scale", [1, 2, 7])
def test_small_scales_follow_the_law(scale: int) -> None:
    assert chi_square(gaussian(STREAM.derive(str(scale)).stream(), scale, 200_000), scale) < 2.2


@pytest.mark.parametrize("scale", [1, 3])
def test_the_exact_road_follows_it_too(scale: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_NEAR", 2.0)  # every draw is settled by fractions
    assert chi_square(gaussian(STREAM.derive("exact", str(scale)).stream(), scale, 8000), scale) < 2.5


def test_both_roads_agree_bit_for_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = gaussian(STREAM.stream(), 5, 3000)
    monkeypatch.setattr(module, "_NEAR", 2.0)
    assert (gaussian(STREAM.stream(), 5, 3000) == quick).all()


def test_a_large_scale_has_its_moments() -> None:
    drawn = gaussian(STREAM.stream(), 10**11, 100_000) / 1e11
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 1) < 0.01
    assert abs((drawn**4).mean() - 3) < 0.12


def test_a_probability_is_compared_beyond_its_first_bits() -> None:
    class Bits:
        """A stream of chosen bytes: the first 62 bits are those of one third."""

        def __init__(self, *words: int) -> None:
            self.words = list(words)

        def bytes(self, n: int) -> bytes:
            assert n == 8
            return self.words.pop(0).to_bytes(8, "little")

    third = Fraction(1, 3)
    first = int(third * 2**62) << 2
    rest = int((third * 2**62 - int(third * 2**62)) * 2**64)
    for more, won in ((rest - 1, True), (rest + 1, False)):
        drawn = module._won(Bits(first, more), np.array([1 / 3]), lambda _: third)  # type: ignore[arg-type]
        assert drawn.tolist() == [won]


@pytest.mark.parametrize("scale", [0, -1, 2**51])
def test_scales_out_of_range_are_refused(scale: int) -> None:
    with pytest.raises(BadInput, match="scale of 1 to"):
        gaussian(STREAM.stream(), scale, 1)
