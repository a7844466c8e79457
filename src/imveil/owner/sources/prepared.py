"""Pictures made fit before they are encrypted: resized, padded, cropped, in this order. What is sealed is the result.

A size is "224", or "160x240" as height x width. Resizing to one number makes the shorter side so long, in proportion;
padding and cropping to one number mean a square.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from imveil.errors import BadField, BadShape
from imveil.owner.picture import Picture, from16, to16
from imveil.owner.sources.base import Source

_MOST = 1 << 15
Size = tuple[int, ...]  # (shorter side,) or (height, width)


@dataclass(frozen=True)
class Preparation:
    """What is done to each picture; None: nothing.

    Resizing is bilinear, over the area that a new pixel covers where it shrinks. Padding is black, the same above as
    below and left as right (one less above and left where the number is odd), up to the size; larger pictures stay.
    Cropping keeps the middle.

    Attributes
    ----------
    resize
        (shorter,) or (h, w).
    pad, crop
        (h, w).
    channels
        "rgb" or "grey", to make all alike: grey is the brightness after ITU-R BT.601, or the sample that all three
        share; transparency is left out.
    """

    resize: Size | None = None
    pad: Size | None = None
    crop: Size | None = None
    channels: str | None = None

    @classmethod
    def of(
        cls,
        resize: str | None = None,
        pad: str | None = None,
        crop: str | None = None,
        channels: str | None = None,
    ) -> Preparation | None:
        """From texts; None where nothing is to be done. Raises BadField.

        >>> Preparation.of(resize="256", crop="224x224")
        Preparation(resize=(256,), pad=None, crop=(224, 224), channels=None)
        """
        if channels not in (None, "keep", "rgb", "grey"):
            raise BadField(f"--channels is rgb, grey or keep, not {channels!r}")
        channels = None if channels == "keep" else channels
        if resize is pad is crop is channels is None:
            return None
        return cls(_size("resize", resize), _square(_size("pad", pad)), _square(_size("crop", crop)), channels)

    def options(self) -> dict[str, str]:
        """As `of` takes them.

        >>> Preparation(resize=(256,), crop=(224, 224)).options()
        {'resize': '256', 'crop': '224x224'}
        """
        sizes = {"resize": self.resize, "pad": self.pad, "crop": self.crop}
        found = {name: "x".join(map(str, size)) for name, size in sizes.items() if size is not None}
        return found | ({"channels": self.channels} if self.channels else {})

    def facts(self) -> list[Any]:
        """What decides the result, for the digest of a job."""
        return [["prepare", self.resize, self.pad, self.crop, *([self.channels] if self.channels else [])]]

    def __call__(self, picture: Picture) -> Picture:
        """The picture, made fit. Raises BadShape where it is smaller than what is to be cropped."""
        pixels: npt.NDArray[Any] = to16(picture.pixels) if picture.depth == 16 else picture.pixels
        if self.channels:
            pixels = _recoloured(pixels, self.channels)
        if self.resize:
            pixels = _resized(pixels, _target(pixels.shape, self.resize))
        h, w = pixels.shape[:2]
        if self.pad:
            down, across = max(self.pad[0] - h, 0), max(self.pad[1] - w, 0)
            pixels = np.pad(pixels, (_both(down), _both(across), (0, 0)))
            h, w = pixels.shape[:2]
        if self.crop:
            if h < self.crop[0] or w < self.crop[1]:
                raise BadShape(
                    f"the picture is {h} high and {w} wide, {self.crop[0]} and {self.crop[1]} are to be cropped",
                    hint="add --pad, or --resize",
                )
            top, left = (h - self.crop[0]) // 2, (w - self.crop[1]) // 2
            pixels = pixels[top : top + self.crop[0], left : left + self.crop[1]]
        if picture.depth == 16:
            return Picture(from16(pixels.astype(np.uint16, copy=False)), 16)
        return Picture(np.ascontiguousarray(pixels, np.uint8), 8)


class Prepared(Source):
    """A source whose pictures are made fit when they are read."""

    def __init__(self, source: Source, preparation: Preparation) -> None:
        self.source, self._preparation = source, preparation
        self.spec, self.classes, self.items, self.notes = source.spec, source.classes, source.items, source.notes
        self.place, self.left_out = source.place, source.left_out
        self.prepared = preparation.options()

    @property
    def preparation(self) -> list[Any]:
        """What decides the result, for the digest of a job."""
        return self._preparation.facts()

    def read(self, i: int) -> Picture:
        """Picture i, made fit. Raises BadImage, BadShape."""
        return self._preparation(self.source.read(i))


def _recoloured(pixels: npt.NDArray[Any], channels: str) -> npt.NDArray[Any]:
    """(h, w, c) of any kind as RGB or grey."""
    colours = pixels[:, :, :3] if pixels.shape[2] > 2 else pixels[:, :, :1]
    if channels == "rgb":
        return np.repeat(colours, 3, axis=2) if colours.shape[2] == 1 else colours
    if colours.shape[2] == 1:
        return colours
    # Whole numbers, so that a grey picture in three channels gives its own samples.
    sums = colours.astype(np.uint64) @ np.array([299, 587, 114], np.uint64)
    return ((sums + 500) // 1000).astype(pixels.dtype)[:, :, None]


def _size(what: str, text: str | None) -> Size | None:
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,5})(?:[x,]([0-9]{1,5}))?", text.strip())
    size = tuple(int(part) for part in found.groups() if part) if found else ()
    if not size or not all(0 < side <= _MOST for side in size):
        raise BadField(f"--{what} is a size like 224 or 160x240 (height x width), at most {_MOST}, not {text!r}")
    return size


def _square(size: Size | None) -> Size | None:
    return size * 2 if size is not None and len(size) == 1 else size


def _target(shape: tuple[int, ...], size: Size) -> tuple[int, int]:
    if len(size) == 2:
        return size[0], size[1]
    h, w = shape[:2]
    short = min(h, w)
    return max(1, round(h * size[0] / short)), max(1, round(w * size[0] / short))


def _both(count: int) -> tuple[int, int]:
    return count // 2, count - count // 2


def _resized(pixels: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    h, w = size
    if pixels.shape[:2] == size:
        return pixels
    if pixels.dtype == np.uint8:
        flat = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
        resized: npt.NDArray[Any] = np.array(Image.fromarray(flat).resize((w, h), Image.Resampling.BILINEAR), np.uint8)
        return resized if resized.ndim == 3 else resized[:, :, None]
    # Pillow resizes one plane of real numbers; 16 bits fit into them exactly.
    planes = [
        np.asarray(Image.fromarray(pixels[:, :, k].astype(np.float32)).resize((w, h), Image.Resampling.BILINEAR))
        for k in range(pixels.shape[2])
    ]
    rounded: npt.NDArray[Any] = np.clip(np.rint(np.stack(planes, axis=2)), 0, 65535).astype(np.uint16)
    return rounded
