"""Reading pictures: every kind that Pillow writes, against what was put in; and everything that is no whole picture."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from imveil.errors import BadDtype, BadImage, BadShape
from imveil.owner.picture import from16, read_picture, to16
from imveil.store import png

H, W = 13, 17
RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (H, W, 3), np.uint8)
RGBA = RNG.integers(0, 256, (H, W, 4), np.uint8)
GREY = RNG.integers(0, 256, (H, W), np.uint8)
WIDE = RNG.integers(0, 65536, (H, W), np.uint16)
SMOOTH = np.add.outer(np.arange(0, 96, 2), np.arange(0, 128, 2))[:, :, None] + np.array([0, 20, 40])


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def made_png(w: int, h: int, bits: int, colour: int, rows: bytes, *extra: bytes, interlace: int = 0) -> bytes:
    """A PNG from its parts: independent of both writers."""
    head = struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, interlace)
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(extra) + body + chunk(b"IEND", b"")


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


LOSSLESS = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True, "exact": True}, "BMP": {}}


@pytest.mark.parametrize("kind", LOSSLESS)
def test_rgb(kind: str) -> None:
    picture = read_picture(saved(Image.fromarray(RGB), kind, **LOSSLESS[kind]))
    assert picture.depth == 8
    assert picture.pixels.dtype == np.uint8
    np.testing.assert_array_equal(picture.pixels, RGB)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_a_fourth_channel(kind: str) -> None:
    found = read_picture(saved(Image.fromarray(RGBA), kind, **LOSSLESS[kind])).pixels
    np.testing.assert_array_equal(found, RGBA)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_grey_is_one_channel(kind: str) -> None:
    found = read_picture(saved(Image.fromarray(GREY), kind)).pixels
    np.testing.assert_array_equal(found, GREY[:, :, None])


def test_a_gif_has_a_palette_of_colours() -> None:
    found = read_picture(saved(Image.fromarray(GREY), "GIF")).pixels
    np.testing.assert_array_equal(found, np.repeat(GREY[:, :, None], 3, axis=2))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_with_alpha_is_two_channels(kind: str) -> None:
    two = np.stack([GREY, GREY[::-1]], axis=2)
    np.testing.assert_array_equal(read_picture(saved(Image.fromarray(two, "LA"), kind)).pixels, two)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_two_levels_become_grey(kind: str) -> None:
    found = read_picture(saved(Image.fromarray(GREY > 99), kind)).pixels
    np.testing.assert_array_equal(found[:, :, 0], np.where(GREY > 99, 255, 0))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_of_few_bits_is_spread_over_0_to_255(bits: int) -> None:
    rows = b"\0" + bytes([0b11100100])
    found = read_picture(made_png(8 // bits, 1, bits, 0, rows)).pixels
    values = [int(f"{0b11100100:08b}"[i : i + bits], 2) for i in range(0, 8, bits)]
    assert found.ravel().tolist() == [v * 255 // (2**bits - 1) for v in values]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_palette_becomes_rgb(kind: str) -> None:
    image = Image.fromarray(GREY % 16, "P")
    colours = RNG.integers(0, 256, (16, 3), np.uint8)
    image.putpalette(colours.tobytes())
    np.testing.assert_array_equal(read_picture(saved(image, kind)).pixels, colours[GREY % 16])


@pytest.mark.parametrize("clear", [3, bytes([255, 128, 0, 255])])
def test_palette_with_transparency_becomes_rgba(clear: int | bytes) -> None:
    image = Image.fromarray(GREY % 4, "P")
    colours = RNG.integers(0, 256, (4, 3), np.uint8)
    image.putpalette(colours.tobytes())
    alpha = np.frombuffer(clear, np.uint8) if isinstance(clear, bytes) else np.array([255, 255, 255, 0], np.uint8)
    found = read_picture(saved(image, "PNG", transparency=clear)).pixels
    np.testing.assert_array_equal(found, np.concatenate([colours, alpha[:, None]], axis=1)[GREY % 4])


def test_one_transparent_colour_becomes_alpha() -> None:
    grey = read_picture(saved(Image.fromarray(GREY), "PNG", transparency=int(GREY[2, 3]))).pixels
    np.testing.assert_array_equal(grey[:, :, 0], GREY)
    np.testing.assert_array_equal(grey[:, :, 1] == 0, GREY[2, 3] == GREY)
    colour = read_picture(saved(Image.fromarray(RGB), "PNG", transparency=tuple(RGB[2, 3].tolist()))).pixels
    np.testing.assert_array_equal(colour[:, :, :3], RGB)
    assert colour[2, 3, 3] == 0
    assert (colour[:, :, 3] == 0).sum() == 1


def test_cmyk_becomes_rgb() -> None:
    inks = np.zeros((8, 8, 4), np.uint8)
    inks[:, :, 0], inks[:, :, 3] = 255, 0  # cyan only: no red
    for kind in ("TIFF", "JPEG"):
        found = read_picture(saved(Image.fromarray(inks, "CMYK"), kind)).pixels
        assert found.shape == (8, 8, 3)
        assert np.abs(found.astype(int) - [0, 255, 255]).max() <= 2


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg(subsampling: int, progressive: bool) -> None:
    image = Image.fromarray(SMOOTH.astype(np.uint8))
    found = read_picture(saved(image, "JPEG", quality=95, subsampling=subsampling, progressive=progressive))
    assert np.abs(found.pixels.astype(int) - SMOOTH).mean() < 2
    assert read_picture(saved(image.convert("L"), "JPEG")).pixels.shape == (48, 64, 1)


def test_jpeg_of_many_pictures_gives_the_first() -> None:
    first, second = Image.fromarray(SMOOTH.astype(np.uint8)), Image.new("RGB", (8, 8))
    found = read_picture(saved(first, "MPO", save_all=True, append_images=[second]))
    assert found.pixels.shape == (48, 64, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG", "TIFF 16", "PNG 16"])
def test_exif_orientation(kind: str, orientation: int) -> None:
    if kind.endswith("16"):
        image, options = Image.fromarray(WIDE), {}
    else:
        image, options = Image.fromarray(SMOOTH.astype(np.uint8)), LOSSLESS.get(kind, {"quality": 90})
    data = saved(image, kind.split()[0], exif=exif(orientation), **options)
    found = read_picture(data)
    with Image.open(io.BytesIO(data)) as opened:
        seen = np.atleast_3d(np.asarray(ImageOps.exif_transpose(opened)))
    np.testing.assert_array_equal(to16(found.pixels) if found.depth == 16 else found.pixels, seen)
    if orientation == 6 and kind == "PNG":  # the camera stood on its right side: its left column is the top row
        np.testing.assert_array_equal(seen[0, ::-1], SMOOTH[:, 0])


XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>"""
RAW = zlib.compress(b"\nexif\n%8d\n%s\n" % (len(exif(6)), exif(6).hex().encode()))
PLACES = {
    "JPEG": lambda image: saved(image, "JPEG", xmp=XMP),
    "WebP": lambda image: saved(image, "WEBP", xmp=XMP),
    "AVIF": lambda image: saved(image, "AVIF", exif=exif(6)),
    "PNG, text": lambda image: with_chunk(image, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
    "PNG, old text": lambda image: with_chunk(image, chunk(b"tEXt", b"XML:com.adobe.xmp\0" + XMP)),
    "PNG, profile": lambda image: with_chunk(image, chunk(b"zTXt", b"Raw profile type exif\0\0" + RAW)),
    "PNG, at its end": lambda image: with_chunk(image, chunk(b"eXIf", exif(6).removeprefix(b"Exif\0\0")), -12),
    "PNG, text at its end": lambda image: with_chunk(image, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP), -12),
}


