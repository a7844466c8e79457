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
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.Image import DecompressionBombError, Image

from imveil.errors import BadDtype, BadImage, BadShape
from imveil.owner._unheard import unheard
from imveil.store.budget import PICTURE, Budget
from imveil.store.files import read_bytes
from imveil.store.png import decode as decode_png
from imveil.store.pnm import is_pnm, read_pnm

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif",
            ".avif", ".ppm", ".pgm", ".pbm", ".pnm")  # fmt: skip
"""What names of pictures end with, in lower case."""
RAW = (".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf")
UNREAD = (".heic", ".heif", ".jp2", ".j2k", ".jpf", ".jpx", ".jxl", ".psd", ".exr", ".hdr", ".tga", *RAW)
"""What names of other pictures end with: they are not passed over in silence, but refused one by one."""
_FREE = 1 << 26  # bytes that even the shortest file may become
MOST_PIXELS = 1 << 28
_ORIENTATION, _BITS, _SAMPLE_FORMAT = 0x0112, 258, 339
_PHOTOMETRIC, _SAMPLES, _INKS, _EXTRA = 262, 277, 332, 338
_TARGETS = {  # what a Pillow mode is read as, without and with transparency that is kept beside the pixels
    "1": ("L", "LA"), "L": ("L", "LA"), "LA": ("LA", "LA"), "La": ("LA", "LA"), "P": ("RGB", "RGBA"),
    "PA": ("RGBA", "RGBA"), "RGB": ("RGB", "RGBA"), "RGBA": ("RGBA", "RGBA"), "RGBa": ("RGBA", "RGBA"),
    "RGBX": ("RGB", "RGB"), "CMYK": ("RGB", "RGB"), "YCbCr": ("RGB", "RGB"), "HSV": ("RGB", "RGB"),
}  # fmt: skip
_OTHERS = {
    "HEIC": [(4, b"ftyp" + brand) for brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")],
    "JPEG 2000": [(0, b"\0\0\0\x0cjP  "), (0, b"\xff\x4f\xff\x51")],
    "JPEG XL": [(0, b"\xff\x0a"), (0, b"\0\0\0\x0cJXL ")],
    "a Photoshop file": [(0, b"8BPS")],
    "OpenEXR": [(0, b"v/1\x01")],
}
_TEXTS = (
    (b"version https://git-lfs", "a pointer of Git LFS", "fetch the pictures with git lfs pull"),
    (b"/annex/objects/", "a pointer of git-annex", "fetch the pictures with git annex get"),
    (b"../", "a link that was written as text", "fetch the picture that it leads to"),
    (b"<!doctype html", "a web page", "download the picture again"),
    (b"<html", "a web page", "download the picture again"),
    (b"<svg", "a drawing (SVG)", "save it as PNG"),
)
"""What lies under the names of pictures where a download went wrong."""
_TURNING = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")  # what may say how a picture is turned
_KEPT_TEXTS = (b"tEXt", b"iTXt", b"zTXt")
_MOST_TEXT = 1 << 16
_CHANNELS = {"1": 1, "L": 1, "P": 1, "I;16": 1, "I;16B": 1, "LA": 2, "La": 2, "PA": 2, "RGB": 3, "YCbCr": 3,
             "RGBA": 4, "RGBa": 4, "CMYK": 4}  # fmt: skip


class Picture(NamedTuple):
    """A plain picture.

    Attributes
    ----------
    pixels
        (h, w, c) uint8, or (h, 2w, c) where depth is 16.
    depth
        Bits a sample, 8 or 16.
    """

    pixels: U8
    depth: int = 8


def read_picture(source: Path | str | bytes, *, most_pixels: int = MOST_PIXELS) -> Picture:
    """The picture in a file or in bytes: JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, PGM, PPM or PBM.

    Raises BadImage, with the path, for what is no picture, empty, cut off, broken, animated, of more than `most_pixels`
    pixels, or of a kind whose samples would be cut down (16-bit colour TIFF, 32-bit).
    """
    data = source if isinstance(source, bytes) else read_bytes(source)
    try:
        if not isinstance(source, bytes) and str(source).lower().endswith(RAW):
            raise BadImage("raw pictures of cameras are not read", hint="develop it, and save it as PNG or TIFF")
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


def of_array(array: npt.NDArray[Any]) -> Picture:
    """The picture in an array (h, w) or (h, w, c), c = 1..4, of uint8 or uint16. Raises BadImage for another.

    >>> of_array(np.zeros((2, 3), np.uint16)).pixels.shape
    (2, 6, 1)
    """
    full = array[:, :, None] if array.ndim == 2 else array
    if full.ndim != 3 or not 1 <= full.shape[2] <= 4 or 0 in full.shape or full.dtype not in ("uint8", "uint16"):
        raise BadImage(f"the array is {array.shape} {array.dtype}, (h, w) or (h, w, c) of uint8 or uint16 is read")
    own = np.ascontiguousarray(full, full.dtype.newbyteorder("="))
    return Picture(from16(own), 16) if own.dtype == np.uint16 else Picture(own, 8)


def is_grey(pixels: U8) -> bool:
    """Whether a picture in three channels is grey: all three have the same samples.

    >>> is_grey(np.full((2, 2, 3), 7, np.uint8)), is_grey(np.arange(12, dtype=np.uint8).reshape(2, 2, 3))
    (True, False)
    """
    h, w, c = pixels.shape
    parts = pixels[h // 2 :, w // 2 :][:1, :1], pixels[::16, ::16], pixels  # the first tells most coloured ones at once
    return c == 3 and all(bool((part == part[:, :, :1]).all()) for part in parts)


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
    budget = Budget(len(data), PICTURE, free=_FREE)
    if is_pnm(data):
        samples = read_pnm(data, budget, most_pixels)
        return Picture(samples) if samples.dtype == np.uint8 else Picture(from16(samples), 16)
    kind, opened = _kind(data)
    chunks: dict[bytes, bytes] = {}
    if kind == "PNG":
        data, chunks = _checked_png(data)
    if kind == "TIFF":
        _checked_tiff(data)
    truncated_allowed, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes and tags; what matters is checked here
            # The plugin itself, not Image.open, whose limit on pixels is another.
            with opened(io.BytesIO(data)) as image:
                return _pixels(image, kind, data, chunks, most_pixels, budget)
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
    if data.startswith(b"BM") or (data.startswith(b"\x28\0\0\0") and data[12:14] == b"\1\0"):  # without its header
        return "BMP", BmpImagePlugin.BmpImageFile if data[:2] == b"BM" else BmpImagePlugin.DibImageFile
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF", GifImagePlugin.GifImageFile
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"):
        return "AVIF", AvifImagePlugin.AvifImageFile
    if data[:2] in (b"P1", b"P4"):
        return "PBM", PpmImagePlugin.PpmImageFile
    for name, starts in _OTHERS.items():
        if any(data[at : at + len(start)] == start for at, start in starts):
            raise BadImage(f"this is {name}, which is not read", hint="save it as PNG, TIFF or JPEG")
    for start, name, hint in _TEXTS:
        if data[:64].lstrip().lower().startswith(start):
            raise BadImage(f"this is {name}, and no picture", hint=hint)
    raise BadImage("this is no picture", hint="JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, PGM and PPM are read")


def is_readable(data: bytes) -> bool:
    """Whether bytes open as a picture of a kind that is read."""
    try:
        return is_pnm(data) or bool(_kind(data))
    except BadImage:
        return False


def _pixels(
    image: Any, kind: str, data: bytes, chunks: dict[bytes, bytes], most_pixels: int, budget: Budget
) -> Picture:
    w, h = image.size
    if w < 1 or h < 1:
        raise BadImage(f"the picture has {h}x{w} pixels")
    if w * h > most_pixels:
        raise BadImage(f"the picture has {h}x{w} pixels, at most {most_pixels} are read")
    # Before memory is taken: a plane of each band, of two bytes a sample where it is wide.
    budget.decode(w * h * max(1, len(image.getbands())) * (2 if image.mode.startswith("I") else 1))
    frames = 1 if kind in ("JPEG", "BMP", "PBM") else getattr(image, "n_frames", 1)
    if frames > 1:
        holds = "pages" if kind == "TIFF" else "frames, it is animated"
        raise BadImage(f"the picture has {frames} {holds}", hint="save them as single pictures")
    bits = data[24] if kind == "PNG" else 8
    if kind == "TIFF":
        bits = max(_tuple(image.tag_v2.get(_BITS, 1)))
        samples_a_pixel = image.tag_v2.get(_SAMPLES, 1)
        if _CHANNELS.get(image.mode, samples_a_pixel) != samples_a_pixel or 0 in _tuple(image.tag_v2.get(_EXTRA, 1)):
            raise _too_many(samples_a_pixel, min(_CHANNELS.get(image.mode, 3), samples_a_pixel - 1))
        if image.mode == "RGBX":
            raise _too_many(samples_a_pixel, 3)
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
            samples = np.asarray(decode_png(data, Budget(len(data), PICTURE, free=_FREE))[0], np.uint16)
        else:
            samples = np.asarray(image).astype(np.uint16)
            if kind == "TIFF" and image.tag_v2.get(_PHOTOMETRIC) == 0:  # white is zero: Pillow turns only 8 bits around
                samples = 65535 - samples
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
    if image.info.keys().isdisjoint(_TURNING) and not hasattr(image, "tag_v2"):
        return 1  # as most are: to look takes a fifth as long as to decode
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


def _checked_tiff(data: bytes) -> None:
    """Refuse by its own words what a TIFF reader of 8 or 16 bits would drop, or not open at all."""
    head = data[: 16 if data[2] == 43 or data[3] == 43 else 8]
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(head)
        stream = io.BytesIO(data)
        stream.seek(tags.next)
        tags.load(stream)
        samples, inks = int(tags.get(_SAMPLES, 1)), int(tags.get(_INKS, 1))
        photometric = int(tags.get(_PHOTOMETRIC, 1))
    except Exception:  # it is told what is broken when it is opened
        return
    most = {0: 2, 1: 2, 2: 4, 3: 1, 5: 4, 6: 3}.get(photometric, 4)
    if samples > most:
        raise _too_many(samples, most)
    if photometric == 5 and (inks != 1 or samples != 4):
        raise BadImage("a TIFF of other inks than cyan, magenta, yellow and black is not read", hint="save it as RGB")


def _too_many(samples: int, kept: int) -> BadImage:
    return BadImage(
        f"the TIFF has {samples} samples a pixel, of which {kept} would be kept",
        hint="save the bands as pictures of their own, or without those that are not needed",
    )


def _small_text(kind: bytes, body: bytes) -> bool:
    """Whether a chunk of text, which may say how the picture is turned, is small, also where it is packed."""
    if len(body) > _MOST_TEXT:
        return False
    at = body.find(b"\0") + (2 if kind == b"zTXt" else 1)
    if kind == b"tEXt" or (kind == b"iTXt" and body[at : at + 1] != b"\1"):
        return True
    if kind == b"iTXt":  # after keyword, flag and method: language and translated keyword, each ended by a zero
        at = body.find(b"\0", body.find(b"\0", at + 2) + 1) + 1
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(body[at:], _MOST_TEXT)
    except zlib.error:
        return False
    return inflater.eof


def _checked_png(data: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A PNG up to its end, all checksums compared (Pillow skips those of the pixels), and its small chunks.

    Profiles and long texts are left out, which are dropped anyway and may become large.
    """
    found: dict[bytes, bytes] = {}
    view, at = memoryview(data), 8
    kept: list[Any] = [view[:8]]
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
            return b"".join([*kept, view[at:end]]), found
        if length <= 1 << 16:
            found[kind] = bytes(view[at + 8 : end - 4])
        body = bytes(view[at + 8 : end - 4]) if kind in _KEPT_TEXTS and length <= _MOST_TEXT else b""
        if kind != b"iCCP" and (kind not in _KEPT_TEXTS or (body and _small_text(kind, body))):
            kept.append(view[at:end])
        at = end
    raise BadImage("the picture is cut off")
