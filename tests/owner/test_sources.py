"""Plain sources: folders and .npz files as people have them, each read whole, or refused in one sentence."""

from __future__ import annotations

import io
import os
import pickle
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from imveil.errors import BadDtype, BadImage, BadSource
from imveil.owner.picture import to16
from imveil.owner.sources import Source, open_source
from imveil.owner.sources import npz as npz_module
from imveil.owner.sources._arrays import Rows


def picture(path: Path, value: int = 7, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (3, 2), value if mode == "L" else (value, 0, 0)).save(path)


def folder(root: Path, *paths: str) -> Source:
    for value, path in enumerate(paths):
        picture(root / path, value)
    return open_source(root)


def ids(source: Source) -> list[str]:
    return [item.id(source.classes) for item in source.items]


# Folders.


def test_splits_and_classes(tmp_path: Path) -> None:
    source = folder(
        tmp_path, "test/dog/1.png", "train/cat/b.png", "train/cat/a.png", "val/bird/x.png", "train/dog/c.bmp"
    )
    assert source.classes == ["bird", "cat", "dog"]
    assert ids(source) == ["train/cat/a.png", "train/cat/b.png", "train/dog/c.bmp", "val/bird/x.png", "test/dog/1.png"]
    assert source.splits == {"train": 3, "val": 1, "test": 1}
    assert [source.read(i).pixels[0, 0, 0] for i in range(5)] == [2, 1, 4, 3, 0]
    assert (len(source), source.notes) == (5, [])
    assert repr(source).endswith("3 train, 1 val, 1 test; 3 classes)")


def test_classes_alone_and_pictures_alone(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", "cat/1.png", "cat/deep/er/1.png", "Zebra/1.png", "émeu/1.png")
    assert source.classes == ["Zebra", "cat", "émeu"]  # by the bytes of the names
    assert [item.name for item in source.items] == ["1.png", "1.png", "deep/er/1.png", "1.png"]
    assert source.splits == {"all": 4}
    flat = folder(tmp_path / "b", "2.png", "10.png", "1.png")
    assert (flat.classes, ids(flat), flat.splits) == ([], ["1.png", "10.png", "2.png"], {"all": 3})
    split = folder(tmp_path / "c", "train/1.png", "test/1.png")
    assert (split.classes, ids(split)) == ([], ["train/1.png", "test/1.png"])


def test_splits_by_other_names(tmp_path: Path) -> None:
    source = folder(tmp_path, "Testing/x/1.png", "Training/x/1.png", "validation/x/1.png")
    assert list(source.splits) == ["Training", "validation", "Testing"]


def test_one_folder_called_train_among_classes_is_a_class(tmp_path: Path) -> None:
    source = folder(tmp_path, "train/1.png", "tractor/1.png", "tank/1.png")
    assert source.classes == ["tank", "tractor", "train"]
    assert "train is taken for a class" in source.notes[0]


def test_what_is_passed_over(tmp_path: Path) -> None:
    for name in ("cat/notes.txt", "cat/.hidden.png", ".git/1.png", "cat/._1.png", "__MACOSX/1.png", "cat/@eaDir/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    source = folder(tmp_path, "cat/1.png", "cat/2.JPG")
    assert ids(source) == ["cat/1.png", "cat/2.JPG"]
    assert source.notes == [f"files of {tmp_path} that are no pictures by their names, passed over: 1 .txt"]


def test_links_are_followed_but_not_round_and_round(tmp_path: Path) -> None:
    picture(tmp_path / "elsewhere" / "1.png")
    (tmp_path / "data" / "cat").mkdir(parents=True)
    (tmp_path / "data" / "dog").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "cat" / "up").symlink_to(tmp_path / "data")
    picture(tmp_path / "data" / "cat" / "1.png")
    with pytest.raises(BadSource, match=r"the link 'dog' leads out of .*--follow-links"):
        open_source(tmp_path / "data")
    assert ids(open_source(tmp_path / "data", follow_links=True)) == ["cat/1.png", "dog/1.png"]


def test_names_that_are_no_utf_8(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    try:
        picture(tmp_path / "x" / name)
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    source = open_source(tmp_path)
    assert [item.name for item in source.items] == [name]
    assert source.read(0).pixels.shape == (2, 3, 3)


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ([], "holds no pictures"),
        (["cat/notes.txt"], r"holds no pictures, only other files \(1\), such as cat/notes.txt.*is named itself"),
        (["cat/1.png", "loose.png"], r"has class folders, and 1 pictures outside of them \(loose.png\)"),
        (
            ["train/x/1.png", "test/x/1.png", "extra/1.png"],
            r"has splits \(test, train\) and other folders .* \(extra\)",
        ),
        (["imveil.json", "x/1.png"], "is a cipher data set already"),
    ],
)
def test_folders_that_are_refused(tmp_path: Path, paths: list[str], said: str) -> None:
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    with pytest.raises(BadSource, match=said):
        open_source(tmp_path)


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(BadSource, match="cannot be read: Permission denied"):
        open_source(tmp_path)


