"""Preserved: what of a picture survives in its cipher image as it is.

The "intrinsic properties" of the field, one record each:

    size     samples of a cipher image to those of the picture
    png      bytes of the cipher image as PNG to those of the picture: what file size it costs
    place    share of samples whose change changes the cipher image in the same pixel, and nowhere else
    fold     share of pixels with the same |v - 127.5|, in any order of the colours
    values   share of cipher images that hold the same values, somewhere
    smooth   correlation of samples that lie side by side, to that of the picture
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from PIL import Image

import imveil
from imveil.attacks.base import U8, Images
from imveil.audit.game.challenger import Encrypt, challenger_of
from imveil.lab import samples
from imveil.lab.measurement import Measurement
from imveil.record import Record

PROPERTIES = ("size", "png", "place", "fold", "values", "smooth")
IMAGES = 100


@dataclass(frozen=True)
class Preserved(Measurement):
    """One property of one scheme with these fields, on these pictures."""

    property: str
    scheme: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    data: str = "cifar10 test"
    kind: ClassVar[str] = "kept"

    def facts(self) -> dict[str, Any]:
        """Property, scheme with all of its fields, pictures."""
        config = imveil.find(self.scheme, **self.fields).config()
        return {"property": self.property, "scheme": self.scheme, "fields": config, "data": self.data}

    def measure(self, seed: int) -> Record:
        """The mean over a hundred pictures, with the range over them."""
        begin = time.perf_counter()
        images = samples.drawn(self.data, IMAGES, seed)
        encrypt = challenger_of(imveil.find(self.scheme, **self.fields), seed).encrypt
        values = preserved(self.property, images, encrypt, np.random.default_rng([seed, 9]))
        return self.measured(
            self.property,
            seed,
            value=round(float(values.mean()), 6),
            unit="ratio" if self.property in ("size", "png", "smooth") else "share",
            n=len(images),
            low=round(float(values.min()), 6),
            high=round(float(values.max()), 6),
            seconds=round(time.perf_counter() - begin, 3),
        )

    def __str__(self) -> str:
        return f"{self.property} kept by {self.scheme}" + "".join(f" {k}={v}" for k, v in self.fields.items())


def preserved(property: str, images: U8, encrypt: Encrypt, rng: np.random.Generator) -> Any:
    """The property of each image, (n,).

    Parameters
    ----------
    encrypt
        (images, purpose).

    Returns
    -------
    cipher images
    """
    cipher = encrypt(images, "kept")
    n = len(images)
    if property == "size":
        return np.full(n, cipher[0].size / images[0].size)
    if property == "png":
        return np.array([_png(c) / _png(x) for c, x in zip(cipher, images)])
    if property == "place":
        return _place(images, encrypt, rng)
    ours, theirs = cipher.reshape(n, -1).astype(np.int32), images.reshape(n, -1).astype(np.int32)
    if property == "values":
        if ours.shape != theirs.shape:
            return np.zeros(n)
        return (np.sort(ours, axis=1) == np.sort(theirs, axis=1)).all(axis=1).astype(float)
    if property == "fold":
        if ours.shape != theirs.shape:
            return np.zeros(n)
        a, b = (np.sort(np.abs(2 * v - 255).reshape(n, -1, images.shape[3]), axis=2) for v in (ours, theirs))
        return (a == b).all(axis=2).mean(axis=1)
    return np.array([_beside(c) / max(_beside(x), 1e-9) for c, x in zip(cipher, images)])


def _place(images: U8, encrypt: Encrypt, rng: np.random.Generator) -> Any:
    """A picture and the same with one sample changed, under one name and key: where do the cipher images differ?"""
    changed = images.copy()
    at = rng.integers(0, images[0].size, len(images))
    changed.reshape(len(images), -1)[np.arange(len(images)), at] ^= rng.integers(1, 256, len(images)).astype(np.uint8)
    one, two = (encrypt(a, "place").reshape(len(images), -1) for a in (images, changed))
    if one.shape[1] != images[0].size:
        return np.zeros(len(images))
    differ = (one != two).reshape(len(images), -1, images.shape[3]).any(axis=2)
    return ((differ.sum(axis=1) == 1) & differ[np.arange(len(images)), at // images.shape[3]]).astype(float)


def _beside(image: Images) -> float:
    samples = image.astype(float)
    left, right = samples[:, :-1].ravel(), samples[:, 1:].ravel()
    if left.std() < 1e-9 or right.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def _png(image: Images) -> int:
    """Bytes of the image as PNG; cipher images that are no bytes are counted as they are stored, uncompressed."""
    if image.dtype != np.uint8 or image.shape[2] not in (1, 3, 4):
        return int(image.nbytes)
    out = io.BytesIO()
    Image.fromarray(image if image.shape[2] > 1 else image[..., 0]).save(out, "png", optimize=True)
    return out.tell()
