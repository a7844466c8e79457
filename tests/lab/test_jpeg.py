"""The trait `survives_jpeg`: what it promises holds for every scheme that has it, and for no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil.errors import BadSource
from imveil.lab.bench import jpeg
from imveil.lab.bench.jpeg import SAMPLINGS, survival, through_jpeg
from imveil.lab.tables.jpeg import jpeg_table
from imveil.metrics.psnr import psnr
from imveil.schemes.base import Cipher, Scheme
from variants import label, variants

KEY = imveil.Key(bytes(range(32)))
MORE = [
    imveil.find("cpe-iib/1", block=32, sub_block=16),
    imveil.find("etc/1", block=32),
    imveil.find("negpos/1", negpos=False, colors=False),
    imveil.find("patch/1", block=16, pixels=False),
    imveil.find("patch/1", block=4, pixels=False, blocks=False),
]


def photograph() -> Any:
    """(64, 64, 3): smooth shades, edges and fine texture in all colours, as a photograph has them."""
    y, x = np.mgrid[0:64, 0:64] / 64
    r = 120 + 80 * np.sin(3 * x + 2 * y) + 30 * (np.hypot(x - 0.4, y - 0.6) < 0.3)
    g = 110 + 90 * np.cos(2 * x - 4 * y) - 40 * (x + y > 1.2)
    b = 130 + 70 * np.sin(5 * x * y) + 25 * (np.abs(x - 0.7) < 0.08)
    texture = 6 * np.sin(40 * x + 23 * y)[..., None] + np.random.default_rng(0).normal(0, 2, (64, 64, 1))
    return (np.stack([r, g, b], axis=-1) + texture).clip(0, 255).astype(np.uint8)


def by_piece(image: Any, quality: int, sampling: str, *, smooth: bool = True) -> Any:
    """JPEG of each 16x16 piece by itself: no decoder can smooth across their edges."""
    out = np.empty_like(image)
    for top in range(0, image.shape[0], 16):
        for left in range(0, image.shape[1], 16):
            piece = image[top : top + 16, left : left + 16]
            out[top : top + 16, left : left + 16] = through_jpeg(piece, quality, sampling, smooth=smooth)[0]
    return out


@pytest.mark.parametrize("scheme", [*variants(), *MORE], ids=label)
def test_survives_exactly_where_it_says_so(scheme: Scheme) -> None:
    if scheme.traits.dtype != "uint8" or not scheme.traits.invertible:
        assert not scheme.traits.survives_jpeg, "it cannot be stored as JPEG, or not be decrypted"
        return
    image = photograph()
    cipher = scheme.encrypt(image[None], KEY, ["a"])
    losses = []
    for sampling in SAMPLINGS:
        for quality in (50, 95):
            stored = by_piece(cipher.images[0], quality, sampling)
            after = scheme.decrypt(Cipher(stored[None], cipher.nonces), KEY)
            alone = by_piece(image, quality, sampling)[None]
            losses.append(float(psnr(image[None], alone)[0] - psnr(image[None], after)[0]))
    assert (max(losses) < 0.5) == scheme.traits.survives_jpeg, losses
    assert scheme.traits.survives_jpeg or max(losses) > 1.5, losses


def test_blocks_of_eight_survive_with_chroma_of_full_size_only() -> None:
    image, scheme = photograph(), imveil.find("etc/1", block=8)
    full, half = (survival(scheme, KEY, image, 80, sampling) for sampling in ("4:4:4", "4:2:0"))
    assert full.alone - full.after < 0.5
    assert half.alone - half.after > 1.5


def test_without_smoothing_pieces_are_decoded_apart() -> None:
    pytest.importorskip("simplejpeg")
    image = photograph()
    whole = through_jpeg(image, 80, "4:2:0", smooth=False)[0]
    np.testing.assert_array_equal(whole, by_piece(image, 80, "4:2:0", smooth=False))
    assert not np.array_equal(through_jpeg(image, 80, "4:2:0")[0], by_piece(image, 80, "4:2:0"))
    grey = image[..., :1]
    np.testing.assert_array_equal(through_jpeg(grey, 80, "4:2:0", smooth=False)[0], through_jpeg(grey, 80, "4:2:0")[0])


def test_measured_beside_jpeg_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("simplejpeg")
    for i in range(2):
        Image.fromarray(np.roll(photograph(), 16 * i, axis=1)).save(tmp_path / f"{i}.png")
    monkeypatch.setattr(jpeg, "CASES", (("etc/1", {"block": 16}), ("etc-grey/1", {"block": 8})))
    records = [one for some in jpeg.measure(jpeg.photographs(tmp_path), "made") for one in some]
    assert len(records) == 2 * len(jpeg.WAYS) * len(jpeg.QUALITIES)
    assert {one.n for one in records} == {2}
    assert all(one.low <= one.value <= one.high for one in records)
    header, rows = jpeg_table(records)
    assert len(rows) == 2 * len(jpeg.WAYS)
    assert {len(row) for row in rows} == {len(header)}
    half = {one.facts["smooth"]: one.value for one in records if one.name == "etc/1 4:2:0 quality 90"}
    assert half[True] < half[False] - 0.5, "smoothing across blocks costs more"
    assert f"({half[False]:+.2f}, " in rows[2][-4], rows[2]
    assert jpeg_table(records, short=True)[1][2][-4] == f"{half[False]:+.2f}"
    assert jpeg_table(records[:3])[1] == [], "no row before all qualities are there"


def test_folders_that_hold_no_photographs(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="0 lossless pictures"):
        jpeg.photographs(tmp_path)
    for name in ("a.png", "b.png"):
        Image.new("L", (16, 16)).save(tmp_path / name)
    with pytest.raises(BadSource, match=r"a\.png is no colour picture"):
        jpeg.photographs(tmp_path)
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(BadSource, match=r"a\.png"):
        jpeg.photographs(tmp_path)


def test_photographs(real_data: Path) -> None:
    folder = real_data / "kodak"
    if not folder.is_dir():
        pytest.skip("no folder kodak in IMVEIL_DATA")
    for file in sorted(folder.glob("*.png"))[::6]:
        image = np.asarray(Image.open(file).convert("RGB"))
        for id, fields in (("etc/1", {"block": 16}), ("etc-grey/1", {})):
            one = survival(imveil.find(id, **fields), KEY, image, 75, "4:4:4")
            assert one.alone - one.after < 0.5
