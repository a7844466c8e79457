"""What an adapter makes of cipher images, scored as a guess: a net that learnt to undo a cipher shows its pictures.

The output on unseen test images, after one affine fit a channel on pictures that were held out of the training, cut to
0..255: the same score as any attack's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from imveil.attacks.base import U8
from imveil.audit.game.scoring import score
from imveil.audit.game.split import Terms, split_pictures
from imveil.keys.key import Key
from imveil.metrics.ssim import WINDOW
from imveil.schemes.base import Scheme

if TYPE_CHECKING:
    from imveil.cloud.classifier import Classifier

F32 = npt.NDArray[np.float32]
TERMS = Terms(targets=100)


def adapted(
    net: Classifier, scheme: Scheme, key: Key, unseen: U8, public: U8, seed: int
) -> dict[str, float | int] | None:
    """recovery, low, high, identified, n of the adapter's output on unseen pictures; None where it is no picture.

    Parameters
    ----------
    unseen, public
        Plain pictures (n, h, w, c), of which the first are scored and the second are fitted to.
    """
    if net.adapter is None or not net.adapter.picture or min(unseen.shape[1:3]) < WINDOW:
        return None
    split = replace(split_pictures(unseen, TERMS, frozenset(), seed), public=public[: TERMS.public])

    def output(images: U8, name: str) -> F32:
        cipher = scheme.encrypt(images, key, [f"{name}/{i}" for i in range(len(images))]).images
        return _values(net, cipher)

    fitted = fit(output(split.public, "public"), split.public)
    found = score(split, fitted(output(split.targets, "target")), seed)
    return {
        "recovery": found.recovery, "low": found.low, "high": found.high, "identified": found.identified,
        "n": len(split.targets),
    }  # fmt: skip


def fit(seen: F32, truth: U8) -> Any:
    """The map of one factor and one offset a channel under which `seen` is nearest to `truth`; it gives uint8."""
    x, y = (a.reshape(-1, a.shape[-1]).astype(np.float64) for a in (seen, truth))
    spread = ((x - x.mean(0)) ** 2).mean(0)
    factor = ((x - x.mean(0)) * (y - y.mean(0))).mean(0) / np.maximum(spread, 1e-9)
    offset = y.mean(0) - factor * x.mean(0)
    return lambda values: np.rint(values * factor + offset).clip(0, 255).astype(np.uint8)


def _values(net: Classifier, images: Any, batch: int = 500) -> F32:
    """What the adapter makes of cipher images, (n, h, w, c)."""
    import torch

    from imveil.cloud.data.tensors import tensor

    with torch.inference_mode():
        parts = [net.values(tensor(images[i : i + batch]).to(net.mean.device)) for i in range(0, len(images), batch)]
    return np.asarray(torch.cat(parts).permute(0, 2, 3, 1).float().cpu().numpy())
