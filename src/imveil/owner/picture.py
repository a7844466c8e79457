"""Reading one plain picture: the pixels that its author sees, in 1 to 4 channels, or a BadImage that says why not.

Pixels are those after EXIF rotation. Palettes and CMYK become RGB, two-level pictures grey, transparency a last
channel: (h, w, c) with c = 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. Samples of 16 bits are kept whole: the picture of
the high bytes stands left of the picture of the low bytes, (h, 2w, c). Colour profiles are not applied. Formats are
told by content, not by name.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.Image import DecompressionBombError, Image

from imveil.errors import BadDtype, BadImage, BadShape
from imveil.owner._unheard import unheard
from imveil.store.files import read_bytes
from imveil.store.png import decode as decode_png

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif")
"""What names of pictures end with, in lower case."""
MOST_PIXELS = 1 << 28
_ORIENTATION, _BITS, _SAMPLE_FORMAT = 0x0112, 258, 339
_TARGETS = {  # what a Pillow mode is read as, without and with transparency that is kept beside the pixels
    "1": ("L", "LA"), "L": ("L", "LA"), "LA": ("LA", "LA"), "La": ("LA", "LA"), "P": ("RGB", "RGBA"),
    "PA": ("RGBA", "RGBA"), "RGB": ("RGB", "RGBA"), "RGBA": ("RGBA", "RGBA"), "RGBa": ("RGBA", "RGBA"),
    "RGBX": ("RGB", "RGB"), "CMYK": ("RGB", "RGB"), "YCbCr": ("RGB", "RGB"), "HSV": ("RGB", "RGB"),
}  # fmt: skip


class Picture(NamedTuple):
    """A plain picture. pixels: (h, w, c) uint8, or (h, 2w, c) where depth is 16.   depth: bits a sample, 8 or 16."""

    pixels: U8
    depth: int = 8


def read_picture(source: Path | str | bytes, *, most_pixels: int = MOST_PIXELS) -> Picture:
    """The picture in a file or in bytes: JPEG, PNG, WebP, TIFF, BMP or GIF.

    Raises BadImage, with the path, for what is no picture, empty, cut off, broken, animated, of more than `most_pixels`
    pixels, or of a kind whose samples would be cut down (16-bit colour TIFF, 32-bit).
    """
    data = source if isinstance(source, bytes) else read_bytes(source)
    try:
        return _read(data, most_pixels)
    except BadImage as error:
        reason, hint = error.message, error.hint
    except MemoryError:
        reason, hint = "the picture does not fit into memory", ""
    except DecompressionBombError as error:
        reason, hint = f"the picture is too large: {error}", ""
    except Exception as error:  # Pillow's failures are of many kinds; to the caller all mean the same
        reason, hint = f"the picture is broken: {error or type(error).__name__}", ""
    raise BadImage(reason if isinstance(source, bytes) else f"{source}: {reason}", hint=hint)


def of_image(image: Image) -> Picture:
    """The picture in a Pillow image that somebody else opened, as it is: its EXIF rotation is not applied.

    Raises BadImage for a kind whose samples would be cut down.
    """
    if image.mode.startswith("I;16"):
        return Picture(from16(np.atleast_3d(np.asarray(image).astype(np.uint16))), 16)
    if image.mode not in _TARGETS:
        raise BadImage(f"pictures of mode {image.mode} are not read", hint="convert it to RGB or grey")
    image = _converted(image, _TARGETS[image.mode][bool(image.has_transparency_data)])
    return Picture(np.ascontiguousarray(np.atleast_3d(np.array(image, np.uint8))), 8)


def from16(samples: U16) -> U8:
    """(h, w, c) uint16 into (h, 2w, c) uint8: the picture of the high bytes left of that of the low bytes.

    >>> from16(np.array([[[0x0102], [0x0304]]], np.uint16)).tolist()
    [[[1], [3], [2], [4]]]
    """
    if samples.dtype != np.uint16 or samples.ndim != 3:
        raise BadDtype(f"samples of 16 bits are (h, w, c) uint16, got {samples.shape} {samples.dtype}")
    return np.concatenate([(samples >> 8).astype(np.uint8), (samples & 255).astype(np.uint8)], axis=1)


def to16(pixels: U8) -> U16:
    """(h, 2w, c) uint8 back into (h, w, c) uint16. Raises BadShape for an odd width.

    >>> [hex(v) for v in to16(np.array([[[1], [3], [2], [4]]], np.uint8)).ravel()]
    ['0x102', '0x304']
    """
    if pixels.ndim != 3 or pixels.shape[1] % 2:
        raise BadShape(f"a picture of 16 bits is (h, 2w, c), got {pixels.shape}")
    high, low = np.split(pixels.astype(np.uint16), 2, axis=1)
    return np.asarray(high << 8 | low, np.uint16)


def _read(data: bytes, most_pixels: int) -> Picture:
    if not data:
        raise BadImage("the file is empty")
    kind, opened = _kind(data)
    chunks: dict[bytes, bytes] = {}
    if kind == "PNG":
        data, chunks = _checked_png(data)
    truncated_allowed, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes and tags; what matters is checked here
            # The plugin itself, not Image.open, whose limit on pixels is another.
            with opened(io.BytesIO(data)) as image:
                return _pixels(image, kind, data, chunks, most_pixels)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = truncated_allowed


def _kind(data: bytes) -> tuple[str, Any]:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG", PngImagePlugin.PngImageFile
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG", JpegImagePlugin.JpegImageFile  # of a multi-picture file, as telephones write, the first
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP", WebPImagePlugin.WebPImageFile
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF", TiffImagePlugin.TiffImageFile
    if data.startswith(b"BM"):
        return "BMP", BmpImagePlugin.BmpImageFile
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF", GifImagePlugin.GifImageFile
    raise BadImage("this is no picture", hint="JPEG, PNG, WebP, TIFF, BMP and GIF are read")


def _pixels(image: Any, kind: str, data: bytes, chunks: dict[bytes, bytes], most_pixels: int) -> Picture:
    w, h = image.size
    if w < 1 or h < 1:
        raise BadImage(f"the picture has {w}x{h} pixels")
    if w * h > most_pixels:
        raise BadImage(f"the picture has {w}x{h} pixels, at most {most_pixels} are read")
    frames = 1 if kind in ("JPEG", "BMP") else getattr(image, "n_frames", 1)
    if frames > 1:
        holds = "pages" if kind == "TIFF" else "frames, it is animated"
        raise BadImage(f"the picture has {frames} {holds}", hint="save them as single pictures")
    bits = data[24] if kind == "PNG" else 8
    if kind == "TIFF":
        bits = max(_tuple(image.tag_v2.get(_BITS, 1)))
        kinds = set(_tuple(image.tag_v2.get(_SAMPLE_FORMAT, 1)))
        if bits > 16 or kinds != {1} or (bits > 8 and not image.mode.startswith("I;16")):
            what = "colour" if bits <= 16 and kinds == {1} else "signed or floating-point samples"
            raise BadImage(
                f"a TIFF of {bits}-bit {what} is not read, it would be cut down to 8 bits",
                hint="save it as a PNG of 16 bits, or as 8 bits",
            )
    with unheard() if kind == "TIFF" else nullcontext():  # libtiff tells of what is broken there, and no file's name
        image.load()
    turn = _orientation(image)
    if bits > 8:
        if kind == "PNG" and data[25]:
            samples = np.asarray(decode_png(data)[0], np.uint16)
        else:
            samples = np.asarray(image).astype(np.uint16)
        samples = np.atleast_3d(samples)
        if b"tRNS" in chunks and data[25] in (0, 2):
            samples = _keyed(samples, chunks[b"tRNS"])
        return Picture(from16(_turned(samples, turn)), 16)
    if image.mode not in _TARGETS:
        raise BadImage(f"pictures of mode {image.mode} are not read", hint="save it as RGB or grey")
    image = _converted(image, _TARGETS[image.mode][bool(image.has_transparency_data)])
    pixels = np.array(image, np.uint8)
    return Picture(np.ascontiguousarray(_turned(np.atleast_3d(pixels), turn)), 8)


def _converted(image: Image, mode: str) -> Image:
    if image.mode == mode:
        return image
    if image.mode == "La":  # Pillow converts it to LA only
        return image.convert("LA")
    return image.convert(mode)


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _orientation(image: Any) -> int:
    """The EXIF orientation that has not been applied yet, 1 to 8; 1 where the EXIF block makes no sense."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)  # Pillow turns a TIFF itself and forgets the tag
    except Exception:  # a broken block of metadata takes nothing from the pixels
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _turned(pixels: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Apply an EXIF orientation. EXIF 2.32, section 4.6.4 A."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _keyed(samples: U16, key: bytes) -> U16:
    """An alpha channel for the one colour that a PNG of 16 bits declares transparent."""
    channels = samples.shape[2]
    if len(key) < 2 * channels:
        raise BadImage("the picture is broken: its transparent colour is cut off")
    colour = np.frombuffer(key, ">u2", channels)
    alpha = np.where((samples == colour).all(axis=2, keepdims=True), 0, 65535)
    return np.concatenate([samples, alpha.astype(np.uint16)], axis=2)


def _checked_png(data: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A PNG up to its end, all checksums compared (Pillow skips those of the pixels), and its small chunks."""
    found: dict[bytes, bytes] = {}
    view, at = memoryview(data), 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        if zlib.crc32(view[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise BadImage("the picture is broken: a checksum does not fit")
        if at == 8 and (kind != b"IHDR" or length != 13):
            raise BadImage("the picture is broken: its header is damaged")
        if kind == b"IEND":
            return data[:end], found
        if length <= 1 << 16:
            found[kind] = bytes(view[at + 8 : end - 4])
        at = end
    raise BadImage("the picture is cut off")