def test_pictures_are_read_when_asked_for(tmp_path: Path) -> None:
    source = folder(tmp_path, "cat/1.png", "cat/2.png", "cat/3.png")
    (tmp_path / "cat" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    (tmp_path / "cat" / "3.png").unlink()
    again = pickle.loads(pickle.dumps(source))
    assert again.read(0).pixels.shape == (2, 3, 3)
    with pytest.raises(BadImage, match=r"2\.png: the picture is cut off"):
        again.read(1)
    with pytest.raises(BadImage, match=r"3\.png is there no more"):
        again.read(2)
    with pytest.raises(BadImage, match="has 2x3 pixels, at most 5 are read"):
        open_source(tmp_path, most_pixels=5).read(0)


def test_other_things_than_sources(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(BadSource, match=r"a folder or a \.npz, .* file was needed"):
        open_source(tmp_path / "x.txt")
    with pytest.raises(BadSource, match="is not there; name a folder of pictures"):
        open_source(tmp_path / "none")


# Files of arrays.

RNG = np.random.default_rng(5)
GREY, COLOUR = RNG.integers(0, 256, (5, 4, 3), np.uint8), RNG.integers(0, 256, (5, 4, 3, 3), np.uint8)
DEEP = RNG.integers(0, 65536, (5, 4, 3), np.uint16)
LABELS = np.array([0, 2, 1, 2, 0])


def npz(path: Path, **arrays: Any) -> Source:
    np.savez(path, **arrays)
    return open_source(path)


@pytest.mark.parametrize("labels", [LABELS, LABELS.astype(np.uint8)[:, None]])
@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["train_images", "train_labels", "val_images", "val_labels"], ["train", "val"]),
        (["x_train", "y_train", "x_test", "y_test"], ["train", "test"]),
        (["X_train", "y_train"], ["train"]),
        (["images", "labels"], ["all"]),
        (["x", "y"], ["all"]),
    ],
)  # fmt: skip
def test_the_usual_layouts(tmp_path: Path, names: list[str], splits: list[str], labels: Any) -> None:
    arrays = {name: labels if "label" in name or name.startswith("y") else COLOUR for name in names}
    source = npz(tmp_path / "x.npz", **arrays)
    assert source.splits == dict.fromkeys(splits, 5)
    assert source.classes == ["0", "1", "2"]
    for i in range(5 * len(splits)):
        assert np.array_equal(source.read(i).pixels, COLOUR[i % 5])
        assert source.items[i].label == LABELS[i % 5]
        assert source.items[i].name == f"{i % 5:05d}.png"
    assert np.array_equal(pickle.loads(pickle.dumps(source)).read(2).pixels, COLOUR[2])
    assert np.array_equal(source.read(-1).pixels, COLOUR[4])


