"""Cipher PNGs: stored, not deflated, always the same bytes; and a reader that nothing but BadImage escapes from.

Cipher images do not compress, so the writer copies them into stored deflate blocks. It builds these itself: zlib
libraries differ in how they cut blocks, and the same picture must give the same file everywhere. The reader checks
structure and CRC of every chunk, so a file with one changed byte is refused, and it knows the size before it
allocates. PNGs of other programs are unpacked by Pillow, those of 16 bits by `unfilter.py`.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDtype, BadImage, BadShape
from imveil.store._unfilter import unfilter
from imveil.store.budget import Budget, decoding
from imveil.store.tag import CHUNK, Tag

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 1 << 28
_IHDR = struct.Struct(">IIBBBBB")
_HEAD = struct.Struct(">I4s")
_WORD = struct.Struct(">I")
_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> colour type
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type -> samples a pixel; a palette's is an index
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_BLOCK = 65535  # the longest stored deflate block


def encode(image: npt.NDArray[Any], tag: Tag | None = None) -> bytes:
    """A PNG file of one image, its pixels stored, its tag in the chunk `imVl`.

    Raises BadShape, BadDtype.

    >>> decode(encode(np.full((1, 2, 3), 7, np.uint8)))[0].tolist()
    [[[7, 7, 7], [7, 7, 7]]]
    """
    return b"".join(pieces(image, tag))


def pieces(image: npt.NDArray[Any], tag: Tag | None = None) -> list[Any]:
    """That file in pieces, for those who write it: to join them is a copy more.

    Parameters
    ----------
    image
        (h, w, c) uint8 or uint16, c = 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; uint16 gives a PNG of 16 bits.

    Raises
    ------
    BadShape
    BadDtype
    """
    image = np.asarray(image)
    if image.dtype not in (np.uint8, np.uint16):
        raise BadDtype(f"a PNG holds uint8 or uint16, got {image.dtype}")
    if image.ndim != 3 or image.shape[2] not in _COLOUR or 0 in image.shape:
        raise BadShape(f"a PNG holds (h, w, c) with 1 to 4 channels, got {image.shape}")
    h, w, c = image.shape
    if h * w > MOST_PIXELS:
        raise BadShape(f"a PNG of {h}x{w} pixels is too large, at most {MOST_PIXELS} are written")
    wide = image.dtype == np.uint16
    rows = np.empty((h, 1 + w * c * image.itemsize), np.uint8)
    rows[:, 0] = 0  # each row opens with filter type 0, none
    flat = np.ascontiguousarray(image.astype(">u2") if wide else image).view(np.uint8)
    rows[:, 1:] = flat.reshape(h, -1)
    header = _IHDR.pack(w, h, 16 if wide else 8, _COLOUR[c], 0, 0, 0)
    parts: list[Any] = [SIGNATURE, _chunk(b"IHDR", header)]
    if tag is not None:
        parts.append(_chunk(CHUNK, tag.to_bytes()))
    # The pixels are copied once, between the filter types, and hashed where they lie.
    body = _stored(rows.reshape(-1).data)
    crc = zlib.crc32(b"IDAT")
    for part in body:
        crc = zlib.crc32(part, crc)
    return [*parts, _HEAD.pack(sum(map(len, body)), b"IDAT"), *body, _WORD.pack(crc), _END]


def decode(data: bytes, budget: Budget | None = None) -> tuple[npt.NDArray[Any], Tag | None]:
    """The image of a PNG file and its tag, if it has one.

    Parameters
    ----------
    budget
        What decoding may cost; that of a file of this length unless given.

    Returns
    -------
    (h, w, c) uint8, or uint16 for a file of 16 bits

    Raises
    ------
    BadImage
        For anything that is no whole, unbroken, still PNG of at most 2**28 pixels, or asks for more than the budget.
    """
    with decoding("the PNG"):
        return _decode(data, budget or Budget(len(data)))


def header(data: bytes) -> tuple[int, int, int, int]:
    """(height, width, bits, colour type) from the first 33 bytes of a PNG file; BadImage when they say nothing good."""
    if data[:8] != SIGNATURE:
        raise BadImage("this is no PNG file" if data else "the file is empty")
    if len(data) < 33:
        raise BadImage("the PNG is cut off")
    if data[8:16] != b"\0\0\0\rIHDR" or _WORD.unpack_from(data, 29)[0] != zlib.crc32(data[12:29]):
        raise BadImage("the PNG is broken: its header is damaged")
    w, h, bits, colour, method, filters, interlace = _IHDR.unpack_from(data, 16)
    if not (0 < w < 1 << 31 and 0 < h < 1 << 31) or method or filters or interlace > 1:
        raise BadImage("the PNG is broken: its header makes no sense")
    if bits not in _DEPTHS.get(colour, ()):
        raise BadImage(f"the PNG is broken: colour type {colour} with {bits} bits")
    if w * h > MOST_PIXELS:
        raise BadImage(f"the image has {h}x{w} pixels, at most {MOST_PIXELS} are opened")
    return h, w, bits, colour


def _decode(data: bytes, budget: Budget) -> tuple[npt.NDArray[Any], Tag | None]:
    h, w, bits, colour = header(data)
    # A palette may become four channels, and a row opens with a byte of its own.
    budget.decode(h * (1 + w * (4 if colour == 3 else _CHANNELS[colour]) * max(1, bits // 8)))
    packed: list[memoryview] = []
    tag, kept = None, {}
    for kind, body in _chunks(data):
        if kind == b"IDAT":
            packed.append(body)
        elif kind == CHUNK:
            if tag is not None:
                raise BadImage("the PNG has two chunks imVl")
            tag = Tag.from_bytes(bytes(body))
        elif kind == b"acTL":
            raise BadImage("the PNG is animated, only still images are read")
        elif kind in (b"PLTE", b"tRNS"):
            kept[kind] = bytes(body)
    interlaced = data[28] == 1
    if bits < 8 or colour == 3 or (interlaced and bits == 8):
        return _foreign(data[16:29], packed, kept), tag
    if interlaced:
        raise BadImage("interlaced PNGs of 16 bits are not read", hint="save it without interlacing")
    step = _CHANNELS[colour] * bits // 8
    rows = _inflate(packed, h, 1 + w * step)
    if rows[:, 0].any():
        if bits == 8:
            return _foreign(data[16:29], packed, kept), tag
        flat = unfilter(rows, step)
    else:
        flat = rows[:, 1:]
    if bits == 16:
        return np.ascontiguousarray(flat).view(">u2").astype(np.uint16).reshape(h, w, -1), tag
    return flat.reshape(h, w, step), tag


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and body of every chunk after the header, each with its CRC checked, to a file that ends with IEND."""
    view, at = memoryview(data), 33
    while at + 12 <= len(data):
        length, kind = _HEAD.unpack_from(data, at)
        end = at + 12 + length
        if end > len(data):
            break
        if zlib.crc32(view[at + 4 : end - 4]) != _WORD.unpack_from(data, end - 4)[0]:
            raise BadImage("the PNG is broken: a checksum does not fit")
        if kind == b"IEND":
            if end != len(data):
                raise BadImage("the PNG is broken: something follows its end")
            return
        if not kind[0] & 32 and kind not in (b"IDAT", b"PLTE"):
            raise BadImage(f"the PNG is broken: unexpected chunk {kind!r}")
        yield kind, view[at + 8 : end - 4]
        at = end
    raise BadImage("the PNG is cut off")


