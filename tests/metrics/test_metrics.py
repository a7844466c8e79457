"""Metrics against a second implementation (scikit-image, scipy, numpy) and against published values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.spatial.distance import cdist
from skimage.measure import shannon_entropy
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import imveil
from imveil.audit.statistics import key_twins, plain_twins
from imveil.errors import BadShape
from imveil.metrics.avalanche import avalanche
from imveil.metrics.bits_right import bits_right
from imveil.metrics.chi_square import CRITICAL, chi_square
from imveil.metrics.correlation import correlation
from imveil.metrics.entropy import entropy, entropy_critical, entropy_expected
from imveil.metrics.identity import identity, identity_or_negative
from imveil.metrics.mae import mae
from imveil.metrics.npcr_uaci import npcr, npcr_critical, uaci, uaci_critical
from imveil.metrics.psnr import psnr
from imveil.metrics.recognised import recognised
from imveil.metrics.repeats import equal_ciphers, reused_streams
from imveil.metrics.ssim import ssim, ssim_or_negative
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


def test_entropy_and_chi_square_are_those_of_scipy_and_scikit_image() -> None:
    images, _ = pair((3, 21, 17, 3))
    np.testing.assert_allclose(entropy(images), [shannon_entropy(image.ravel()) for image in images], rtol=1e-12)
    counts = [np.bincount(image.ravel(), minlength=256) for image in images]
    np.testing.assert_allclose(chi_square(images), [scipy.stats.chisquare(c).statistic for c in counts], rtol=1e-12)
    assert pytest.approx(scipy.stats.chi2.ppf(0.95, 255), abs=1e-9) == CRITICAL


@pytest.mark.parametrize("samples", [2, 100, 784, 3072, 16384, 150528])
def test_the_expected_entropy_is_the_sum_over_binomial_counts(samples: int) -> None:
    k = np.arange(min(samples, 5000) + 1)
    share = k / samples
    want = 256 * scipy.stats.binom.pmf(k, samples, 1 / 256) @ -(share * np.log2(np.where(k > 0, share, 1)))
    assert entropy_expected(samples) == pytest.approx(want, abs=1e-8)


def test_the_deviation_of_entropy_goes_over_into_its_limit() -> None:
    for samples in (1 << 14, (1 << 14) + 1):
        far = (entropy_expected(samples) - entropy_critical(samples)[0]) / scipy.stats.norm.ppf(0.95)
        assert far == pytest.approx(np.sqrt(2 * 255) / (2 * samples * np.log(2)), rel=4e-3)


def test_correlation_is_that_of_numpy() -> None:
    images, _ = pair((3, 21, 17, 3))
    for image, found in zip(images, correlation(images), strict=True):
        a = image.astype(float)
        for (x, y), value in zip(
            ((a[:, :-1], a[:, 1:]), (a[:-1], a[1:]), (a[:-1, :-1], a[1:, 1:])), found, strict=True
        ):
            assert value == pytest.approx(np.corrcoef(x.ravel(), y.ravel())[0, 1], abs=1e-12)
    assert np.isnan(correlation(np.full((1, 4, 4, 3), 9, np.uint8))).all()
    assert np.isnan(correlation(images[:, :1, :1])).all()


# Wu, Noonan, Agaian 2011: critical values for 8-bit images, in %.
PUBLISHED = [
    (256 * 256, 0.05, 99.5693, 33.2824, 33.6447),
    (256 * 256, 0.01, 99.5527, 33.2255, 33.7016),
    (256 * 256, 0.001, 99.5341, 33.1594, 33.7677),
    (512 * 512, 0.05, 99.5893, 33.3730, 33.5541),
    (512 * 512, 0.01, 99.5810, 33.3445, 33.5826),
    (512 * 512, 0.001, 99.5717, 33.3115, 33.6156),
]


@pytest.mark.parametrize(("samples", "alpha", "least", "low", "high"), PUBLISHED)
def test_critical_values_are_those_of_the_paper(
    samples: int, alpha: float, least: float, low: float, high: float
) -> None:
    assert round(npcr_critical(samples, alpha)[0], 4) == least
    assert [round(end, 4) for end in uaci_critical(samples, alpha)] == [low, high]


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_npcr_uaci_avalanche_and_bits_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 256, (1, 3, 4, 2), dtype=np.uint8)
    b = np.where(rng.random(a.shape) < 0.5, a, rng.integers(0, 256, a.shape, dtype=np.uint8)).astype(np.uint8)
    pairs = list(zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
    assert npcr(a, b)[0] == pytest.approx(100 * sum(x != y for x, y in pairs) / 24)
    assert uaci(a, b)[0] == pytest.approx(100 * sum(abs(x - y) for x, y in pairs) / 255 / 24)
    assert avalanche(a, b)[0] == pytest.approx(sum(bin(x ^ y).count("1") for x, y in pairs) / 24 / 8)
    want = [sum((x >> plane) & 1 == (y >> plane) & 1 for x, y in pairs) / 24 for plane in range(7, -1, -1)]
    np.testing.assert_allclose(bits_right(a, b)[0], want)


def test_a_fixed_mask_has_no_diffusion_and_full_key_sensitivity() -> None:
    rng, images = np.random.default_rng(1), pictures("plain", (30, 32, 32, 3))
    scheme, key = imveil.find("logistic-xor/1"), imveil.Key(bytes(range(32)))
    one_bit = plain_twins(lambda x: scheme.encrypt(x, key).images, images, rng)
    np.testing.assert_allclose(npcr(*one_bit), 100 / 3072)
    np.testing.assert_allclose(avalanche(*one_bit), 1 / 3072 / 8)
    both = key_twins(lambda secret, x: scheme.encrypt(x, imveil.Key(secret)).images, images[:10], rng)
    assert abs(npcr(*both).mean() - 99.6094) < 4 * 0.1125 / np.sqrt(10)
    assert abs(avalanche(*both).mean() - 0.5) < 4 * 0.5 / np.sqrt(10 * 3072 * 8)


@pytest.mark.parametrize("bit", range(8))
def test_plain_twins_differ_in_the_bit_that_was_asked_for(bit: int) -> None:
    a, b = plain_twins(lambda x: x, pictures("plain", (6, 5, 4, 3)), np.random.default_rng(0), bit)
    assert ((a ^ b).reshape(6, -1).sum(axis=1) == 1 << bit).all()
    assert avalanche(a, b) == pytest.approx(1 / 60 / 8)


def test_identity_is_the_nearest_in_scipys_correlation_distance() -> None:
    rng = np.random.default_rng(2)
    candidates = rng.integers(0, 256, (200, 6, 5, 3), dtype=np.uint8)
    right = rng.integers(0, 200, 50)
    noise = rng.integers(0, 256, (50, 6, 5, 3))
    guess = (0.12 * candidates[right] + 0.88 * noise).astype(np.uint8)
    rows = cdist(guess.reshape(50, -1).astype(float), candidates.reshape(200, -1).astype(float), "correlation")
    want = rows.argmin(axis=1) == right
    assert 0.05 < want.mean() < 0.95
    np.testing.assert_array_equal(identity(guess, candidates, right), want)
    np.testing.assert_array_equal(
        identity_or_negative(guess, candidates, right), np.abs(1 - rows).argmax(axis=1) == right
    )
    np.testing.assert_array_equal(
        identity_or_negative(255 - guess, candidates, right), identity_or_negative(guess, candidates, right)
    )


def test_identity_shares_ties_out() -> None:
    candidates = pictures("gallery", (10, 4, 4, 3))
    candidates[7] = candidates[3]
    grey = np.full((1, 4, 4, 3), 128, np.uint8)
    assert identity(grey, candidates, [4]) == pytest.approx(0.1)
    assert identity(candidates[3:4], candidates, [7]) == 1
    assert identity(candidates[3:4], candidates, [2]) == 0
    with pytest.raises(BadShape, match="one of 10 candidates"):
        identity(grey, candidates, [10])


def crops(real_data: Path, count: int, side: int = 32) -> Any:
    """Pieces of the Kodak photographs, halved in size, in a fixed order."""
    files = sorted((real_data / "kodak").glob("*.png"))
    if not files:
        pytest.skip("the folder of real data holds no Kodak photographs")
    photographs = [np.asarray(Image.open(file).convert("RGB").reduce(4)) for file in files[:12]]
    tiles = [p[y : y + side, x : x + side] for p in photographs for y in (0, 64) for x in (0, 32, 64, 96)]
    return np.stack(tiles[:count]).copy()


@pytest.mark.needs_data
@pytest.mark.parametrize(
    ("id", "fields", "reused"),
    [
        ("logistic-xor/1", {}, 1.0),
        ("logistic-xor/1", {"index": "pixel"}, 1.0),
        ("aes-xor/1", {}, 1.0),
        ("aes-ctr-control/1", {}, 0.0),
        ("negpos/1", {"per_image": True}, 0.0),
    ],
)
def test_reused_streams_are_seen_in_ciphers_alone(real_data: Path, id: str, fields: Any, reused: float) -> None:
    images, scheme = crops(real_data, 90), imveil.find(id, **fields)
    cipher = scheme.encrypt(images, imveil.Key(bytes(32)), ids=[str(i) for i in range(len(images))])
    found = reused_streams(cipher.images).mean()
    assert found >= 0.95 if reused else found <= 0.02, found


def test_equal_ciphers_and_a_batch_of_one() -> None:
    images = pictures("x", (4, 3, 3, 1))
    images[2] = images[0]
    assert equal_ciphers(images).tolist() == [1, 0, 1, 0]
    assert reused_streams(images[:1]).tolist() == [0]


def test_reused_streams_look_at_the_top_bit_and_at_no_other() -> None:
    """Pictures of which only the top bit is smooth: left half dark, right half bright."""
    images = pictures("low bits", (12, 24, 24, 1)) & 127
    images[:, :, 12:] |= 128
    mask = pictures("mask", (24, 24, 1))
    assert reused_streams(images ^ mask).all()
    assert not reused_streams(images ^ pictures("masks", (12, 24, 24, 1))).any()


def test_recognised_counts_classes_and_refuses_a_classifier_that_answers_nonsense() -> None:
    images = pictures("x", (3, 4, 4, 3))
    assert recognised(images, [2, 0, 1], lambda _: np.array([2, 1, 1])).tolist() == [1, 0, 1]
    assert len(recognised(images[:0], [], lambda _: 1 / 0)) == 0
    with pytest.raises(BadShape, match="gave"):
        recognised(images, [2, 0, 1], lambda _: np.zeros((3, 10)))