def test_grey_deep_compressed_and_without_labels(tmp_path: Path) -> None:
    assert np.array_equal(npz(tmp_path / "g.npz", images=GREY, labels=LABELS).read(1).pixels, GREY[1][:, :, None])
    for dtype in ("<u2", ">u2"):
        deep = npz(tmp_path / "d.npz", images=DEEP.astype(dtype)).read(1)
        assert deep.depth == 16
        assert np.array_equal(to16(deep.pixels)[:, :, 0], DEEP[1])
    bare = npz(tmp_path / "b.npz", images=GREY)
    assert (bare.classes, bare.items[0].label) == ([], None)
    np.savez_compressed(tmp_path / "c.npz", images=COLOUR, labels=LABELS)
    assert np.array_equal(open_source(tmp_path / "c.npz").read(3).pixels, COLOUR[3])
    fortran = npz(tmp_path / "f.npz", images=np.asfortranarray(COLOUR)).read(4).pixels
    assert np.array_equal(fortran, COLOUR[4])
    assert fortran.flags.c_contiguous


def test_many_classes_have_names_of_one_length(tmp_path: Path) -> None:
    assert npz(tmp_path / "x.npz", images=GREY, labels=LABELS * 5).classes[:3] == ["00", "01", "02"]


def test_an_empty_split_is_passed_over(tmp_path: Path) -> None:
    source = npz(tmp_path / "x.npz", x_train=GREY, y_train=LABELS, x_test=GREY[:0], y_test=LABELS[:0])
    assert source.splits == {"train": 5}
    assert "x_test of" in source.notes[0]


