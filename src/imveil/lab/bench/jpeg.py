"""What JPEG leaves of a picture that was encrypted, stored as JPEG and decrypted, beside what it leaves of the picture.

Chroma is stored at half size (4:2:0) or at full size (4:4:4). At half size a decoder makes it large again, and an
ordinary one smooths it across the edges of the 16x16 pieces that JPEG codes: after encryption those are edges between
strangers. `smooth=False` decodes each piece by itself.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from PIL import Image, features

import imveil
from imveil.audit.game.challenger import key_of
from imveil.errors import BadImage, BadSource, MissingExtra
from imveil.keys.key import Key
from imveil.metrics.base import U8
from imveil.metrics.psnr import psnr
from imveil.owner.picture import read_picture
from imveil.record import Record, digest_of, measured
from imveil.schemes.base import Cipher, Scheme

SAMPLINGS = ("4:2:0", "4:4:4")
QUALITIES = (50, 60, 70, 80, 90, 95)
WAYS = (("4:4:4", True), ("4:2:0", True), ("4:2:0", False))  # sampling, smooth
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("etc/1", {"block": 16}),
    ("etc/1", {"block": 8}),
    ("etc-grey/1", {"block": 8}),
    ("cpe-iib/1", {"block": 32, "sub_block": 16}),
    ("cpe-iib/1", {"block": 16, "sub_block": 8}),
    ("cpe-iib/1", {"block": 16, "sub_block": 4}),
    ("le/1", {"block": 4}),
)


@dataclass(frozen=True)
class Survival:
    """One picture. after, alone: PSNR in dB after encryption, JPEG and decryption, and after JPEG alone; size_after,
    size_alone: bytes of the two files."""

    after: float
    alone: float
    size_after: int
    size_alone: int


def survival(scheme: Scheme, key: Key, image: U8, quality: int, sampling: str, *, smooth: bool = True) -> Survival:
    """How one picture (h, w, c) fares, c being 1 or 3.

    Parameters
    ----------
    quality, sampling
        1 to 95, and as in libjpeg.
    smooth
        As above.
    """
    cipher = scheme.encrypt(image[None], key, ["jpeg"])
    stored, size_after = through_jpeg(cipher.images[0], quality, sampling, smooth=smooth)
    restored = scheme.decrypt(Cipher(stored[None], cipher.nonces, cipher.size), key)
    alone, size_alone = through_jpeg(image, quality, sampling, smooth=smooth)
    truth = np.repeat(image[None], 2, axis=0)
    after, without = psnr(truth, np.stack([restored[0], alone])).tolist()
    return Survival(after, without, size_after, size_alone)


def through_jpeg(image: U8, quality: int, sampling: str, *, smooth: bool = True) -> tuple[U8, int]:
    """An image (h, w, c) after JPEG, and the bytes of the file.

    Raises MissingExtra for smooth=False without simplejpeg: Pillow cannot turn smoothing off.

    >>> grey, size = through_jpeg(np.full((16, 16, 1), 77, np.uint8), 95, "4:4:4")
    >>> int(grey.max()), size < 1000
    (77, True)
    """
    file = io.BytesIO()
    picture: Any = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    picture.save(file, "JPEG", quality=quality, subsampling=sampling)
    if smooth:
        decoded = np.asarray(Image.open(file))
    else:
        decoded = _decoded_apart(file.getvalue(), image.shape[2])
    return decoded.reshape(image.shape), file.tell()


def photographs(folder: str | Path) -> list[U8]:
    """The pictures of a folder, (h, w, 3), in the order of their names.

    Raises BadSource where there are none, or where one is no colour picture of 8 bits: JPEG takes no other.
    """
    files = [file for file in sorted(Path(folder).glob("*")) if file.suffix.lower() in (".png", ".bmp", ".tif", ".ppm")]
    if len(files) < 2:
        raise BadSource(f"{folder} has {len(files)} lossless pictures; two or more are needed for a spread")
    found = []
    for file in files:
        try:
            picture = read_picture(file)
        except BadImage as error:
            raise BadSource(f"{file}: {error}") from error
        if picture.depth != 8 or picture.pixels.shape[2] != 3:
            raise BadSource(f"{file} is no colour picture of 8 bits")
        found.append(picture.pixels)
    return found


def measure(pictures: list[U8], data: str) -> Iterator[list[Record]]:
    """Records of every case, way and quality, one case and way at a time: the mean difference in PSNR, in dB.

    A record's value is after - alone over all pictures, low and high its range.

    Parameters
    ----------
    data
        What the pictures are.
    """
    for id, fields in CASES:
        for sampling, smooth in WAYS:
            scheme = imveil.find(id, **fields)
            yield [_record(scheme, fields, pictures, data, quality, sampling, smooth) for quality in QUALITIES]


def _record(
    scheme: Scheme, fields: dict[str, Any], pictures: list[U8], data: str, quality: int, sampling: str, smooth: bool
) -> Record:
    began, key = time.monotonic(), key_of(0, "jpeg")
    found = [survival(scheme, key, image, quality, sampling, smooth=smooth) for image in pictures]
    differences = [one.after - one.alone for one in found]
    setting = {
        "scheme": scheme.id,
        "fields": fields,
        "quality": quality,
        "sampling": sampling,
        "smooth": smooth,
        "data": data,
    }
    facts = {
        **setting,
        "after": round(fmean(one.after for one in found), 4),
        "alone": round(fmean(one.alone for one in found), 4),
        "sd": round(stdev(differences), 4),
        "size": round(fmean(one.size_after / one.size_alone for one in found), 4),
        "libjpeg-turbo": features.version("libjpeg_turbo"),
    }
    return measured(
        kind="jpeg",
        name=f"{scheme.id} {sampling} quality {quality}",
        digest=digest_of(setting),
        facts=facts,
        value=round(fmean(differences), 4),
        unit="dB",
        n=len(pictures),
        low=round(min(differences), 4),
        high=round(max(differences), 4),
        seconds=round(time.monotonic() - began, 2),
    )


def _decoded_apart(data: bytes, channels: int) -> Any:
    try:
        import simplejpeg
    except ImportError as error:
        raise MissingExtra(
            "decoding JPEG without smoothing needs simplejpeg, which is not installed", hint="pip install 'imveil[dev]'"
        ) from error
    return simplejpeg.decode_jpeg(data, colorspace="GRAY" if channels == 1 else "RGB", fastupsample=True)
