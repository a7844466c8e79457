"""What pictures carry beside their pixels never reaches the output: EXIF, GPS, comments, DICOM headers, dates."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import imveil
from forms import write_dicom
from imveil import Key, registry
from imveil.owner.decryption import decrypt_set
from imveil.owner.encryption import encrypt_file, encrypt_set
from imveil.owner.picture import read_picture
from imveil.owner.sources import open_source
from imveil.store.containers import base
from variants import pictures

KEY, SCHEME = Key(b"k" * 32), imveil.find("negpos/1", per_image=True)
SECRETS = [b"Jane", b"4711", b"SECRET", b"2003:01:02", b"20260102", b"holiday"]
DATE = 1_041_379_200  # 2003-01-01
PIXELS = pictures("metadata", (16, 24, 3))


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E], exif[0x9003], exif[0x010F] = "SECRET Jane", "2003:01:02 03:04:05", "SECRET camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 4711.0), 29: "2003:01:02"})
    return exif


def told(root: Path) -> Path:
    """A folder of pictures that say a lot: one of each format, with EXIF, GPS, comments, texts and an old date."""
    place = root / "pictures" / "ward"
    place.mkdir(parents=True)
    image = Image.fromarray(PIXELS)
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "SECRET Jane")
    texts.add_itxt("Author", "Jane 4711")
    image.save(place / "holiday-1.png", pnginfo=texts, exif=_exif())
    image.save(place / "holiday-2.jpg", exif=_exif(), comment=b"SECRET Jane 4711")
    image.save(place / "holiday-3.webp", exif=_exif(), xmp=b"<x>SECRET Jane</x>", lossless=True)
    image.save(place / "holiday-4.tif", exif=_exif(), description="SECRET Jane")
    image.save(place / "holiday-5.bmp")
    for file in place.iterdir():
        assert file.suffix == ".bmp" or b"SECRET" in file.read_bytes() or b"S\0E\0C" in file.read_bytes()
        os.utime(file, (DATE, DATE))
    return root / "pictures"


def scans(root: Path) -> Path:
    place = root / "scans"
    place.mkdir(parents=True)
    for i in range(3):
        write_dicom(place / f"holiday-{i}.dcm", PIXELS, ImageComments="SECRET")
        os.utime(place / f"holiday-{i}.dcm", (DATE, DATE))
    assert all(any(secret in f.read_bytes() for secret in SECRETS) for f in place.iterdir())
    return place


@pytest.mark.parametrize("name", [name for name in registry.files(base.PACKAGE) if not base.find(name).lossy])
@pytest.mark.parametrize("source", [told, scans])
def test_nothing_but_pixels_gets_out(tmp_path: Path, source: Any, name: str) -> None:
    if source is scans:
        pytest.importorskip("pydicom")
    place = source(tmp_path)
    count = encrypt_set(open_source(place), tmp_path / "c", SCHEME, KEY, container=name, workers=1).images
    assert count == len([p for p in place.rglob("*") if p.is_file()])
    decrypt_set(tmp_path / "c", tmp_path / "p", KEY, workers=1)
    ciphers = [p for p in (tmp_path / "c").rglob("*") if p.is_file()]
    plains = [p for p in (tmp_path / "p").rglob("*") if p.is_file()]
    for file in [*ciphers, *plains]:
        data = file.read_bytes()
        assert not [secret for secret in SECRETS if secret in data], file
        assert not [chunk for chunk in (b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"tIME", b"Exif") if chunk in data], file
        assert abs(file.stat().st_mtime - DATE) > 3e8, file
        if file in ciphers:
            assert "holiday" not in file.name
        if file.suffix == ".tar":
            with tarfile.open(file) as tar:
                assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in tar} == {(0, 0, 0, "", "")}
    assert sorted(p.stem for p in plains) == sorted(p.stem for p in place.rglob("*") if p.is_file())


def test_one_picture_too(tmp_path: Path) -> None:
    for file in (told(tmp_path) / "ward").iterdir():
        encrypt_file(file, tmp_path / f"{file.name}.png", SCHEME, KEY)
        data = (tmp_path / f"{file.name}.png").read_bytes()
        assert not [secret for secret in [*SECRETS, b"eXIf"] if secret in data]


def test_the_picture_is_turned_as_its_exif_says() -> None:
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    Image.fromarray(PIXELS).save(out, "png", exif=exif)
    assert np.array_equal(read_picture(out.getvalue()).pixels, np.rot90(PIXELS, -1))
