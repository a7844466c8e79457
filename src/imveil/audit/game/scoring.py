"""Score: what a guess is worth. Recovery counts from the best blind guess; re-identification stands beside it.

    recovery = max(0, (s - b) / (1 - b))

s is the mean over the targets of the SSIM of the better of picture and negative, b that of the best guess made without
looking at any cipher image. A set that came out mirrored as a whole counts as if it were the right way round: no
statistic tells which it is, and an eye does. The 95 % interval is the percentile bootstrap over targets, 2,000 draws,
both means from the same targets; with fewer than two targets it is 0 to 1. SSIM is nearly blind to identity: a picture
can be told apart without being redrawn, so the share of right picks among the gallery is counted too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from imveil.attacks.base import U8
from imveil.audit.game.split import Split
from imveil.metrics.identity import identity_or_negative
from imveil.metrics.psnr import psnr
from imveil.metrics.ssim import ssim_or_negative
from imveil.plans.transforms.ycbcr import to_ycbcr

DRAWS = 2000
MIRRORED = 0.1  # of SSIM, by which a mirrored set must be better: what came out as noise is not turned about


@dataclass(frozen=True)
class Score:
    """recovery, low, high: with its 95 % interval.   raw: before it is cut at 0.   ssim, median: of the better of
    picture and negative.   blind, blind_guess: the best blind guess's mean SSIM, and which one it is.   psnr: median
    in dB, of the better sign; None where more than half are exact.   exact: share of targets right in every byte.
    chroma: mean absolute error of Cb and Cr of the better sign, None for grey pictures.
    sign: share of guesses that are nearer to the picture than to its negative.
    identified: share picked rightly among `gallery` candidates; chance is 1 / gallery."""

    recovery: float
    low: float
    high: float
    raw: float
    ssim: float
    median: float
    blind: float
    blind_guess: str
    psnr: float | None
    exact: float
    chroma: float | None
    sign: float
    identified: float
    gallery: int


def blind_guesses(public: U8, shape: tuple[int, int, int]) -> dict[str, U8]:
    """Guesses of someone who saw no cipher image, each (h, w, c): grey, and what public pictures suggest."""
    found = {"grey": np.full(shape, 128, np.uint8)}
    if len(public):
        found["mean picture"] = public.mean(axis=0).round().astype(np.uint8)
        found["median picture"] = np.median(public[:500], axis=0).round().astype(np.uint8)
        found["mean colour"] = np.broadcast_to(public.mean(axis=(0, 1, 2)).round().astype(np.uint8), shape).copy()
        found["public picture"] = public[0]
    return found


def blind_scores(split: Split) -> dict[str, Any]:
    """Of every blind guess its SSIM, or its negative's, with each target, (n,)."""
    truth = split.targets
    h, w, c = (int(d) for d in truth.shape[1:])
    guesses = blind_guesses(split.public, (h, w, c))
    return {name: ssim_or_negative(truth, np.broadcast_to(one, truth.shape).copy()) for name, one in guesses.items()}


def score(split: Split, guess: U8, seed: int = 0, blinds: dict[str, Any] | None = None) -> Score:
    """The worth of `guess` (n, h, w, c) for the targets of `split`.

    Parameters
    ----------
    blinds
        `blind_scores`, where they are known.
    """
    truth, blinds = split.targets, blinds or blind_scores(split)
    found = ssim_or_negative(truth, guess)
    mirrored = np.ascontiguousarray(guess[:, :, ::-1])
    about = ssim_or_negative(truth, mirrored)
    if about.mean() > found.mean() + MIRRORED:
        guess, found = mirrored, about
    best = max(blinds, key=lambda name: float(blinds[name].mean()))
    raw = _recovery(found.mean(), blinds[best].mean())
    low, high = _interval(found, np.stack(list(blinds.values())), seed)
    picture, negative = psnr(truth, guess), psnr(truth, 255 - guess)
    decibels = float(np.median(np.maximum(picture, negative)))
    return Score(
        recovery=round(max(0.0, raw), 6),
        low=round(low, 6),
        high=round(high, 6),
        raw=round(raw, 6),
        ssim=round(float(found.mean()), 6),
        median=round(float(np.median(found)), 6),
        blind=round(float(blinds[best].mean()), 6),
        blind_guess=best,
        psnr=round(decibels, 3) if np.isfinite(decibels) else None,
        exact=round(float((truth == guess).all(axis=(1, 2, 3)).mean()), 6),
        chroma=_chroma(truth, guess) if truth.shape[3] == 3 else None,
        sign=round(float((picture > negative).mean()), 6),
        identified=round(float(identity_or_negative(guess, split.gallery, split.right).mean()), 6),
        gallery=len(split.gallery),
    )


def _chroma(truth: U8, guess: U8) -> float:
    right, found = (to_ycbcr(a)[..., 1:].astype(np.int16) for a in (truth, guess))
    errors = [np.abs(right - one).mean(axis=(1, 2, 3)) for one in (found, 256 - found)]
    return round(float(np.minimum(*errors).mean()), 4)


def _recovery(s: Any, b: Any) -> float:
    return float((s - b) / max(1 - b, 1e-9))


def _interval(found: Any, blinds: Any, seed: int) -> tuple[float, float]:
    n = len(found)
    if n < 2:
        return 0.0, 1.0
    rows = np.random.default_rng([seed, 3]).integers(0, n, (DRAWS, n))
    # In every draw the best blind guess is chosen again: the attacker has to beat whichever is best there.
    b = blinds[:, rows].mean(axis=2).max(axis=0)
    values = (found[rows].mean(axis=1) - b) / np.maximum(1 - b, 1e-9)
    low, high = np.quantile(values, [0.025, 0.975])
    return max(0.0, float(low)), max(0.0, float(high))
