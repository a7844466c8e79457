"""What an adapter makes of cipher images, scored as a guess: a net that learnt to undo a cipher shows its pictures.

The output on unseen test images, in the way of looking at it that shows most: one affine fit a channel, stretched to
0..255, the negative of that, or drawn by a small decoder. Ways are fitted to, and chosen by, pictures that were held
out of the training; the score is that of any attack. An output of another shape is decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from imveil.attacks.base import U8
from imveil.audit.game.scoring import score
from imveil.audit.game.split import Terms, split_pictures
from imveil.keys.key import Key
from imveil.metrics.ssim import WINDOW, ssim_or_negative
from imveil.schemes.base import Scheme

if TYPE_CHECKING:
    from imveil.cloud.classifier import Classifier

F32 = npt.NDArray[np.float32]
Look = Callable[[F32], U8]
TERMS = Terms(targets=100)
CHOSEN_BY = 4  # a fourth of the held-out pictures


def adapted(
    net: Classifier, scheme: Scheme, key: Key, unseen: U8, public: U8, seed: int
) -> dict[str, float | int | str] | None:
    """recovery, low, high, identified, n of the adapter's output on unseen pictures, and `way`, how it was looked at;
    None where there is no adapter, or pictures are too small for SSIM.

    Parameters
    ----------
    unseen, public
        Plain pictures (n, h, w, c), of which the first are scored and the second are fitted to.
    """
    if net.adapter is None or min(unseen.shape[1:3]) < WINDOW:
        return None
    split = replace(split_pictures(unseen, TERMS, frozenset(), seed), public=public[: TERMS.public])

    def output(images: U8, name: str) -> F32:
        cipher = scheme.encrypt(images, key, [f"{name}/{i}" for i in range(len(images))]).images
        return _values(net, cipher)

    way, look = best_way(output(split.public, "public"), split.public, seed)
    found = score(split, look(output(split.targets, "target")), seed)
    return {
        "recovery": found.recovery, "low": found.low, "high": found.high, "identified": found.identified,
        "n": len(split.targets), "way": way,
    }  # fmt: skip


def best_way(seen: F32, truth: U8, seed: int) -> tuple[str, Look]:
    """The way of looking at outputs (n, h', w', c') that shows most of the pictures (n, h, w, c), and its name.

    Ways are fitted to most of these and chosen by the others.
    """
    from imveil.lab.output.decoder import learnt

    some = len(truth) - len(truth) // CHOSEN_BY
    ways: dict[str, Look] = {"decoder": learnt(seen[:some], truth[:some], seed)}
    if seen.shape == truth.shape:
        stretch = stretched(seen[:some])
        ways = {
            "affine": fit(seen[:some], truth[:some]),
            "stretched": stretch,
            "negative": lambda values: 255 - stretch(values),
            **ways,
        }
    shows = {name: float(ssim_or_negative(truth[some:], look(seen[some:])).mean()) for name, look in ways.items()}
    way = max(shows, key=lambda name: shows[name])
    return way, ways[way]


def fit(seen: F32, truth: U8) -> Look:
    """The map of one factor and one offset a channel under which `seen` is nearest to `truth`; it gives uint8."""
    x, y = (a.reshape(-1, a.shape[-1]).astype(np.float64) for a in (seen, truth))
    spread = ((x - x.mean(0)) ** 2).mean(0)
    factor = ((x - x.mean(0)) * (y - y.mean(0))).mean(0) / np.maximum(spread, 1e-9)
    offset = y.mean(0) - factor * x.mean(0)
    return lambda values: np.rint(values * factor + offset).clip(0, 255).astype(np.uint8)


def stretched(seen: F32) -> Look:
    """The map that takes all but a hundredth of the values of `seen`, of all channels together, to 0..255."""
    low, high = (float(one) for one in np.quantile(seen, (0.005, 0.995)))
    return lambda values: np.rint((values - low) * (255 / max(high - low, 1e-9))).clip(0, 255).astype(np.uint8)


def _values(net: Classifier, images: Any, batch: int = 500) -> F32:
    """What the adapter makes of cipher images, (n, h, w, c)."""
    import torch

    from imveil.cloud.data.tensors import tensor

    with torch.inference_mode():
        parts = [net.values(tensor(images[i : i + batch]).to(net.mean.device)) for i in range(0, len(images), batch)]
    return np.asarray(torch.cat(parts).permute(0, 2, 3, 1).float().cpu().numpy())
