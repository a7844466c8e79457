"""Cipher PNGs: the writer's bytes, the reader against other readers, and against every kind of broken file."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imveil.errors import BadDtype, BadImage, BadShape
from imveil.store import png
from imveil.store._unfilter import unfilter
from imveil.store.sets import read_image
from imveil.store.tag import Tag

TAG = Tag("negpos/1", {"per_image": True}, "k3xd-7q2a-9fz4-mmwp", bytes(range(16)), (3, 4))


def pixels(*shape: int, dtype: Any = np.uint8) -> Any:
    data = hashlib.shake_256(repr(shape).encode()).digest(int(np.prod(shape)) * np.dtype(dtype).itemsize)
    return np.frombuffer(data, dtype).reshape(shape)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(w: int, h: int, bits: int = 8, colour: int = 2, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, interlace))


def file(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def refused(data: bytes, *words: str) -> None:
    with pytest.raises(BadImage) as error:
        png.decode(data)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_the_writers_bytes() -> None:
    # Written by hand from the PNG and deflate specifications: one grey pixel of value 9.
    want = file(
        header(1, 1, colour=0),
        chunk(b"IDAT", b"\x78\x01" + b"\x01\x02\x00\xfd\xff" + b"\x00\x09" + struct.pack(">I", zlib.adler32(b"\0\t"))),
    )
    assert png.encode(np.full((1, 1, 1), 9, np.uint8)) == want


def test_the_tags_place_and_bytes() -> None:
    data = png.encode(pixels(2, 2, 3), TAG)
    body = (
        b'{"format":1,"scheme":"negpos/1","fields":{"per_image":true},"key":"k3xd-7q2a-9fz4-mmwp",'
        b'"nonce":"000102030405060708090a0b0c0d0e0f","size":[3,4]}'
    )
    assert data[33 : 33 + 12 + len(body)] == chunk(b"imVl", body)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_round_trip(channels: int, dtype: Any) -> None:
    image = pixels(13, 7, channels, dtype=dtype)
    found, tag = png.decode(png.encode(image, TAG))
    assert found.dtype == image.dtype
    assert np.array_equal(found, image)
    assert tag == TAG


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (150, 200)])  # the larger one needs several stored blocks
def test_pillow_reads_what_is_written(channels: int, size: tuple[int, int]) -> None:
    image = pixels(*size, channels)
    with Image.open(io.BytesIO(png.encode(image, TAG))) as opened:
        assert np.array_equal(np.array(opened).reshape(image.shape), image)


def test_pillow_reads_16_bits_grey() -> None:
    image = pixels(5, 6, 1, dtype=np.uint16)
    with Image.open(io.BytesIO(png.encode(image))) as opened:
        assert opened.mode == "I;16"
        assert np.array_equal(np.array(opened)[:, :, None], image)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_files_of_others(mode: str) -> None:
    if mode == "I;16":
        image: Any = Image.fromarray(pixels(9, 11, dtype=np.uint16))
    else:
        image = Image.fromarray(pixels(9, 11, 3)).convert(mode)
    out = io.BytesIO()
    image.save(out, "PNG")
    want = np.array(image.convert({"1": "L", "P": "RGB"}.get(mode, mode)))
    found, tag = png.decode(out.getvalue())
    assert tag is None
    assert np.array_equal(found, want.reshape(found.shape))


@pytest.mark.needs_data
def test_photographs(real_data: Path) -> None:
    path = sorted((real_data / "kodak").glob("*.png"))[0]
    with Image.open(path) as opened:
        want = np.array(opened)
    assert np.array_equal(png.decode(path.read_bytes())[0], want)


def filtered(image: Any, step: int) -> bytes:
    """Rows with the five filters in turn, byte by byte as the PNG specification puts it."""
    rows, before = [], [0] * image.shape[1]
    for y, row in enumerate(image.tolist()):
        kind, out = y % 5, []
        for x, value in enumerate(row):
            left, up = (row[x - step] if x >= step else 0), before[x]
            corner = before[x - step] if x >= step else 0
            p = left + up - corner
            near = min((left, up, corner), key=lambda v: abs(p - v))  # min keeps the first of equals
            out.append((value - (0, left, up, (left + up) // 2, near)[kind]) & 255)
        rows.append(bytes([kind, *out]))
        before = row
    return b"".join(rows)


@pytest.mark.parametrize("step", [1, 3, 6])
def test_filters(step: int) -> None:
    image = pixels(11, 4 * step)
    rows = np.frombuffer(filtered(image, step), np.uint8).reshape(11, -1)
    assert np.array_equal(unfilter(rows, step), image)


def test_16_bits_colour_of_others() -> None:
    image = pixels(11, 4, 3, dtype=np.uint16)
    raw = filtered(image.astype(">u2").view(np.uint8).reshape(11, -1), 6)
    found, _ = png.decode(file(header(4, 11, bits=16), chunk(b"IDAT", zlib.compress(raw))))
    assert np.array_equal(found, image)


def test_every_changed_byte_is_refused() -> None:
    good = png.encode(pixels(3, 3, 3), TAG)
    for i in range(len(good)):
        for bit in range(8):
            refused(good[:i] + bytes([good[i] ^ 1 << bit]) + good[i + 1 :])


def test_every_truncated_file_is_refused() -> None:
    good = png.encode(pixels(3, 3, 3), TAG)
    for i in range(len(good)):
        refused(good[:i])
    refused(good + b"\0", "follows its end")


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    refused(data)
    refused(b"\x89PNG\r\n\x1a\n" + data)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"IHDR", b"imVl", b"IDAT", b"PLTE", b"tRNS", b"tEXt", b"acTL", b"fcTL", b"IDAX"]),
            st.binary(max_size=30) | st.sampled_from([zlib.compress(bytes(n)) for n in (0, 2, 4, 7, 14, 1000)]),
        ),
        max_size=4,
    ),
    st.sampled_from([(bits, colour) for bits in (1, 2, 4, 8, 16) for colour in (0, 2, 3, 4, 6)]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 2),
)
def test_whole_chunks_with_wrong_contents(
    parts: list[tuple[bytes, bytes]], kind: tuple[int, int], w: int, h: int, interlace: int
) -> None:
    """Checksums that fit, so that everything behind them is reached: an image or BadImage, nothing else."""
    data = file(header(w, h, *kind, interlace), *(chunk(*part) for part in parts))
    try:
        image, _ = png.decode(data)
    except BadImage:
        return
    assert image.shape[:2] == (h, w)


def test_bombs_are_refused_before_memory_is_taken() -> None:
    refused(file(header(1 << 20, 1 << 20)), "1048576x1048576", "268435456")
    refused(file(header(1 << 14, 1 << 14), chunk(b"IDAT", zlib.compress(b"\0"))), "would become", "of a file of")
    refused(file(header(1 << 14, 1 << 14, bits=1, colour=0), chunk(b"IDAT", zlib.compress(b"\0"))), "would become")
    # A stream that never ends in the rows that the header allows.
    refused(file(header(2, 2), chunk(b"IDAT", zlib.compress(bytes(10_000_000)))), "do not fit")


def test_animated_files_are_refused() -> None:
    out = io.BytesIO()
    first, second = (Image.fromarray(pixels(4, 4, 3) ^ n) for n in (0, 255))
    first.save(out, "PNG", save_all=True, append_images=[second])
    refused(out.getvalue(), "animated")


def test_two_tags_are_refused() -> None:
    tag = chunk(b"imVl", TAG.to_bytes())
    refused(file(header(1, 1), tag, tag, chunk(b"IDAT", zlib.compress(bytes(4)))), "two chunks")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 5000,
        b'{"format":1}',
        b'{"format":1,"scheme":"a","fields":{"b":[]},"key":"k"}',
        b'{"format":1,"scheme":"a","fields":{},"key":"k","nonce":"00"}',
        b'{"format":1,"scheme":"a","fields":{},"key":"k","size":[0,1]}',
        b'{"format":1,"scheme":"a","fields":{},"key":"k","size":[true,1]}',
        b'{"format":1,"scheme":"a","fields":{},"key":"k","depth":9}',
        b'{"format":1,"scheme":"a","fields":{},"key":"k","more":1}',
        b'{"format":1,"scheme":"a","scheme":"b","fields":{},"key":"k"}',
        b'{"format":1,"scheme":"a","fields":{},"key":"k"}' + b" " * (1 << 16),
    ],
)
def test_malformed_tags(body: bytes) -> None:
    with pytest.raises(BadImage, match="imVl"):
        Tag.from_bytes(body)


def test_a_tag_of_another_version_says_both() -> None:
    with pytest.raises(BadImage, match="format 2, this imveil reads format 1"):
        Tag.from_bytes(b'{"format":2,"anything":"else"}')


@pytest.mark.parametrize(
    "tag",
    [
        Tag("x/1", {}, "f"),
        Tag("x/1", {"a": 1, "b": 0.5, "c": "é", "d": None}, "f", bytes(16)),
        Tag("x/1", depth=16),
        TAG,
    ],
)
def test_tags_come_back(tag: Tag) -> None:
    assert Tag.from_bytes(tag.to_bytes()) == tag


def test_what_cannot_be_written() -> None:
    for shape in [(2, 2), (2, 2, 5), (0, 2, 3), (2, 2, 0)]:
        with pytest.raises(BadShape):
            png.encode(np.zeros(shape, np.uint8))
    with pytest.raises(BadDtype):
        png.encode(np.zeros((2, 2, 3), np.float32))


def test_read_image_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for data in (b"", b"nothing"):
        path.write_bytes(data)
        with pytest.raises(BadImage, match=r"a\.png"):
            read_image(path)
    for missing in (tmp_path / "b.png", tmp_path):
        with pytest.raises(BadImage, match="cannot be read"):
            read_image(missing)
    path.write_bytes(png.encode(pixels(2, 2, 1), TAG))
    assert read_image(path)[1] == TAG
