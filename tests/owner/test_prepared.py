"""Pictures made fit: sizes are what was asked for, the middle stays, 16 bits stay 16, what is sealed comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import imveil
from imveil import Key
from imveil.errors import BadDestination, BadField, BadShape
from imveil.owner.decryption import decrypt_set
from imveil.owner.encryption import encrypt_set
from imveil.owner.picture import Picture, from16, read_picture, to16
from imveil.owner.sources.prepared import Preparation, Prepared
from imveil.store.sets import open_set
from made_source import made
from variants import pictures

KEY = Key(b"k" * 32)


def shape(picture: Picture, **asked: str) -> tuple[int, ...]:
    prepare = Preparation.of(**asked)
    assert prepare is not None
    return prepare(picture).pixels.shape


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sizes(channels: int) -> None:
    picture = Picture(pictures("sizes", (20, 30, channels)))
    assert shape(picture, resize="10") == (10, 15, channels)
    assert shape(picture, resize="40x8") == (40, 8, channels)
    assert shape(picture, crop="16") == (16, 16, channels)
    assert shape(picture, pad="32") == (32, 32, channels)
    assert shape(picture, pad="24x24", crop="24") == (24, 24, channels)
    assert shape(picture, resize="32", crop="28x32") == (28, 32, channels)
    deep = Picture(from16(np.arange(20 * 30 * channels, dtype=np.uint16).reshape(20, 30, channels)), 16)
    assert shape(deep, resize="10", crop="8x12") == (8, 24, channels)
    assert Preparation.of() is None


def test_pixels() -> None:
    pixels = pictures("pixels", (5, 6, 3))
    cropped = Preparation(crop=(3, 4))(Picture(pixels)).pixels
    assert np.array_equal(cropped, pixels[1:4, 1:5])
    padded = Preparation(pad=(8, 9))(Picture(pixels)).pixels
    assert np.array_equal(padded[1:6, 1:7], pixels)
    assert padded.sum() == pixels.sum()
    assert np.array_equal(Preparation(pad=(3, 3))(Picture(pixels)).pixels, pixels)
    resized = Preparation(resize=(3, 4))(Picture(pixels)).pixels
    assert np.array_equal(resized, Image.fromarray(pixels).resize((4, 3), Image.Resampling.BILINEAR))
    flat = np.full((7, 9, 1), 40_000, np.uint16)
    assert (to16(Preparation(resize=(4,))(Picture(from16(flat), 16)).pixels) == 40_000).all()
    with pytest.raises(BadShape, match="is 5 high and 6 wide, 8 and 8 are to be cropped; add --pad"):
        Preparation(crop=(8, 8))(Picture(pixels))


@given(h=st.integers(1, 40), w=st.integers(1, 40), side=st.integers(1, 40), deep=st.booleans())
def test_every_picture_gets_one_size(h: int, w: int, side: int, deep: bool) -> None:
    pixels = np.zeros((h, w, 1), np.uint16 if deep else np.uint8)
    picture = Picture(from16(pixels), 16) if deep else Picture(pixels)  # type: ignore[arg-type]
    assert shape(picture, pad=str(side), crop=str(side)) == (side, side * (1 + deep), 1)
    short = shape(picture, resize=str(side))
    assert min(short[0], short[1] // (1 + deep)) == side


@pytest.mark.parametrize("text", ["", "0", "x", "12x", "-4", "1x2x3", "99999", "4.5", "ten"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(BadField, match="--crop is a size like 224 or 160x240"):
        Preparation.of(crop=text)


def test_what_was_prepared_comes_back(tmp_path: Path) -> None:
    source = made(12, deep=frozenset({3}), shapes={4: (15, 9, 3), 6: (6, 12, 1)})
    prepare = Preparation.of(resize="10", crop="8")
    assert prepare is not None
    prepared: Any = Prepared(Whole(source), prepare)
    encrypt_set(prepared, tmp_path / "c", imveil.find("etc/1", block=8), KEY, workers=1)
    decrypt_set(tmp_path / "c", tmp_path / "p", KEY, workers=1)
    for i, item in enumerate(source.items):
        path = tmp_path / "p" / str(item.split) / source.classes[item.label or 0] / f"{item.name[:-4]}.png"
        assert np.array_equal(read_picture(path).pixels, prepare(Picture(*vars(source.read(i)).values())).pixels)
    assert open_set(tmp_path / "c").manifest.count == 12
    # Another preparation is another job.
    with pytest.raises(BadDestination, match="other pictures, or of another way"):
        encrypt_set(source, tmp_path / "c", imveil.find("etc/1", block=8), KEY, workers=1)


class Whole:
    """Made pictures as a source that has all that sources have."""

    notes: list[str] = []  # noqa: RUF012
    spec, place, left_out = "", None, ()

    def __init__(self, made: Any) -> None:
        self.items, self.classes = made.items, made.classes
        self.read = lambda i: Picture(*vars(made.read(i)).values())
