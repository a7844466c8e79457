"""Compressed pictures: nothing is lost, nothing can be altered, only the key opens them; and the two commands."""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from math import gcd, prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import imveil
from imveil import cli
from imveil.errors import BadDtype, BadField, BadImage, BadShape, WrongKey
from imveil.schemes.hybrid import crt, format
from imveil.schemes.hybrid.format import CODERS, HEADER, MODULI, NAMES, compress, compress_parts, expand
from reference import hybrid as reference
from variants import pictures

KEY, OTHER = imveil.Key(bytes(range(32))), imveil.Key(bytes(range(1, 33)))
VECTORS = sorted((Path(__file__).parents[2] / "vectors" / "hybrid").glob("*.json"))
SMALL = st.tuples(st.integers(1, 12), st.integers(1, 12), st.sampled_from([1, 2, 3, 4, 7]))


@given(shape=SMALL, k=st.sampled_from([2, 3, 4]), coder=st.sampled_from(NAMES), flat=st.booleans())
def test_nothing_is_lost(shape: tuple[int, int, int], k: int, coder: str, flat: bool) -> None:
    image = np.full(shape, 255, np.uint8) if flat else pictures(f"{shape}", shape)
    data, parts = compress_parts(image, KEY, k=k, coder=coder)
    found = expand(data, KEY)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, image)
    assert parts.plain == image.size
    assert parts.file == len(data) == HEADER.size + parts.coded
    assert parts.merged == crt.merged_size(image.size, k)
    assert coder != "none" or parts.coded == parts.merged


@given(samples=st.binary(min_size=1, max_size=300), k=st.sampled_from([2, 3, 4]))
def test_merging_is_the_remainder_theorem(samples: bytes, k: int) -> None:
    a = np.frombuffer(samples, np.uint8)
    merged = crt.merge(a, k)
    np.testing.assert_array_equal(crt.split(merged, a.size, k), a)
    bits = "".join(f"{byte:08b}" for byte in merged)
    numbers = [int(bits[i : i + crt.bits(k)], 2) for i in range(0, len(bits) - crt.bits(k) + 1, crt.bits(k))]
    remainders = [x % n for x in numbers for n in MODULI[k]]
    assert remainders[: a.size] == a.tolist()
    assert all(x < prod(MODULI[k]) for x in numbers)


