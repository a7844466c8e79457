"""`imveil show`: every scheme on one sheet, with the histogram and the sizes that it has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil import Key
from imveil.cli import main
from imveil.errors import BadShape
from imveil.keys.files import write_key
from imveil.lab.show import all_shown, bars, contact_sheet, fitted, shown
from imveil.owner.encryption import encrypt_file
from imveil.store import png
from variants import pictures

KEY = Key(bytes(range(32)))
PICTURE = pictures("show", (32, 48, 3))


def test_every_scheme_is_shown() -> None:
    tiles, refused = all_shown([imveil.find(id) for id in imveil.schemes.names()], PICTURE, KEY, "x")
    assert [tile.label for tile in tiles] == imveil.schemes.names()
    assert not refused
    for tile in tiles:
        assert tile.counts.sum() == tile.image.size, "every sample is in the histogram"
        assert tile.image.dtype == np.uint8
    sheet = np.asarray(contact_sheet("x", "", tiles))
    assert sheet.shape[1] == 4 * 344 + 24
    # The first tile's picture stands where it should, not scaled but by whole factors.
    np.testing.assert_array_equal(sheet[76 : 76 + 32 * 6 : 6, 24 + 16 : 24 + 16 + 48 * 6 : 6], tiles[0].image)


def test_what_it_says_of_files_is_true(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png.encode(PICTURE))
    for id, suffix in (("negpos/1", ".png"), ("orthogonal/1", ".npz")):
        scheme = imveil.find(id)
        encrypt_file(tmp_path / "x.png", tmp_path / f"y{suffix}", scheme, KEY)
        size = f"{suffix.removeprefix('.').upper().replace('NPZ', 'npz')} "
        size += f"{(tmp_path / f'y{suffix}').stat().st_size / 1e3:.1f} kB"
        assert any(line.startswith(size) for line in shown(scheme, PICTURE, KEY, "picture").lines)
    lines = shown(imveil.find("etc/1", block=16), PICTURE, KEY, "x").lines
    assert [line for line in lines if re.fullmatch(r"JPEG, quality 90: \d\.\d kB, decrypted \d\d\.\d dB", line)]
    assert not [line for line in shown(imveil.find("etc/1"), PICTURE, KEY, "x").lines if "JPEG" in line]


def test_schemes_that_do_not_take_the_picture() -> None:
    tiles, refused = all_shown([imveil.find(id) for id in ("etc-grey/1", "shf/1")], PICTURE[..., :1], KEY, "x")
    assert [tile.label for tile in tiles] == ["shf/1"]
    assert refused == ["etc-grey/1 is left out: etc-grey/1 takes images of 3 channels, got 1"]
    with pytest.raises(BadShape):
        shown(imveil.find("etc-grey/1"), PICTURE[..., :1], KEY, "x")


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 400, 2), (700, 3, 4), (33, 33, 3)])
def test_any_shape_fits(shape: tuple[int, int, int]) -> None:
    tile = shown(imveil.find("patch/1"), pictures("fits", shape), KEY, "x")
    assert max(fitted(tile.image).size) <= 320
    assert bars(tile.counts).size == (320, 60)
    contact_sheet("x", "", [tile])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_key("my.key", KEY)
    Path("photo.png").write_bytes(png.encode(PICTURE))
    return tmp_path


def run(line: str, capfd: Any) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(line.split())
    return int(left.value.code or 0), *capfd.readouterr()


@pytest.mark.usefixtures("here")
def test_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    count = len(imveil.schemes.names())
    assert run("show photo.png --key my.key", capfd) == (0, f"photo-schemes.png: photo.png under {count} schemes\n", "")
    Image.open("photo-schemes.png").load()
    code, _, _ = run("show photo.png --key my.key --scheme etc/1,block=8 --scheme ffx/1 --out a.html", capfd)
    assert code == 0
    page = Path("a.html").read_text()
    assert "etc/1 block=8" in page
    assert page.count("<figure>") == 2
    assert not re.search(r'(?:src|href)="(?!data:)', page), "it needs no other file"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("show photo.png --key my.key --out my.key", "goes into a .png or .html file"),
        ("show photo.png --key my.key --out photo.png", "photo.png exists already"),
        ("show photo.png --key my.key --out no/x.png", "no is no folder"),
        ("show photo.png --key my.key --scheme negpos/2", "did you mean negpos/1"),
        ("show photo.png --key my.key --scheme etc/1,blok=2", "no field 'blok'"),
        ("show my.key --key my.key", "this is no picture"),
        ("show photo.png --key no.key", "no.key"),
    ],
)
def test_bad_input(here: Path, capfd: pytest.CaptureFixture[str], line: str, said: str) -> None:
    before = sorted(here.iterdir())
    code, out, err = run(line, capfd)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert sorted(here.iterdir()) == before
