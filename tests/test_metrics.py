"""Metrics against a second implementation (scikit-image, scipy, numpy) and against published values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from imveil.errors import BadShape
from imveil.lab.metrics.mae import mae
from imveil.lab.metrics.psnr import psnr
from imveil.lab.metrics.ssim import ssim, ssim_or_negative
from variants import pictures


def pair(shape: tuple[int, ...], noise: int = 60) -> tuple[Any, Any]:
    """Smooth-ish pictures and noisy guesses of them."""
    _, h, w, _ = shape
    waves = np.add.outer(np.sin(np.arange(h) / 5), np.cos(np.arange(w) / 7))
    truth = (127 + 50 * waves[None, :, :, None] + pictures("grain", shape) % 20).astype(np.uint8)
    return truth, (truth + (pictures("noise", shape) % np.uint8(noise))).astype(np.uint8)


def skimage_ssim(a: Any, b: Any) -> float:
    value = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=-1
    )
    return float(value)


@pytest.mark.parametrize("shape", [(3, 32, 32, 3), (2, 11, 11, 1), (4, 28, 28, 1), (1, 300, 500, 3), (2, 40, 17, 4)])
def test_ssim_is_that_of_scikit_image(shape: tuple[int, ...]) -> None:
    truth, guess = pair(shape)
    want = [skimage_ssim(a, b) for a, b in zip(truth, guess, strict=True)]
    np.testing.assert_allclose(ssim(truth, guess), want, rtol=1e-9)
    negative = [skimage_ssim(a, 255 - b) for a, b in zip(truth, guess, strict=True)]
    np.testing.assert_allclose(ssim_or_negative(truth, guess), np.maximum(want, negative), rtol=1e-9)
    np.testing.assert_allclose(ssim_or_negative(truth, 255 - guess), np.maximum(want, negative), rtol=1e-9)


def test_ssim_wants_a_window() -> None:
    with pytest.raises(BadShape, match="windows of 11x11, got pictures of 10x32"):
        ssim(*pair((1, 10, 32, 3)))


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_ssim_is_symmetric_and_at_most_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 256, (2, 2, 12, 13, 3), dtype=np.uint8)
    np.testing.assert_allclose(ssim(a, b), ssim(b, a), rtol=1e-9)
    assert (ssim(a, b) < 1).all()
    np.testing.assert_allclose(ssim(a, a), 1)


def test_psnr_and_mae_are_those_of_scikit_image_and_numpy() -> None:
    truth, guess = pair((4, 19, 23, 3))
    want = [peak_signal_noise_ratio(a, b, data_range=255) for a, b in zip(truth, guess, strict=True)]
    np.testing.assert_allclose(psnr(truth, guess), want, rtol=1e-12)
    np.testing.assert_allclose(mae(truth, guess), np.abs(truth.astype(float) - guess).mean(axis=(1, 2, 3)))