def with_chunk(image: Image.Image, more: bytes, at: int = 33) -> bytes:
    """A PNG with one chunk more: behind its head, or before its end."""
    data = saved(image, "PNG")
    return data[:at] + more + data[at:]


@pytest.mark.parametrize("place", PLACES)
def test_orientation_wherever_it_is_written(place: str) -> None:
    data = PLACES[place](Image.fromarray(SMOOTH.astype(np.uint8)))
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        seen = np.asarray(ImageOps.exif_transpose(opened))
    assert seen.shape == (64, 48, 3)
    np.testing.assert_array_equal(read_picture(data).pixels, seen)


def test_exif_turns_16_bit_colour_too() -> None:
    samples = RNG.integers(0, 65536, (3, 5, 3), np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    found = read_picture(made_png(5, 3, 16, 2, rows, chunk(b"eXIf", exif(6).removeprefix(b"Exif\0\0"))))
    np.testing.assert_array_equal(to16(found.pixels), np.rot90(samples, -1))


@pytest.mark.parametrize("block", [b"", b"x", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03"])
def test_broken_exif_takes_nothing_from_the_pixels(block: bytes) -> None:
    rows = b"".join(b"\0" + row.tobytes() for row in RGB)
    found = read_picture(made_png(W, H, 8, 2, rows, chunk(b"eXIf", block)))
    np.testing.assert_array_equal(found.pixels, RGB)


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}])
def test_16_bit_grey_tiff_is_exact(options: dict[str, str]) -> None:
    found = read_picture(saved(Image.fromarray(WIDE), "TIFF", **options))
    assert found.depth == 16
    assert found.pixels.shape == (H, 2 * W, 1)
    np.testing.assert_array_equal(to16(found.pixels)[:, :, 0], WIDE)
    np.testing.assert_array_equal(found.pixels[:, :W, 0], WIDE >> 8)


