"""Pictures into tensors for encoders of torch: resized in one way everywhere, in batches of a fixed size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imveil.errors import BadImage
from imveil.extras import nn, torch
from imveil.owner.encoders.base import F32, U8, rgb

BATCH = 32


def batch_of(pictures: Sequence[U8], side: int) -> torch.Tensor:
    """(n, 3, side, side) float32, 0 to 255: each picture whole, made square by Keys' cubic (a = -0.5)."""
    pictures = [rgb(picture) for picture in pictures]
    if len({picture.shape for picture in pictures}) == 1:
        return _resized(np.stack(pictures), side)
    return torch.cat([_resized(picture[None], side) for picture in pictures])


def in_batches(run: Callable[[Sequence[U8]], torch.Tensor], pictures: Sequence[U8], width: int) -> F32:
    """(n, width) float32 from a network, `BATCH` pictures at a time. Raises BadImage where an answer is not finite."""
    found: F32 = np.empty((len(pictures), width), np.float32)
    with torch.inference_mode():
        for at in range(0, len(pictures), BATCH):
            answer = run(pictures[at : at + BATCH]).float()
            found[at : at + BATCH] = answer.reshape(len(answer), -1).numpy()
    if not np.isfinite(found).all():
        raise BadImage("the encoder gave numbers that are not finite", hint="try --precision float32")
    return found


def fastest() -> str:
    """ "bfloat16" where the processor multiplies it in hardware, else "float32"."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="latin-1")
    except OSError:
        return "float32"
    return "bfloat16" if "amx_bf16" in flags or "avx512_bf16" in flags else "float32"


def laid_out(net: nn.Module, precision: str) -> Any:
    """A network for answers only, its numbers of that precision, channels last in memory, which processors like."""
    moved: Any = net.eval().to(getattr(torch, precision))
    return moved.to(memory_format=torch.channels_last)


def _resized(pixels: U8, side: int) -> torch.Tensor:
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    if x.shape[2:] != (side, side):
        x = nn.functional.interpolate(x, (side, side), mode="bicubic", antialias=True, align_corners=False)
    return x.clamp(0, 255)