def test_merging_in_pieces_is_merging(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = pictures("pieces", (1, 1, 1000)).ravel()
    for k in MODULI:
        whole = crt.merge(samples, k)
        with monkeypatch.context() as patch:
            patch.setattr(crt, "CHUNK", 16)
            assert crt.merge(samples, k) == whole
            np.testing.assert_array_equal(crt.split(whole, samples.size, k), samples)


def test_moduli_are_coprime_and_can_hold_a_sample() -> None:
    for k, moduli in MODULI.items():
        assert len(moduli) == k
        assert min(moduli) > 255
        assert all(gcd(a, b) == 1 for i, a in enumerate(moduli) for b in moduli[:i])
        assert Fraction(crt.bits(k), 8 * k) > 1, "merging alone expands"


@pytest.mark.parametrize("file", VECTORS, ids=lambda f: f.stem)
def test_files_of_earlier_versions_expand(file: Path) -> None:
    vector = json.loads(file.read_text())
    image, key = pictures(vector["pictures"], tuple(vector["shape"])), imveil.Key(bytes.fromhex(vector["key"]))
    data = bytes.fromhex(vector["file"])
    np.testing.assert_array_equal(expand(data, key), image)
    if vector["coder"] == "none":
        assert compress(image, key, k=vector["k"], coder="none") == data
    if vector["coder"] in ("none", "huffman"):
        own = lambda nonce, purpose: key.derive("hybrid/1", "image", nonce).derive("hybrid/1", purpose)  # noqa: E731
        slow = reference.expand(data, lambda nonce, purpose: own(nonce, purpose).stream().bytes(16))
        np.testing.assert_array_equal(np.array(slow), image)


def test_every_k_and_coder_has_a_file() -> None:
    have = {(v["k"], v["coder"]) for v in (json.loads(f.read_text()) for f in VECTORS)}
    assert have >= {(k, "none") for k in MODULI} | {(2, coder) for coder in CODERS}, "run scripts/vectors/vectors.py"


def test_the_same_picture_gives_the_same_file_and_no_other_shares_its_stream() -> None:
    one, two = pictures("a", (20, 20, 3)), pictures("b", (20, 20, 3))
    assert compress(one, KEY) == compress(one.copy(order="F"), KEY)
    a, b, c = compress(one, KEY), compress(two, KEY), compress(one.reshape(10, 40, 3), KEY)
    nonces = {HEADER.unpack_from(data)[6] for data in (a, b, c, compress(one, OTHER))}
    assert len(nonces) == 4
    flat = [np.frombuffer(compress(np.full((64, 64, 1), v, np.uint8), KEY, coder="none"), np.uint8) for v in (0, 1)]
    assert np.mean(flat[0][HEADER.size :] == flat[1][HEADER.size :]) < 0.02, "two pictures share a mask"


def test_the_body_looks_like_noise() -> None:
    body = compress(np.zeros((128, 128, 3), np.uint8), KEY, coder="none")[HEADER.size :]
    counts = np.bincount(np.frombuffer(body, np.uint8), minlength=256)
    assert ((counts - len(body) / 256) ** 2 / (len(body) / 256)).sum() < 350  # 255 degrees of freedom


@settings(max_examples=200)
@given(data=st.data())
def test_a_changed_bit_is_refused(data: Any) -> None:
    whole = bytearray(compress(pictures("tamper", (5, 6, 3)), KEY, coder=data.draw(st.sampled_from(NAMES))))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((BadImage, WrongKey)) as error:
        expand(bytes(whole), KEY)
    assert isinstance(error.value, WrongKey) == (48 <= at < 68)


def test_cut_and_lengthened_files_are_refused() -> None:
    whole = compress(pictures("cut", (5, 6, 3)), KEY)
    for data in (b"", whole[:4], whole[:60], whole[:68], whole[:-1], whole + b"\0", b"\x89PNG" + whole):
        with pytest.raises(BadImage):
            expand(data, KEY)


def test_a_wrong_key_is_named() -> None:
    with pytest.raises(WrongKey) as error:
        expand(compress(pictures("key", (5, 6, 3)), KEY), OTHER)
    assert KEY.fingerprint in str(error.value)
    assert OTHER.fingerprint in str(error.value)


def signed(*, k: int = 2, coder: int = 0, h: int = 1, w: int = 1, c: int = 2, body: bytes = b"") -> bytes:
    """A file of a version that never was, with a tag that fits."""
    nonce, name = bytes(16), format._name(KEY)
    own = KEY.derive(format.ID, "image", nonce)
    body = format._substitute(body, own) if body else b""
    blank = HEADER.pack(format.MAGIC, k, coder, h, w, c, nonce, bytes(16), name)
    return blank[:32] + format._tag(own, blank, body) + blank[48:] + body


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"k": 5}, "k = 5"),
        ({"coder": len(NAMES)}, f"coder {len(NAMES)}"),
        ({"h": 0}, "0x1x2"),
        ({"h": 2**32 - 1, "w": 2**32 - 1}, "does not know"),
        ({"body": b"\0\0"}, "merge into 3 bytes"),
        ({"body": b"\xff\xff\xff"}, "too large"),
        ({"body": b"\x00\x80\x00"}, "remainder above 255"),
        ({"coder": 1, "body": b"no zlib"}, "does not understand"),
        ({"coder": 2, "body": b"no bz2 stream"}, "does not understand"),
        ({"coder": 3, "body": b"no lzma stream"}, "does not understand"),
        ({"coder": 4, "body": b"\x01\x01\x00\xfe\xff\x00"}, "holds 1 samples, 2 were needed"),
    ],
)
def test_what_this_version_does_not_know_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadImage, match=said):
        expand(signed(**given), KEY)


def test_bombs_stop_at_the_size_that_the_header_says() -> None:
    import lzma
    import zlib

    for coder, packed in ((1, zlib.compress(bytes(10**7))), (3, lzma.compress(bytes(10**7)))):
        np.testing.assert_array_equal(expand(signed(coder=coder, body=packed), KEY), np.zeros((1, 1, 2)))