def test_16_bit_grey_tiff_of_the_other_byte_order_is_exact() -> None:
    big = Image.frombytes("I;16B", (W, H), WIDE.astype(">u2").tobytes())
    data = saved(big, "TIFF")
    assert data.startswith(b"MM")
    np.testing.assert_array_equal(to16(read_picture(data).pixels)[:, :, 0], WIDE)


def test_16_bit_grey_png_is_exact() -> None:
    found = read_picture(saved(Image.fromarray(WIDE), "PNG"))
    assert found.depth == 16
    np.testing.assert_array_equal(to16(found.pixels)[:, :, 0], WIDE)


def filtered(samples: np.ndarray) -> bytes:
    """Rows of a 16-bit PNG, each with another of the five filters, written byte by byte as the specification says."""
    c = samples.shape[2]
    plain = [row.astype(">u2").tobytes() for row in samples]
    out = bytearray()
    for y, row in enumerate(plain):
        kind, above = y % 5, plain[y - 1] if y else bytes(len(row))
        out.append(kind)
        for i, value in enumerate(row):
            a = row[i - 2 * c] if i >= 2 * c else 0
            b, d = above[i], above[i - 2 * c] if i >= 2 * c else 0
            near = min((abs(b - d), 0, a), (abs(a - d), 1, b), (abs(a + b - 2 * d), 2, d))[2]
            out.append((value - [0, a, b, (a + b) // 2, near][kind]) & 255)
    return bytes(out)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_png_of_every_colour_type_is_exact(channels: int) -> None:
    samples = RNG.integers(0, 65536, (H, W, channels), np.uint16)
    data = made_png(W, H, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], filtered(samples))
    found = read_picture(data)
    assert found.depth == 16
    np.testing.assert_array_equal(to16(found.pixels), samples)
    again, tag = png.decode(png.encode(to16(found.pixels)))
    assert tag is None
    np.testing.assert_array_equal(again, samples)


@pytest.mark.parametrize("channels", [1, 3])
def test_16_bit_transparent_colour_becomes_alpha(channels: int) -> None:
    samples = RNG.integers(0, 65536, (H, W, channels), np.uint16)
    samples[4, 5] = samples[2, 3]
    key = chunk(b"tRNS", samples[2, 3].astype(">u2").tobytes())
    found = to16(read_picture(made_png(W, H, 16, {1: 0, 3: 2}[channels], filtered(samples), key)).pixels)
    np.testing.assert_array_equal(found[:, :, :-1], samples)
    assert found[2, 3, -1] == found[4, 5, -1] == 0
    assert found[0, 0, -1] == 65535


def test_a_broken_tiff_is_told_by_us_alone(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(saved(Image.fromarray(RGB), "TIFF", compression="tiff_adobe_deflate"))
    at = data.index(b"\x78")  # its strip begins
    data[at + 8 : at + 12] = b"\xff\xff\xff\xff"
    with pytest.raises(BadImage, match="broken"):
        read_picture(bytes(data))
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"


def test_16_bit_colour_tiff_is_refused_never_halved() -> None:
    samples = RNG.integers(0, 65536, (4, 4, 3), np.uint16)
    data = tiff([(256, 4), (257, 4), (258, (16, 16, 16)), (259, 1), (262, 2), (277, 3), (278, 4)], samples.tobytes())
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.mode == "RGB"  # what Pillow makes of it
    with pytest.raises(BadImage, match=r"16-bit colour.*cut down to 8 bits; save it as a PNG of 16 bits"):
        read_picture(data)


def tiff(entries: list[tuple[int, Any]], strip: bytes) -> bytes:
    """A little-endian TIFF of one uncompressed strip; entries: (tag, a number or several, all SHORT)."""
    entries = sorted([*entries, (273, None), (279, len(strip))])
    after = 8 + 2 + 12 * len(entries) + 4
    more, rows = b"", b""
    start = after + sum(2 * len(v) for _, v in entries if isinstance(v, tuple) and len(v) > 2)
    for tag, value in entries:
        if value is None or tag == 279:
            rows += struct.pack("<HHII", tag, 4, 1, start if value is None else value)
        elif isinstance(value, tuple) and len(value) > 2:
            rows += struct.pack("<HHII", tag, 3, len(value), after + len(more))
            more += struct.pack(f"<{len(value)}H", *value)
        else:
            rows += struct.pack("<HHIHH", tag, 3, 1, value, 0)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + rows + bytes(4) + more + strip


@pytest.mark.parametrize("mode", ["I", "F"])
def test_32_bit_samples_are_refused(mode: str) -> None:
    with pytest.raises(BadImage, match=r"32-bit .* is not read"):
        read_picture(saved(Image.new(mode, (4, 4)), "TIFF"))


def test_signed_16_bit_samples_are_refused() -> None:
    entries = [(256, 4), (257, 4), (258, 16), (259, 1), (262, 1), (277, 1), (278, 4), (339, 2)]
    with pytest.raises(BadImage, match="signed or floating-point"):
        read_picture(tiff(entries, bytes(32)))


def test_interlaced_16_bit_colour_is_refused() -> None:
    with pytest.raises(BadImage, match="interlaced"):
        read_picture(made_png(1, 1, 16, 2, bytes(7), interlace=1))


def test_mode_without_rgb_is_refused() -> None:
    with pytest.raises(BadImage, match="mode LAB"):
        read_picture(saved(Image.new("LAB", (4, 4)), "TIFF"))


@pytest.mark.parametrize(
    ("kind", "words"), [("GIF", "animated"), ("PNG", "animated"), ("WEBP", "animated"), ("TIFF", "3 pages")]
)
def test_more_than_one_frame_is_refused(kind: str, words: str) -> None:
    frames = [Image.fromarray(np.roll(RGB, k, axis=0)) for k in range(3)]
    with pytest.raises(BadImage, match=f"3 .*{words}|{words}"):
        read_picture(saved(frames[0], kind, save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG"])
def test_too_many_pixels_are_refused(kind: str) -> None:
    data = saved(Image.new("L", (20, 10)), kind)
    with pytest.raises(BadImage, match="10x20 pixels, at most 199 are read"):
        read_picture(data, most_pixels=199)
    assert read_picture(data, most_pixels=200).pixels.shape[:2] == (10, 20)


@pytest.mark.parametrize(
    "data",
    [
        made_png(1 << 30, 1 << 30, 8, 2, b""),
        made_png(20000, 20000, 1, 0, bytes(100)),
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, 1 << 30, 1 << 20, 1, 24, 0, 0, 0, 0, 0, 0),
        b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\x02\0;",
        tiff([(256, 65000), (257, 65000), (258, 8), (259, 1), (262, 1), (277, 1), (278, 65000)], b""),
    ],
    ids=["png", "png of 1 bit", "bmp", "gif", "tiff"],
)
def test_bombs_are_refused_by_their_size(data: bytes) -> None:
    with pytest.raises(BadImage, match="pixels, at most 268435456 are read"):
        read_picture(data)


def test_pillows_own_limit_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    for kind in ("PNG", "JPEG", "BMP"):
        assert read_picture(saved(Image.fromarray(RGB), kind)).pixels.shape == RGB.shape


WHOLE = {
    "PNG": saved(Image.fromarray(RGB), "PNG"),
    "PNG palette": saved(Image.fromarray(RGB).quantize(16), "PNG"),
    "PNG 16": saved(Image.fromarray(WIDE), "PNG"),
    "PNG 16 colour": made_png(W, H, 16, 2, filtered(RNG.integers(0, 65536, (H, W, 3), np.uint16))),
    "JPEG": saved(Image.fromarray(RGB), "JPEG"),
    "JPEG progressive": saved(Image.fromarray(RGB), "JPEG", progressive=True),
    "WEBP": saved(Image.fromarray(RGB), "WEBP"),
    "WEBP lossless": saved(Image.fromarray(RGBA), "WEBP", lossless=True),
    "TIFF": saved(Image.fromarray(RGB), "TIFF"),
    "TIFF lzw": saved(Image.fromarray(RGB), "TIFF", compression="tiff_lzw"),
    "TIFF 16": saved(Image.fromarray(WIDE), "TIFF"),
    "BMP": saved(Image.fromarray(RGB), "BMP"),
    "GIF": saved(Image.fromarray(GREY), "GIF"),
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("careless", [False, True])
def test_a_cut_file_is_refused_or_lost_no_pixel(kind: str, careless: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # Some programs tell Pillow to fill what is missing with grey; that must not reach an owner's data.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", careless)
    data = WHOLE[kind]
    whole = read_picture(data)
    refused = 0
    for end in range(0, len(data), 1 + len(data) // 150):
        try:
            cut = read_picture(data[:end])
        except BadImage:
            refused += 1
            continue
        np.testing.assert_array_equal(cut.pixels, whole.pixels, err_msg=f"cut at {end} of {len(data)}")
    assert refused > 50
    assert ImageFile.LOAD_TRUNCATED_IMAGES is careless


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_a_damaged_file_gives_a_picture_or_bad_image(kind: str, data: st.DataObject) -> None:
    broken = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_picture(bytes(broken), most_pixels=1 << 20)
    except BadImage:
        return
    assert not kind.startswith("PNG") or bytes(broken) == WHOLE[kind]  # its checksums show every change


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"BM", b"GIF89a"])
)
def test_junk_is_bad_image(junk: bytes, magic: bytes) -> None:
    with pytest.raises(BadImage):
        read_picture(magic + junk)


READ = "JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, PGM and PPM"


def test_errors_name_file_and_reason(tmp_path: Path) -> None:
    for name, content, words in (
        ("empty.png", b"", "the file is empty"),
        (
            "text.jpg",
            b"hello, world",
            "this is no picture; JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, PGM and PPM are read",
        ),
        ("cut.png", WHOLE["PNG"][:-20], "the picture is cut off"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadImage) as caught:
            read_picture(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {words}"
    for gone in (tmp_path / "gone.png", tmp_path):
        with pytest.raises(BadImage, match=str(gone)):
            read_picture(gone)


def test_the_name_does_not_tell_the_format(tmp_path: Path) -> None:
    (tmp_path / "picture.jpg").write_bytes(WHOLE["PNG"])
    np.testing.assert_array_equal(read_picture(tmp_path / "picture.jpg").pixels, RGB)


def test_what_follows_the_end_of_a_png_is_ignored() -> None:
    for kind in ("PNG", "PNG 16 colour"):
        np.testing.assert_array_equal(read_picture(WHOLE[kind] + b"more").pixels, read_picture(WHOLE[kind]).pixels)


def test_warnings_are_not_raised_nor_left_off() -> None:
    before = list(warnings.filters)
    read_picture(WHOLE["PNG palette"])
    assert list(warnings.filters) == before


def test_16_bits_split_and_merge() -> None:
    samples = RNG.integers(0, 65536, (5, 6, 3), np.uint16)
    split = from16(samples)
    assert split.shape == (5, 12, 3)
    np.testing.assert_array_equal(to16(split), samples)
    np.testing.assert_array_equal(split[:, 6:], samples & 255)
    with pytest.raises(BadShape, match=r"\(h, 2w, c\)"):
        to16(np.zeros((4, 5, 1), np.uint8))
    with pytest.raises(BadDtype):
        from16(np.zeros((4, 5, 1), np.uint8))  # type: ignore[arg-type]
