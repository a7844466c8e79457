"""What an adapter's output shows: the way of looking at it that shows most."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from imveil.lab.output import decoder  # noqa: E402
from imveil.lab.output.shown import best_way, stretched  # noqa: E402
from imveil.metrics.ssim import ssim_or_negative  # noqa: E402
from scenes import scenes  # noqa: E402

PICTURES = scenes(240, (16, 16, 3), seed=4)

GREY = ssim_or_negative(PICTURES[200:], np.full_like(PICTURES[200:], 128)).mean()


def shown(seen: Any) -> tuple[str, float]:
    """The best way, and the SSIM of what it shows of the last pictures, when it was fitted to the others."""
    way, look = best_way(seen[:200].astype(np.float32), PICTURES[:200], seed=0)
    guess = look(seen[200:].astype(np.float32))
    assert guess.dtype == np.uint8
    return way, float(ssim_or_negative(PICTURES[200:], guess).mean())


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "STEPS", 30)


def test_an_affine_fit_finds_other_scales() -> None:
    way, share = shown(PICTURES * np.array([0.5, -0.2, 3.0]) + 7)
    assert way == "affine"
    assert share > 0.99


def test_what_correlates_with_nothing_is_stretched_and_not_flattened() -> None:
    way, share = shown(np.abs(PICTURES - 127.5))
    assert way != "affine"
    assert share > GREY + 0.05


def test_values_are_stretched_to_all_of_them() -> None:
    assert stretched(np.linspace(-1, 1, 1001, dtype=np.float32))(np.array([-1.0, 0.0, 1.0])).tolist() == [0, 128, 255]


def test_an_output_of_another_shape_is_decoded() -> None:
    half = PICTURES[:, ::2, ::2].repeat(2, axis=3)
    way, share = shown(half.astype(np.float32))
    assert way == "decoder"
    assert share > GREY + 0.1


def test_a_decoder_is_the_same_every_time() -> None:
    seen = PICTURES.astype(np.float32)
    one, two = (decoder.learnt(seen[:50], PICTURES[:50], 3, steps=3)(seen[50:60]) for _ in range(2))
    assert np.array_equal(one, two)