@pytest.mark.parametrize(
    ("image", "options", "error"),
    [
        (np.zeros((2, 2, 3)), {}, BadDtype),
        (np.zeros((2, 2, 3), np.uint16), {}, BadDtype),
        ([[[0]]], {}, BadDtype),
        (np.zeros((2, 2), np.uint8), {}, BadShape),
        (np.zeros((0, 2, 3), np.uint8), {}, BadShape),
        (np.zeros((1, 1, 256), np.uint8), {}, BadShape),
        (np.zeros((2, 2, 3), np.uint8), {"k": 5}, BadField),
        (np.zeros((2, 2, 3), np.uint8), {"k": 1}, BadField),
        (np.zeros((2, 2, 3), np.uint8), {"coder": "zip"}, BadField),
    ],
)
def test_wrong_input_is_refused(image: Any, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        compress(image, KEY, **options)


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as done:
        cli.main([str(word) for word in words])
    shown = capsys.readouterr()
    return int(done.value.code or 0), shown.out, shown.err


@pytest.fixture
def key_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run(capsys, "keygen", tmp_path / "my.key")[0] == 0
    return tmp_path / "my.key"


def test_one_picture_there_and_back(tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for channels, mode in ((1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")):
        pixels = pictures(f"{mode}", (9, 7, channels))
        Image.fromarray(pixels.squeeze()).save(tmp_path / f"{mode}.png")
        packed, back = tmp_path / f"{mode}.imvz", tmp_path / f"{mode}-back.png"
        code, out, err = run(capsys, "compress", tmp_path / f"{mode}.png", packed, "--key", key_file, "--k", 3)
        assert (code, err) == (0, "")
        assert out.startswith(f"1 picture of {pixels.size} samples: merged ")
        assert run(capsys, "expand", packed, back, "--key", key_file)[0] == 0
        with Image.open(back) as image:
            assert image.mode == mode
            np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)


def test_a_folder_there_and_back(tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, packed, back = (tmp_path / name for name in ("plain", "packed", "back"))
    (plain / "a").mkdir(parents=True)
    pixels = pictures("folder", (6, 5, 3))
    Image.fromarray(pixels).save(plain / "a" / "one.png")
    Image.fromarray(pixels[::-1].copy()).save(plain / "two.bmp")
    (plain / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (plain / "notes.txt").write_text("no picture")
    code, out, err = run(capsys, "compress", plain, packed, "--key", key_file)
    assert code == 1
    assert out.startswith("2 pictures")
    assert "broken.png" in err
    assert sorted(p.relative_to(packed).as_posix() for p in packed.rglob("*.*")) == ["a/one.png.imvz", "two.bmp.imvz"]
    assert run(capsys, "expand", packed, back, "--key", key_file)[:2] == (0, f"2 pictures expanded, {back}\n")
    with Image.open(back / "a" / "one.png") as one, Image.open(back / "two.bmp.png") as two:
        np.testing.assert_array_equal(np.asarray(one), pixels)
        np.testing.assert_array_equal(np.asarray(two), pixels[::-1])


def test_the_commands_refuse_in_one_line(tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture, packed, other = tmp_path / "p.png", tmp_path / "p.imvz", tmp_path / "other.key"
    Image.fromarray(pictures("p", (6, 5, 3))).save(picture)
    wide = tmp_path / "wide.png"
    Image.fromarray(np.arange(30, dtype=np.uint16).reshape(5, 6) * 1000).save(wide)
    assert run(capsys, "compress", picture, packed, "--key", key_file)[0] == 0
    assert run(capsys, "keygen", other)[0] == 0
    (tmp_path / "empty").mkdir()
    cut = tmp_path / "cut.imvz"
    cut.write_bytes(packed.read_bytes()[:-1])
    before = sorted(tmp_path.rglob("*"))
    for words, said in [
        (("compress", tmp_path / "no.png", tmp_path / "x", "--key", key_file), "is not there"),
        (("compress", picture, packed, "--key", key_file), "exists already"),
        (("compress", picture, tmp_path / "no" / "x", "--key", key_file), "is no folder"),
        (("compress", picture, tmp_path / "x", "--key", key_file, "--k", 7), "k is one of 2, 3, 4"),
        (("compress", picture, tmp_path / "x", "--key", key_file, "--coder", "rar"), "coder is one of"),
        (("compress", picture, tmp_path / "x", "--key", tmp_path / "no.key"), "no.key"),
        (("compress", key_file, tmp_path / "x", "--key", key_file), "no picture"),
        (("compress", wide, tmp_path / "x", "--key", key_file), "this one has 16"),
        (("compress", tmp_path / "empty", tmp_path / "x", "--key", key_file), "holds no file"),
        (("compress", tmp_path, tmp_path, "--key", key_file), "has something in it"),
        (("expand", packed, tmp_path / "x", "--key", other), "compressed under key"),
        (("expand", picture, tmp_path / "x", "--key", key_file), "p.png: this is no picture compressed"),
        (("expand", cut, tmp_path / "x", "--key", key_file), "cut.imvz: this compressed picture was altered"),
        (("expand", tmp_path / "empty", tmp_path / "x", "--key", key_file), ".imvz"),
    ]:
        code, out, err = run(capsys, *words)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert said in err
        assert sorted(tmp_path.rglob("*")) == before


def test_two_files_of_one_name_are_refused(tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "packed"
    home.mkdir()
    for name in ("a.imvz", "a.png.imvz"):
        (home / name).write_bytes(b"")
    code, _, err = run(capsys, "expand", home, tmp_path / "out", "--key", key_file)
    assert code == 2
    assert "one name" in err
    assert not (tmp_path / "out").exists()


def test_header_is_as_the_specification_says() -> None:
    whole = compress(np.zeros((3, 5, 2), np.uint8), KEY, k=4, coder="bz2")
    assert whole[:7] == b"imVz\x01\x04\x02"
    assert struct.unpack("<IIB", whole[7:16]) == (3, 5, 2)
    assert whole[48:68].rstrip(b"\0").decode() == KEY.fingerprint
    other = compress(np.ones((3, 5, 2), np.uint8), KEY, k=4, coder="bz2")
    assert other[:16] == whole[:16]
    assert other[16:32] != whole[16:32]