@pytest.mark.parametrize(
    ("arrays", "error", "said"),
    [
        ({"images": GREY / 255}, BadDtype, "images of .* holds float64, pictures are uint8; scale and round"),
        ({"images": GREY.astype(np.int16)}, BadDtype, "int16"),
        ({"images": GREY[0]}, BadSource, r"is \(4, 3\)"),
        ({"images": np.zeros((2, 3, 4, 5), np.uint8)}, BadSource, "volumes, or pictures of more than 4 channels"),
        ({"images": np.zeros((2, 0, 4), np.uint8)}, BadSource, r"\(2, 0, 4\)"),
        ({"images": GREY[:0]}, BadSource, "its arrays are empty"),
        ({"images": GREY, "labels": LABELS[:4]}, BadSource, "one label each for 5 pictures"),
        ({"images": GREY, "labels": np.eye(5)}, BadSource, "several labels for each picture"),
        ({"images": GREY, "labels": np.full(5, 0.5)}, BadDtype, "labels are whole numbers"),
        ({"images": GREY, "labels": np.eye(5, dtype=int)}, BadSource, "has several labels for each picture"),
        ({"images": GREY, "labels": LABELS - 2}, BadSource, "has labels from -2 to 0"),
        ({"images": GREY, "labels": LABELS + 10**6}, BadSource, "to 65535 are read"),
        ({"x_train": GREY, "y_train": LABELS, "x_test": GREY}, BadSource, "labels for some splits, but no y_test"),
        ({"weights": GREY}, BadSource, "holds weights, and no arrays of pictures"),
        ({}, BadSource, "holds nothing"),
        ({"images": np.array([{}], object)}, BadDtype, "holds object"),
        ({"images": GREY, "labels": np.array([{}] * 5, object)}, BadDtype, "labels are whole numbers"),
    ],
)  # fmt: skip
def test_arrays_that_are_refused(tmp_path: Path, arrays: dict[str, Any], error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        npz(tmp_path / "x.npz", **arrays)


def test_files_that_are_no_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=GREY, labels=LABELS)
    data = (tmp_path / "x.npz").read_bytes()
    for bad in (b"", b"no zip", data[: len(data) // 2], data[:-1]):
        (tmp_path / "x.npz").write_bytes(bad)
        with pytest.raises(BadSource, match=r"x\.npz is no \.npz file that can be read"):
            open_source(tmp_path / "x.npz")


@pytest.mark.parametrize("shape", ["(5, 3, 2", "(" * 3000, "(5, 3, 2)\\\n("])
def test_headers_of_arrays_that_do_not_end(tmp_path: Path, shape: str) -> None:
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}\n".encode()
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
        file.writestr("images.npy", b"\x93NUMPY\1\0" + len(head).to_bytes(2, "little") + head + bytes(30))
    with pytest.raises(BadSource, match=r"x\.npz is no \.npz file that can be read"):
        open_source(tmp_path / "x.npz")


def test_arrays_in_folders_of_a_file_are_other_arrays(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
        file.writestr("deep/images.npy", b"")
    with pytest.raises(BadSource, match="holds deep/images, and no arrays of pictures"):
        open_source(tmp_path / "x.npz")


def test_a_header_that_claims_memory(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 10**5, 10**5)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
        file.writestr("images.npy", head.getvalue() + bytes(100))
    with pytest.raises(BadSource, match="is cut off"):
        open_source(tmp_path / "x.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_split_is_unpacked_once_and_read_where_it_lies(tmp_path: Path, save: Any) -> None:
    save(tmp_path / "x.npz", x_train=GREY, x_test=COLOUR)
    source = open_source(tmp_path / "x.npz")
    for i in (0, 9, 1, 8, 2):
        source.read(i)
    held = list(source._held.values())  # type: ignore[attr-defined]
    assert [isinstance(rows, Rows) for rows in held] == [save is np.savez] * 2
    assert np.array_equal(source.read(0).pixels[:, :, 0], GREY[0])


def test_a_file_that_changes_under_way(tmp_path: Path) -> None:
    source = npz(tmp_path / "x.npz", images=GREY, labels=LABELS)
    np.savez(tmp_path / "x.npz", images=GREY[:3])
    with pytest.raises(BadImage, match="has changed"):
        source.read(0)
    (tmp_path / "x.npz").write_bytes(b"")
    with pytest.raises(BadImage, match="is broken"):
        source.read(0)


@pytest.mark.needs_data
def test_pneumoniamnist(real_data: Path) -> None:
    if not (real_data / "pneumoniamnist").is_dir():
        pytest.skip("IMVEIL_DATA has no PneumoniaMNIST")
    source = open_source(real_data / "pneumoniamnist" / "pneumoniamnist.npz")
    assert source.splits == {"train": 4708, "val": 524, "test": 624}
    assert [sum(i.label == k and i.split == "train" for i in source.items) for k in (0, 1)] == [1214, 3494]
    assert source.read(0).pixels.shape == (28, 28, 1)


def test_arrays_are_read_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the pictures is kept; packed ones are unpacked once, for workers too, and never under a name."""
    monkeypatch.setattr(npz_module, "_SMALL", 10)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "aside"))
    (tmp_path / "aside").mkdir()
    images = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)
    arrays = {"train_images": images, "train_labels": np.arange(6) % 2, "test_images": images[3:, ..., 0],
              "test_labels": np.arange(3) % 2}  # fmt: skip
    np.savez(tmp_path / "stored.npz", **arrays)
    np.savez_compressed(tmp_path / "packed.npz", **arrays)
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, tmp_path / "s.safetensors")
    for name in ("stored.npz", "packed.npz", "s.safetensors"):
        source = open_source(tmp_path / name)
        again = pickle.loads(pickle.dumps(source))
        for one in (source, again):
            assert [np.array_equal(one.read(i).pixels, images[i]) for i in range(6)] == [True] * 6
            assert np.array_equal(one.read(8).pixels, images[5, ..., :1])
        assert all(isinstance(rows, Rows) for rows in again._held.values())  # type: ignore[attr-defined]
        assert not list((tmp_path / "aside").iterdir())
    (tmp_path / "s.safetensors").write_bytes(b"")
    with pytest.raises(BadImage, match="has become shorter"):
        source.read(0)
