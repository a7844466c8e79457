"""What JPEG leaves of a picture that was encrypted, stored as JPEG and decrypted, beside what it leaves of the picture.

Chroma is stored at half size (4:2:0) or at full size (4:4:4). At half size a decoder makes it large again, and an
ordinary one smooths it across the edges of the 16x16 pieces that JPEG codes: after encryption those are edges between
strangers. `smooth=False` decodes each piece by itself.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from imveil.cipher.scheme import Cipher, Scheme
from imveil.errors import MissingExtra
from imveil.keys.key import Key
from imveil.lab.metric import U8
from imveil.lab.metrics.psnr import psnr

SAMPLINGS = ("4:2:0", "4:4:4")
QUALITIES = (50, 60, 70, 80, 90, 95)


@dataclass(frozen=True)
class Survival:
    """One picture. after, alone: PSNR in dB after encryption, JPEG and decryption, and after JPEG alone; size_after,
    size_alone: bytes of the two files."""

    after: float
    alone: float
    size_after: int
    size_alone: int


def survival(scheme: Scheme, key: Key, image: U8, quality: int, sampling: str, *, smooth: bool = True) -> Survival:
    """How one picture (h, w, c) fares. c is 1 or 3; quality 1 to 95 and sampling as in libjpeg; smooth: as above."""
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


def _decoded_apart(data: bytes, channels: int) -> Any:
    try:
        import simplejpeg
    except ImportError as error:
        raise MissingExtra(
            "decoding JPEG without smoothing needs simplejpeg, which is not installed", hint="pip install 'imveil[dev]'"
        ) from error
    return simplejpeg.decode_jpeg(data, colorspace="GRAY" if channels == 1 else "RGB", fastupsample=True)
