"""Cipher JPEGs: the tag, chroma decoded by itself, files that are none; and whole data sets of them."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil import Key
from imveil.errors import BadField, BadImage, BadInput, BadShape
from imveil.metrics.psnr import psnr
from imveil.owner.decryption import decrypt_file, decrypt_set
from imveil.owner.encryption import encrypt_file, encrypt_set, pick_container
from imveil.owner.orders.dispatch import stored_as
from imveil.owner.rekeying import rekey_set
from imveil.owner.sealed_sets import seal_set, unseal_set
from imveil.owner.sources._likeness import Likeness
from imveil.owner.verification import verify_set
from imveil.schemes.base import Cipher
from imveil.store import jpeg
from imveil.store.containers.base import find
from imveil.store.manifest import read_manifest
from imveil.store.sets import lossy, open_set
from imveil.store.tag import Tag

KEY, OTHER = Key(bytes(range(32))), Key(bytes(32))
TAG = Tag("etc/1", {"block": 16}, "k3xd-7q2a-9fz4-mmwp")
ETC = imveil.find("etc/1", block=16)


def picture(h: int = 64, w: int = 96, c: int = 3, seed: int = 0) -> np.ndarray:
    """Smooth and with edges, as photographs are."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w] / 16
    waves = [np.sin(a * x + b * y + t) for a, b, t in rng.uniform(0.2, 1.5, (c, 3))]
    image = 128 + 90 * np.stack(waves, axis=2)
    image[h // 4 : h // 2, w // 3 : w // 2] = rng.integers(0, 256, c)
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("chroma", [444, 420])
@pytest.mark.parametrize("c", [1, 3])
@pytest.mark.parametrize("size", [(64, 96), (48, 33), (17, 16)])
def test_pixels_are_those_of_an_ordinary_decoder_but_for_smoothing(size: tuple[int, int], c: int, chroma: int) -> None:
    data = jpeg.encode(picture(*size, c), 90, chroma, TAG)
    image, tag = jpeg.decode(data)
    assert tag == TAG
    assert image.shape == (*size, c)
    if chroma == 444 or c == 1:
        assert np.array_equal(image.squeeze(), np.asarray(Image.open(io.BytesIO(data))))
        return
    simplejpeg = pytest.importorskip("simplejpeg")
    want = simplejpeg.decode_jpeg(data, fastdct=False, fastupsample=True)
    assert np.abs(image.astype(int) - want.astype(int)).max() <= 1


def test_smoothing_costs_what_the_tables_say() -> None:
    """Encrypted, stored at 4:2:0, decrypted: as good as JPEG alone here, worse after an ordinary decoder."""
    image = picture(256, 256)
    cipher = ETC.encrypt(image[None], KEY)
    data = jpeg.encode(cipher.images[0], 80, 420)
    ordinary = np.asarray(Image.open(io.BytesIO(data)))[None]
    mine = jpeg.decode(data)[0][None]
    alone = jpeg.decode(jpeg.encode(image, 80, 420))[0][None]
    back = [ETC.decrypt(Cipher(images, None, None), KEY) for images in (mine, ordinary)]
    loss = [float(psnr(image[None], found)[0]) for found in (*back, alone)]
    assert loss[0] > loss[2] - 0.5
    assert loss[0] > loss[1] + 0.5


@pytest.mark.parametrize("change", ["cut", "end", "twice", "progressive", "cmyk", "422", "tag"])
def test_files_that_are_refused(change: str) -> None:
    data = jpeg.encode(picture(), 90, 444, TAG)
    out = io.BytesIO()
    if change == "progressive":
        Image.fromarray(picture()).save(out, "JPEG", progressive=True)
    elif change == "cmyk":
        Image.fromarray(picture()).convert("CMYK").save(out, "JPEG")
    elif change == "422":
        Image.fromarray(picture()).save(out, "JPEG", subsampling="4:2:2")
    size = 4 + int.from_bytes(data[4:6], "big") - 2
    bad = {
        "cut": data[:-40],
        "end": data[:300] + b"\xff\xd9",
        "twice": data[:2] + data[2 : 2 + size] + data[2:],
        "tag": data.replace(b'"format":1', b'"format":9'),
    }.get(change, out.getvalue())
    with pytest.raises(BadImage):
        jpeg.decode(bad)


def test_every_changed_byte_is_an_image_or_refused() -> None:
    data = jpeg.encode(picture(16, 16), 50, 420, TAG)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x55
        try:
            jpeg.decode(bytes(changed))
        except BadImage:
            continue


def test_what_a_jpeg_does_not_hold() -> None:
    for image in (picture(c=2), picture(c=4), picture().astype(np.uint16)):
        with pytest.raises(BadShape):
            jpeg.encode(image, 90)
    for name, error in (("jpeg:0:444", BadField), ("jpeg:x:444", BadField), ("jpeg:90:422", BadField)):
        with pytest.raises(error):
            find(name)
    for scheme in (imveil.find("negpos/1"), imveil.find("etc/1", block=8), imveil.find("le/1")):
        with pytest.raises(BadInput, match="do not survive JPEG"):
            pick_container(scheme, "jpeg")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("source")
    for number in range(12):
        folder = root / ("train" if number < 8 else "test") / ("cat" if number % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(40, 56, seed=number)).save(folder / f"{number}.png")
    return root


@pytest.mark.parametrize("scheme", [ETC, imveil.find("etc-grey/1")])
@pytest.mark.parametrize("container", ["jpeg:90:444", "jpeg:80:420"])
def test_a_set_of_them(source: Path, tmp_path: Path, scheme: imveil.schemes.Scheme, container: str) -> None:
    report = encrypt_set(source, tmp_path / "c", scheme, KEY, container=container)
    assert (report.images, report.rejected) == (12, [])
    manifest = read_manifest(tmp_path / "c")
    quality, chroma = map(int, container.split(":")[1:])
    assert (manifest.container, manifest.jpeg) == ("jpeg", {"quality": quality, "chroma": chroma})
    assert verify_set(tmp_path / "c", KEY).wrong == []
    assert verify_set(tmp_path / "c").wrong == []
    report = decrypt_set(tmp_path / "c", tmp_path / "p", KEY)
    assert (report.images, report.rejected) == (12, [])
    assert "loss of JPEG" in report.notes[0]
    for file in source.rglob("*.png"):
        truth = np.asarray(Image.open(file))
        found = np.asarray(Image.open(tmp_path / "p" / file.relative_to(source)))
        alone = jpeg.decode(jpeg.encode(truth, quality, chroma))[0]
        assert psnr(truth[None], found[None])[0] > psnr(truth[None], alone[None])[0] - 1.5  # small pictures, padded
    assert decrypt_set(tmp_path / "c", tmp_path / "p", KEY).images == 12
    assert rekey_set(tmp_path / "c", tmp_path / "r", KEY, OTHER).images == 12
    assert read_manifest(tmp_path / "r").jpeg == manifest.jpeg
    assert verify_set(tmp_path / "r", OTHER).wrong == []
    seal_set(tmp_path / "c", tmp_path / "s", KEY)
    unseal_set(tmp_path / "s", tmp_path / "u", KEY)
    assert verify_set(tmp_path / "u", KEY).wrong == []
    loaded = open_set(tmp_path / "c").load("train")
    assert loaded.images.shape[0] == 8
    with pytest.raises(BadInput):
        encrypt_set(source, tmp_path / "n", imveil.find("negpos/1"), KEY, container="jpeg")


def test_what_was_altered_is_told(source: Path, tmp_path: Path) -> None:
    encrypt_set(source, tmp_path / "c", ETC, KEY, container="jpeg")
    files = sorted((tmp_path / "c").rglob("*.jpg"))
    shutil.copy(files[1], files[0])
    (wrong,) = verify_set(tmp_path / "c", KEY).wrong
    assert files[0].name in wrong
    report = decrypt_set(tmp_path / "c", tmp_path / "p", KEY)
    assert (report.images, len(report.rejected)) == (11, 1)
    assert decrypt_file(files[2], tmp_path / "a.png", KEY) == ""
    assert decrypt_file(files[2], tmp_path / "b.png", KEY, of=tmp_path / "c").endswith(".png")
    files[3].write_bytes(files[3].read_bytes()[:-2] + b"\0\xff\xd9")
    with pytest.raises(BadImage, match="no picture of"):
        decrypt_file(files[3], tmp_path / "d.png", KEY, of=tmp_path / "c")
    lists = sorted((tmp_path / "c").glob("*.sha256"))
    lists[0].write_bytes(lists[0].read_bytes()[:-1] + b" \n")
    report = decrypt_set(tmp_path / "c", tmp_path / "q", KEY)
    assert report.images + len(report.rejected) == 12
    assert any("nothing proves it" in reject.reason for reject in report.rejected)


def test_pictures_that_a_jpeg_does_not_hold_are_left_out(source: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "in")
    Image.fromarray(picture(40, 56, 4)).save(tmp_path / "in" / "train" / "cat" / "alpha.png")
    report = encrypt_set(tmp_path / "in", tmp_path / "c", ETC, KEY, container="jpeg")
    assert (report.images, len(report.rejected)) == (12, 1)
    assert "1 or 3 channels" in report.rejected[0].reason


def test_one_picture_as_a_jpeg(source: Path, tmp_path: Path) -> None:
    plain = next(source.rglob("*.png"))
    for name, container in (("a.jpg", None), ("b.JPEG", "jpeg:50:420")):
        encrypt_file(plain, tmp_path / name, ETC, KEY, container=container)
        assert lossy(tmp_path / name)
        decrypt_file(tmp_path / name, tmp_path / f"{name}.png", KEY)
        truth, found = (np.asarray(Image.open(file)) for file in (plain, tmp_path / f"{name}.png"))
        assert truth.shape == found.shape
        assert psnr(truth[None], found[None])[0] > 24
    assert (tmp_path / "b.JPEG").stat().st_size < (tmp_path / "a.jpg").stat().st_size
    with pytest.raises(BadInput, match="do not survive JPEG"):
        encrypt_file(plain, tmp_path / "c.jpg", imveil.find("negpos/1"), KEY)
    Image.fromarray(picture(c=4)).save(tmp_path / "alpha.png")
    with pytest.raises(BadShape, match="1 or 3 channels"):
        encrypt_file(tmp_path / "alpha.png", tmp_path / "c.jpg", ETC, KEY)
    assert not (tmp_path / "c.jpg").exists()


def test_jpegs_like_those_that_are_there(source: Path, tmp_path: Path) -> None:
    encrypt_set(source, tmp_path / "c", ETC, KEY, container="jpeg:80:420")
    like = Likeness.of(tmp_path / "c")
    assert stored_as(None, None, None, like) == stored_as("jpeg", None, None, like) == "jpeg:80:420"
    assert stored_as(None, 70, None, like) == "jpeg:70:420"
    assert stored_as("jpeg", None, "444", None) == "jpeg:90:444"
    with pytest.raises(BadInput, match="are of JPEGs"):
        stored_as("folder", 80, None, like)
