"""The referee: what it deals, what its control knows, and how it scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imveil
from imveil.audit.game.challenger import Challenger, challenger_of, control, key_of
from imveil.audit.game.referee import game, play
from imveil.audit.game.scoring import blind_guesses, score
from imveil.audit.game.split import Terms, split_pictures
from imveil.errors import BadInput
from imveil.metrics.ssim import ssim_or_negative
from scenes import scenes

IMAGES = scenes(100, seed=2)
TERMS = Terms(targets=20, gallery=50, public=30)


# deals


@given(data=st.data())
def test_a_deal_keeps_its_parts_apart(data: Any) -> None:
    n = data.draw(st.integers(1, 60))
    pool = np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1)  # every picture is its own number
    terms = Terms(
        *(data.draw(st.integers(1, 12)) for _ in range(3)), None, *(data.draw(st.integers(0, 30)) for _ in "ab")
    )
    needs = frozenset(data.draw(st.sets(st.sampled_from(["pairs", "ciphers", "public", "gallery", "oracle"]))))
    seed = data.draw(st.integers(0, 5))
    least = (
        terms.targets + terms.pairs * ("pairs" in needs) + terms.ciphers * ("ciphers" in needs) + ("public" in needs)
    )
    if n < least:
        with pytest.raises(BadInput, match="pictures are needed"):
            split_pictures(pool, terms, needs, seed)
        return
    split = split_pictures(pool, terms, needs, seed)
    parts = [split.targets, split.pairs, split.ciphers, split.public]
    numbers = [int(v) for part in parts for v in part.ravel()]
    assert len(set(numbers)) == len(numbers), "a picture is in two parts"
    gallery = split.gallery.ravel().tolist()
    assert len(set(gallery)) == len(gallery) == min(max(terms.gallery, terms.targets), n)
    np.testing.assert_array_equal(split.gallery[split.right], split.targets)
    np.testing.assert_array_equal(split.targets, split_pictures(pool, terms, frozenset(), seed).targets)


def test_a_gallery_does_not_give_itself_away() -> None:
    where = [split_pictures(IMAGES, TERMS, frozenset({"gallery"}), seed).right for seed in range(8)]
    assert 15 < np.mean(where) < 35, "targets lie anywhere in the gallery"


# boxes


def test_keys_of_games_differ_by_seed_and_purpose() -> None:
    keys = {key_of(seed, purpose).fingerprint for seed in range(3) for purpose in ("game", "control", "own key 0")}
    assert len(keys) == 9


@pytest.mark.parametrize("id", ["negpos/1", "ffx/1", "orthogonal/1", "etc-grey/1"])
def test_the_control_looks_like_the_cipher_and_knows_nothing(id: str) -> None:
    real = challenger_of(imveil.find(id), 0)
    noise = control(real, (32, 32, 3), 0)
    flat = np.zeros((30, 32, 32, 3), np.uint8)
    like, drawn = real.encrypt(flat, "a"), noise.encrypt(flat, "a")
    assert (drawn.shape, drawn.dtype) == (like.shape, like.dtype)
    assert len({one.tobytes() for one in drawn}) == 30, "equal pictures must not look alike"
    np.testing.assert_array_equal(drawn, noise.encrypt(IMAGES[:30], "a"), "the control saw the pictures")
    assert not np.array_equal(drawn, noise.encrypt(flat, "b"))
    assert not np.array_equal(drawn, control(real, (32, 32, 3), 1).encrypt(flat, "a"))
    assert len(noise.encrypt(flat[:0], "none")) == 0


def test_simulating_takes_another_key_every_time() -> None:
    real = challenger_of(imveil.find("aes-xor/1"), 0)
    simulate = real.simulate()
    assert simulate is not None
    one, two = simulate(IMAGES[:1]), simulate(IMAGES[:1])
    assert not np.array_equal(one, two)
    assert not np.array_equal(one, real.encrypt(IMAGES[:1], "x"))
    assert Challenger(lambda images, _: images).simulate() is None


def test_anybody_s_encryptor_plays() -> None:
    mask = np.random.default_rng(3).integers(0, 256, IMAGES.shape[1:], np.uint8)
    found = play(Challenger(lambda images, _: images ^ mask), IMAGES, "chosen-plan", terms=TERMS)
    assert found.value == 1.0
    assert found.facts["scheme"] is None


# scores


def test_recovery_counts_from_the_best_blind_guess() -> None:
    split = split_pictures(IMAGES, TERMS, frozenset(), 0)
    blinds = {
        name: float(ssim_or_negative(split.targets, np.broadcast_to(one, split.targets.shape).copy()).mean())
        for name, one in blind_guesses(split.public, (32, 32, 3)).items()
    }
    best = max(blinds, key=lambda name: blinds[name])
    for name, one in blind_guesses(split.public, (32, 32, 3)).items():
        found = score(split, np.broadcast_to(one, split.targets.shape).copy())
        assert found.blind_guess == best
        assert found.recovery == 0.0
        assert (found.raw == 0.0) == (name == best)
    whole = score(split, split.targets)
    assert (whole.recovery, whole.low, whole.high, whole.exact, whole.identified) == (1, 1, 1, 1, 1)
    assert whole.psnr is None
    half = np.concatenate([split.targets[:10], np.full_like(split.targets[:10], 128)])
    found = score(split, half)
    s = float(ssim_or_negative(split.targets, half).mean())
    assert found.raw == pytest.approx((s - blinds[best]) / (1 - blinds[best]), abs=1e-5)
    assert found.low < found.recovery < found.high
    assert found.exact == 0.5


def test_a_negative_is_a_recovery() -> None:
    split = split_pictures(IMAGES, TERMS, frozenset(), 0)
    found = score(split, 255 - split.targets)
    assert found.recovery == pytest.approx(1.0)
    assert (found.exact, found.identified) == (0.0, 1.0)
    assert found.chroma == pytest.approx(0, abs=0.1)  # but for the extremes, where the conversion cuts


def test_a_picture_of_the_right_one_of_few_is_identified_though_it_looks_like_nothing() -> None:
    split = split_pictures(IMAGES, TERMS, frozenset(), 0)
    rng = np.random.default_rng(0)
    noisy = (split.targets // 8 + rng.integers(0, 120, split.targets.shape)).astype(np.uint8)
    found = score(split, noisy)
    assert found.recovery < 0.2
    assert found.identified > 0.9


def test_one_target_has_no_interval() -> None:
    split = split_pictures(IMAGES, Terms(targets=1, gallery=5), frozenset(), 0)
    found = score(split, split.targets)
    assert (found.recovery, found.low, found.high) == (1.0, 0.0, 1.0)


def test_the_interval_covers_what_other_draws_give() -> None:
    scheme = imveil.find("negpos/1", per_image=True)
    images, terms = scenes(300, seed=9), Terms(targets=20, gallery=20, public=20)
    games = [game(scheme, images, "fold", seed=i, terms=terms, against_noise=False).score for i in range(12)]
    mean = np.mean([one.raw for one in games])
    assert sum(one.low <= mean <= one.high for one in games) >= 9


# records


def test_a_record_says_all_that_the_game_was() -> None:
    one = play(imveil.find("le/1"), IMAGES, "known-plan", terms=TERMS, data="scenes", seed=3)
    two = play(imveil.find("le/1"), IMAGES, "known-plan", terms=TERMS, data="scenes", seed=3)
    assert one.kind == "recovery"
    assert (one.name, one.seed, one.n, one.value) == ("known-plan", 3, 20, 1.0)
    facts = one.facts
    assert (facts["scheme"], facts["fields"], facts["data"], facts["shape"]) == (
        "le/1",
        {"block": 4},
        "scenes",
        [32, 32, 3],
    )
    assert facts["terms"] == {"targets": 20, "pairs": 1, "gallery": 50}
    assert facts["found"]["control"]["low"] == 0.0
    assert facts["found"]["control"]["blind"] == facts["found"]["blind"], "both are counted from one blind guess"
    assert (one.digest, one.facts) == (two.digest, two.facts)
    other = play(imveil.find("le/1"), IMAGES, "known-plan", terms=TERMS, data="other", seed=3, against_noise=False)
    assert other.digest != one.digest
    assert other.facts["found"]["control"] is None


def test_large_images_are_cut_down_where_an_attack_is_local() -> None:
    """Encryption sees whole pictures; the attack and the score see the same middle of each."""
    large = np.random.default_rng(3).integers(0, 256, (60, 96, 80, 1), dtype=np.uint8)
    mask = np.random.default_rng(4).integers(0, 256, large.shape[1:], dtype=np.uint8)
    seen: list[tuple[int, ...]] = []

    def encrypt(images: Any, _: str) -> Any:
        seen.append(images.shape[1:])
        return images ^ mask

    found = game(Challenger(encrypt), large, "look", terms=Terms(targets=5, crop=64))
    assert set(seen) >= {(96, 80, 1)}
    assert found.view.targets.shape == (5, 64, 64, 1) == found.split.targets.shape
    np.testing.assert_array_equal(found.view.targets ^ mask[16:80, 8:72], found.split.targets)
    assert found.record.facts["terms"]["crop"] == 64
    assert "crop" not in Terms().used(frozenset())
