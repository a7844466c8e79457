"""Copies of training pictures: as many as asked, the first as it is, moved like the slow way, and the same again."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil.errors import BadField, BadSource
from imveil.keys.key import Key
from imveil.owner.decryption import decrypt_set
from imveil.owner.encryption import encrypt_set
from imveil.owner.picture import Picture, from16
from imveil.owner.sources import open_source
from imveil.owner.sources.copied import Copied, moved
from imveil.store.sets import open_set


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for split, count in (("train", 3), ("test", 2)):
        for label in ("cat", "dog"):
            for number in range(count):
                file = tmp_path / "photos" / split / label / f"{number}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(rng.integers(0, 256, (16, 20, 3)).astype(np.uint8)).save(file)
    return tmp_path / "photos"


def test_only_training_pictures_are_copied_and_the_first_is_as_it_is(photos: Path) -> None:
    plain = open_source(photos)
    copied = Copied(plain, 4)
    assert copied.splits == {"test": 4, "train": 24}
    assert [item.name for item in copied.items if item.split == "train"][:5] == [
        "0.png", "0~1.png", "0~2.png", "0~3.png", "1.png",
    ]  # fmt: skip
    ids = [item.id(copied.classes) for item in copied.items]
    assert len(set(ids)) == len(ids)
    first = {item.id(plain.classes): plain.read(i).pixels for i, item in enumerate(plain.items)}
    seen = {}
    for i, item in enumerate(copied.items):
        pixels = copied.read(i).pixels
        if item.id(copied.classes) in first:
            assert np.array_equal(pixels, first[item.id(copied.classes)])
        seen[pixels.tobytes()] = None
    assert len(seen) > 20, "copies differ"
    again = pickle.loads(pickle.dumps(copied))
    assert all(np.array_equal(copied.read(i).pixels, again.read(i).pixels) for i in range(len(copied)))
    assert any("give a split valid too" in note for note in copied.notes)


def test_a_copy_is_a_flip_and_a_shift_with_mirrored_borders() -> None:
    pixels = np.arange(32 * 40, dtype=np.int64).reshape(32, 40, 1) % 251
    pixels = pixels.astype(np.uint8)
    wide = np.pad(pixels, ((2, 2), (2, 2), (0, 0)), mode="reflect")
    ways = {
        (cut[:, ::-1] if flip else cut).tobytes(): (flip, y, x)
        for flip in (False, True)
        for y in range(5)
        for x in range(5)
        for cut in [wide[y : y + 32, x : x + 40]]
    }
    drawn = [ways[moved(Picture(pixels), f"{n}~1.png").pixels.tobytes()] for n in range(400)]
    assert len(set(drawn)) > 45
    assert 150 < sum(flip for flip, _, _ in drawn) < 250


def test_sixteen_bits_are_moved_whole() -> None:
    wide = (np.arange(16 * 16).reshape(16, 16, 1) * 200).astype(np.uint16)
    copy = moved(Picture(from16(wide), 16), "x~1.png")
    assert copy.depth == 16
    eight = moved(Picture((wide >> 8).astype(np.uint8)), "x~1.png")
    from imveil.owner.picture import to16

    assert np.array_equal(to16(copy.pixels) >> 8, eight.pixels)


def test_copies_are_encrypted_each_for_itself_and_come_back(photos: Path, tmp_path: Path) -> None:
    key, scheme = Key.generate(), imveil.find("negpos/1", per_image=True)
    copied = Copied(open_source(photos), 2)
    encrypt_set(copied, tmp_path / "ciphers", scheme, key, workers=1)
    loaded = open_set(tmp_path / "ciphers").load("train")
    assert len(loaded.images) == 12
    assert len({tag.nonce for tag in loaded.tags if tag is not None}) == 12
    decrypt_set(tmp_path / "ciphers", tmp_path / "back", key, workers=1)
    assert sorted(p.name for p in (tmp_path / "back/train/cat").iterdir()) == [
        "0.png", "0~1.png", "1.png", "1~1.png", "2.png", "2~1.png",
    ]  # fmt: skip


def test_what_cannot_be_copied_is_refused(photos: Path) -> None:
    for wrong in (0, -1, 1001):
        with pytest.raises(BadField, match="1 to 1000"):
            Copied(open_source(photos), wrong)
    with pytest.raises(BadSource, match="no split train"):
        Copied(open_source(photos / "train"), 2)