def _inflate(packed: list[memoryview], h: int, row: int) -> npt.NDArray[np.uint8]:
    """The rows, filter byte first, as (h, row); never more than that is unpacked."""
    body = packed[0] if len(packed) == 1 else b"".join(packed)
    # Deflate makes at most 1,032 bytes of one: a short file cannot hold what its header says.
    if h * row > 1032 * (len(body) + 8):
        raise BadImage("the PNG is broken: it has fewer pixels than its header says")
    inflater = zlib.decompressobj()
    raw = inflater.decompress(body, h * row + 1)
    if len(raw) != h * row or not inflater.eof or inflater.unused_data:
        raise BadImage("the PNG is broken: its pixels do not fit its size")
    return np.frombuffer(raw, np.uint8).reshape(h, row)


def _foreign(ihdr: bytes, packed: list[memoryview], kept: dict[bytes, bytes]) -> npt.NDArray[np.uint8]:
    """A PNG of 8 bits or fewer that another program wrote, by Pillow, which gets pixels and palette only."""
    from PIL.PngImagePlugin import PngImageFile

    w, h = struct.unpack_from(">II", ihdr)
    if w * h > 8 * 1032 * (sum(map(len, packed)) + 8):
        raise BadImage("the PNG is broken: it has fewer pixels than its header says")
    chunks = [_chunk(b"IHDR", ihdr), *(_chunk(kind, kept[kind]) for kind in sorted(kept))]
    # The class itself, not Image.open, whose size limit is a warning; the size has been checked.
    with PngImageFile(io.BytesIO(b"".join([SIGNATURE, *chunks, _chunk(b"IDAT", b"".join(packed)), _END]))) as file:
        file.load()
        if file.mode == "P":
            picture: Any = file.convert("RGBA" if "transparency" in file.info else "RGB")
        else:
            picture = file.convert("L") if file.mode == "1" else file
        pixels = np.array(picture, np.uint8)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return b"".join([_HEAD.pack(len(body), kind), body, _WORD.pack(zlib.crc32(body, zlib.crc32(kind)))])


_END = _chunk(b"IEND", b"")


def _stored(raw: memoryview) -> list[Any]:
    """A zlib stream of stored blocks, each as long as can be, in parts."""
    parts: list[Any] = [b"\x78\x01"]
    for at in range(0, len(raw), _BLOCK):
        block = raw[at : at + _BLOCK]
        last = at + _BLOCK >= len(raw)
        parts += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    return [*parts, _WORD.pack(zlib.adler32(raw))]
