"""PGM and PPM, exactly: 8 or 16 bits a sample, in bytes (P5, P6) or in digits (P2, P3). netpbm.sourceforge.net/doc."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage
from imveil.store.budget import Budget

_HEAD = re.compile(rb"P([2356])" + 3 * rb"(?:\s|#[^\n\r]*[\n\r])+([0-9]{1,10})" + rb"\s", re.ASCII)


def is_pnm(data: bytes) -> bool:
    """Whether bytes open as such a file does."""
    return data[:2] in (b"P2", b"P3", b"P5", b"P6") and data[2:3] in b" \t\r\n#"


def read_pnm(data: bytes, budget: Budget, most_pixels: int) -> npt.NDArray[Any]:
    """The samples, (h, w, 1 or 3) uint8 or uint16. Raises BadImage.

    >>> read_pnm(b"P5 2 1 255 ab", Budget(13), 100).ravel().tolist()
    [97, 98]
    """
    head = _HEAD.match(data)
    if head is None:
        raise BadImage("the picture is broken: its header makes no sense")
    w, h, most = (int(head[i]) for i in (2, 3, 4))
    channels = 3 if head[1] in b"36" else 1
    if most not in (255, 65535):
        raise BadImage(f"its samples go up to {most}; 255 and 65535 are read", hint="scale it, so that it is known how")
    if not 0 < w * h <= most_pixels:
        raise BadImage(f"the picture has {h}x{w} pixels, at most {most_pixels} are read")
    size = 1 if most == 255 else 2
    count = h * w * channels
    budget.decode(count * size)
    body = memoryview(data)[head.end() :]
    if head[1] in b"56":
        if len(body) < count * size:
            raise BadImage("the picture is cut off")
        samples = np.frombuffer(body, np.uint8 if size == 1 else ">u2", count)
    else:
        words = re.sub(rb"#[^\n\r]*", b"", bytes(body)).split(None, count)[:count]
        if len(words) < count or not all(word.isdigit() and int(word) <= most for word in words):
            raise BadImage("the picture is cut off, or holds what is no sample")
        samples = np.array([int(word) for word in words])
    return samples.astype(np.uint8 if size == 1 else np.uint16).reshape(h, w, channels)
