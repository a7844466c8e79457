"""Cipher JPEGs: the tag in a segment of its own, and a decoder that does not smooth colours across pieces.

A scrambled image is made of pieces that are strangers to each other. Where chroma is stored at half size (4:2:0), an
ordinary decoder makes it large again by blending neighbours, which in a cipher image costs 1.5 to 5 dB. Here brightness
is decoded at full size and chroma at the size at which it is stored, which libjpeg does where it is asked for half the
picture, and each value of chroma then stands for its four pixels.
"""

from __future__ import annotations

import io
import struct

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage, BadShape
from imveil.store.budget import PICTURE, Budget, decoding
from imveil.store.tag import Tag

U8 = npt.NDArray[np.uint8]
_NAME = b"imVl\0"
_SEGMENT = 0xEF  # APP15
_BASELINE = (0xC0, 0xC1)
_ALONE = {0x01, *range(0xD0, 0xD8)}
MOST_PIXELS = 1 << 28


def encode(image: U8, quality: int, chroma: int = 444, tag: Tag | None = None) -> bytes:
    """A baseline JPEG of one image, (h, w, 1) or (h, w, 3) uint8.

    The same image gives the same bytes with the same version of libjpeg-turbo.

    Parameters
    ----------
    quality
        1 to 100.
    chroma
        444 or 420.

    Raises
    ------
    BadShape

    >>> decode(encode(np.full((16, 16, 1), 77, np.uint8), 95))[0].ravel()[0]
    np.uint8(77)
    """
    from PIL import Image

    if image.ndim != 3 or image.shape[2] not in (1, 3) or image.dtype != np.uint8:
        raise BadShape(f"a JPEG holds (h, w, 1) or (h, w, 3) of uint8, got {image.shape} {image.dtype}")
    out = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image))
    subsampling = {444: "4:4:4", 420: "4:2:0"}[chroma]
    picture.save(out, "JPEG", quality=quality, subsampling=subsampling, optimize=True)
    data = out.getvalue()
    if tag is None:
        return data
    body = _NAME + tag.to_bytes()
    if len(body) > 65533:
        raise BadShape("the tag does not fit into a segment of JPEG")
    return data[:2] + struct.pack(">BBH", 0xFF, _SEGMENT, len(body) + 2) + body + data[2:]


def decode(data: bytes, budget: Budget | None = None) -> tuple[U8, Tag | None]:
    """The image of a JPEG file, chroma not smoothed, and its tag, if it has one.

    Raises BadImage for anything that is no whole baseline JPEG, grey or in colour, or asks for more than the budget.
    """
    with decoding("the JPEG"):
        return _decode(data, budget or Budget(len(data), PICTURE))


def _decode(data: bytes, budget: Budget) -> tuple[U8, Tag | None]:
    (h, w, sampling), tag = _looked_at(data)
    if h * w > MOST_PIXELS:
        raise BadImage(f"the image has {h}x{w} pixels, at most {MOST_PIXELS} are opened")
    budget.decode(2 * h * w * len(sampling))
    if len(sampling) == 1:
        return _opened(data, "L", None)[:, :, None], tag
    if sampling == [0x11, 0x11, 0x11]:
        return _opened(data, None, None), tag
    if sampling != [0x22, 0x11, 0x11]:
        raise BadImage("the JPEG has chroma of another size than 4:4:4 and 4:2:0")
    half = _opened(data, "YCbCr", (max(w // 2, 1), max(h // 2, 1)))
    if half.shape[:2] != ((h + 1) // 2, (w + 1) // 2):
        raise BadImage("the JPEG is broken: its chroma has another size")
    large = np.repeat(np.repeat(half[:, :, 1:], 2, axis=0), 2, axis=1)[:h, :w]
    return _colours(_opened(data, "L", None), large), tag


def _looked_at(data: bytes) -> tuple[tuple[int, int, list[int]], Tag | None]:
    """Height, width and sampling factors of each plane, and the tag, from the segments before the pixels."""
    if data[:2] != b"\xff\xd8" or data[-2:] != b"\xff\xd9":
        raise BadImage("this is no JPEG file, or it is cut off")
    at, found, tag = 2, None, None
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        kind, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if kind in _ALONE or kind == 0xFF:
            at += 1 if kind == 0xFF else 2
            continue
        body = data[at + 4 : at + 2 + size]
        if kind == _SEGMENT and body.startswith(_NAME):
            if tag is not None:
                raise BadImage("the JPEG has two segments imVl")
            tag = Tag.from_bytes(body[len(_NAME) :])
        elif 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            if kind not in _BASELINE or body[0] != 8:
                raise BadImage("the JPEG is progressive or of another kind than baseline")
            h, w, planes = struct.unpack_from(">HHB", body, 1)
            found = h, w, [body[7 + 3 * k] for k in range(planes)]
        elif kind == 0xDA:
            break
        at += 2 + size
    if found is None or not found[0] or not found[1] or len(found[2]) not in (1, 3):
        raise BadImage("the JPEG is broken, or neither grey nor in three colours")
    return found, tag


def _opened(data: bytes, mode: str | None, size: tuple[int, int] | None) -> U8:
    """The planes as libjpeg gives them."""
    from PIL.JpegImagePlugin import JpegImageFile

    with JpegImageFile(io.BytesIO(data)) as file:
        if mode is not None and not (mode == "L" and file.mode == "L"):
            file.draft(mode, size or file.size)
        file.load()
        found: U8 = np.array(file, np.uint8)
    return found


def _colours(brightness: U8, chroma: U8) -> U8:
    """RGB of (h, w) and (h, w, 2), in whole numbers as libjpeg does (JFIF 1.02, BT.601)."""
    y = brightness.astype(np.int32)
    blue, red = (chroma[:, :, k].astype(np.int32) - 128 for k in (0, 1))
    half, scale = 1 << 15, 16
    planes = (
        y + ((91881 * red + half) >> scale),
        y + ((-22554 * blue - 46802 * red + half) >> scale),
        y + ((116130 * blue + half) >> scale),
    )
    return np.stack([np.clip(plane, 0, 255) for plane in planes], axis=2).astype(np.uint8)


__all__ = ["decode", "encode"]
