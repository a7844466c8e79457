"""Orders: one picture or a set, as another was made, sealed: what the command line decides, Python decides the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imveil import owner
from imveil.errors import BadDestination, BadInput, ImveilError, WrongKey
from imveil.keys.key import Key
from imveil.store import png
from imveil.store.manifest import read_manifest, write_manifest

KEY = Key(bytes(range(32)))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("train/cat/1.png", "train/dog/2.png"):
        place = tmp_path / "photos" / name
        place.parent.mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8)).save(place)
    return tmp_path / "photos"


def test_a_set_is_made_fit_copied_sealed_and_verified(photos: Path, tmp_path: Path) -> None:
    done = owner.encrypt(photos, tmp_path / "c", "negpos/1", KEY, resize="16", crop="16", copies=2, seal=True)
    assert done.images == 4
    assert (tmp_path / "c" / "imveil.sealed").exists()
    assert not owner.verify(tmp_path / "c", KEY).wrong
    with pytest.raises(BadInput, match="sealed: its key was needed"):
        owner.verify(tmp_path / "c")
    with pytest.raises(BadDestination, match="sealed data set already"):
        owner.encrypt(photos, tmp_path / "c", "negpos/1", KEY, seal=True)


def test_one_picture_goes_and_comes_back_as_the_set_was_made(photos: Path, tmp_path: Path) -> None:
    owner.encrypt(photos, tmp_path / "c", "negpos/1", KEY, crop="16")
    one = owner.encrypt(photos / "train" / "cat" / "1.png", tmp_path / "one.png", None, KEY, like=tmp_path / "c")
    assert one.images == 1
    assert png.decode((tmp_path / "one.png").read_bytes())[0].shape == (16, 16, 3)
    back = owner.decrypt(tmp_path / "one.png", tmp_path / "back.png", KEY, of=tmp_path / "c")
    assert back.notes == [f"it is train/cat/1.png of {tmp_path / 'c'}"]
    with pytest.raises(WrongKey):
        owner.encrypt(
            photos / "train" / "cat" / "1.png", tmp_path / "two.png", None, Key(bytes(32)), like=tmp_path / "c"
        )
    assert not (tmp_path / "two.png").exists()


def test_only_some_pictures_come_back(photos: Path, tmp_path: Path) -> None:
    owner.encrypt(photos, tmp_path / "c", "negpos/1", KEY)
    assert owner.decrypt(tmp_path / "c", tmp_path / "p", KEY, classes=["dog"]).images == 1


def test_what_the_owner_should_know_is_in_the_report(photos: Path, tmp_path: Path) -> None:
    done = owner.encrypt(photos, tmp_path / "c", "orthogonal/1", KEY, crop="16")
    assert "cipher images of orthogonal/1 are float32, stored as npz" in done.notes


def test_what_a_set_or_model_names_is_never_opened_as_a_file(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("evil.py").write_text("open('was-run', 'w').close()\n")
    owner.encrypt(photos, "c", "negpos/1", KEY)
    manifest = read_manifest(Path("c"))
    write_manifest(Path("c"), manifest.model_copy(update={"scheme": "evil.py:Scheme"}))
    facts = {"format": "imveil-model", "scheme": "evil.py:Scheme", "fields": {}, "shape": [8, 8, 3], "fingerprint": ""}
    head = json.dumps({"__metadata__": {"imveil": json.dumps({"facts": facts})}}).encode()
    Path("m.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    for like in ("c", "m.safetensors"):
        with pytest.raises(ImveilError, match=r"evil\.py:Scheme"):
            owner.encrypt(photos / "train" / "cat" / "1.png", "one.png", None, KEY, like=like)
    assert not Path("was-run").exists()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"keep_names": True}, "keep_names is for data sets"),
        ({"copies": 3}, "copies is for data sets"),
        ({"quality": 80}, "quality and chroma are of JPEGs"),
        ({"like": "c"}, "either a scheme or a set to be like"),
    ],
)
def test_options_that_do_not_go_together(photos: Path, tmp_path: Path, how: dict, said: str) -> None:
    how = {k: tmp_path / v if k == "like" else v for k, v in how.items()}
    if "like" in how:
        owner.encrypt(photos, tmp_path / "c", "negpos/1", KEY)
    with pytest.raises(BadInput, match=said):
        owner.encrypt(photos / "train" / "cat" / "1.png", tmp_path / "one.png", "negpos/1", KEY, **how)
    with pytest.raises(BadInput, match="pool or ray"):
        owner.encrypt(photos, tmp_path / "d", "negpos/1", KEY, engine="spark")
