"""Forms of sources in detail: what each refuses in one sentence, what it passes over, and what DICOM pixels become."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forms import IMAGES, dicom, file_of, folder, parquet, table, webdataset, write_dicom
from imveil.errors import BadDtype, BadImage, BadSource, UnknownName
from imveil.owner.picture import to16
from imveil.owner.sources import is_picture, open_source
from variants import pictures

PNG = file_of(IMAGES[0])


def members(path: Path, **parts: bytes) -> Path:
    """A tar of these members, `__` in a name standing for a dot."""
    with tarfile.open(path, "w") as tar:
        for name, data in parts.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def rows(path: Path, columns: dict[str, Any], features: Any = None) -> Path:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    metadata = {"huggingface": json.dumps({"info": {"features": features}})} if features else None
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)
    return path


# Recognising.


def test_forms_by_name(tmp_path: Path) -> None:
    place = table(tmp_path, "csv")
    (place / "labels.csv").rename(place / "list.csv")
    assert open_source(place).classes == []
    assert type(open_source(place / "list.csv")).__name__ == "TableSource"
    assert open_source(place / "list.csv").classes == ["0", "1"]
    with pytest.raises(BadSource, match="one list of pictures was needed"):
        open_source(place, form="table")
    with pytest.raises(UnknownName, match="no form of sources is called 'parqet'; did you mean parquet"):
        open_source(place, form="parqet")
    with pytest.raises(BadSource, match=r"one \.npz file was needed"):
        open_source(place, form="npz")
    assert is_picture(place / "00000.png")
    assert not is_picture(place / "list.csv")


def test_folders_of_several_forms(tmp_path: Path) -> None:
    members(tmp_path / "x.tar", a__png=PNG)
    (tmp_path / "x.parquet").write_bytes(b"")
    with pytest.raises(BadSource, match="files of several forms: parquet, webdataset; name one with --from"):
        open_source(tmp_path)
    assert len(open_source(tmp_path, form="webdataset")) == 1


def test_a_cipher_data_set_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "imveil.json").write_text("{}")
    members(tmp_path / "x.tar", a__png=PNG)
    for form in (None, "webdataset"):
        with pytest.raises(BadSource, match="is a cipher data set already"):
            open_source(tmp_path, form=form)


# Lists.


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.csv", "", "lists no pictures"),
        ("x.csv", "file_name,label\n", "lists no pictures"),
        ("x.csv", "a,b\n1,2\n", "has the columns a, b, and none of files"),
        ("x.csv", "file,label\n1.png\n", "more or fewer values than columns in line 2"),
        ("x.csv", "file,label\n1.png,a,b\n", "more or fewer values than columns in line 2"),
        ("x.csv", "file,label\n../1.png,a\n", "names no file in its folder in line 2"),
        ("x.csv", "file,label\n/etc/1.png,a\n", "names no file in its folder in line 2"),
        ("x.csv", "file\nd\xe9j\xe0.png", "in UTF-8"),
        ("x.jsonl", '{"file": "1.png"}\n[]\n', "no object in line 2"),
        ("x.jsonl", "{", "no list in UTF-8 that can be read"),
        ("x.jsonl", '{"file": 1}\n', "names no file in its folder in line 1"),
        ("x.jsonl", '{"file": "1.png", "label": [1]}\n', "row 0 of .* has several labels, .1."),
        ("x.jsonl", '{"file": "1.png", "label": 0.5}\n', "label of row 0 of .* is 0.5; a word or whole number"),
    ],
)
def test_lists_that_are_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(BadSource, match=said):
        open_source(tmp_path / name)


def test_what_a_list_says(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(PNG)
    text = "\n".join(["path,class,split,age", "a/1.png,dog,val,7", "gone.png,Cat,train,8"])
    (tmp_path / "list.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    source = open_source(tmp_path / "list.csv")
    assert [item.id(source.classes) for item in source.items] == ["train/Cat/gone.png", "val/dog/a/1.png"]
    assert source.notes == [f"columns of {tmp_path / 'list.csv'} that are passed over: age"]
    assert np.array_equal(source.read(1).pixels, IMAGES[0])
    with pytest.raises(BadImage, match=r"gone\.png is not there"):
        source.read(0)
    (tmp_path / "n.jsonl").write_text("\n".join(f'{{"file": "{i}.png", "label": {i}}}' for i in (10, 9, 2)))
    assert open_source(tmp_path / "n.jsonl").classes == ["2", "9", "10"]


# Parquet.


def test_columns_of_parquet(tmp_path: Path) -> None:
    images = [{"bytes": PNG, "path": "x/same.png"}, {"bytes": PNG, "path": "y/same.png"}]
    source = open_source(
        rows(
            tmp_path / "a.parquet",
            {"img": images, "fine_label": [1, 1], "n": [0, 0]},
            {"img": {"_type": "Image"}, "fine_label": {"names": ["a", "b"], "_type": "ClassLabel"}},
        )
    )
    assert (source.classes, [item.name for item in source.items]) == (["a", "b"], ["000000.png", "000001.png"])
    assert source.notes == [f"columns of {tmp_path / 'a.parquet'} that are passed over: n"]
    plain = open_source(rows(tmp_path / "b.parquet", {"data": [PNG, PNG], "label": ["dog", "cat"]}))
    assert (plain.classes, plain.items[0].label) == (["cat", "dog"], 1)
    assert np.array_equal(plain.read(1).pixels, IMAGES[0])
    apart = open_source(rows(tmp_path / "c.parquet", {"image": [{"bytes": None, "path": "z.png"}] * 2, "x": [1, 2]}))
    with pytest.raises(BadImage, match=r"holds no picture, only a name of one; embed"):
        apart.read(0)
    broken = open_source(rows(tmp_path / "d.parquet", {"image": [b"none", PNG[:40]]}))
    for i, said in enumerate(("d.parquet: 000000.png: this is no picture", "000001.png: the picture is cut off")):
        with pytest.raises(BadImage, match=said):
            broken.read(i)


def test_parquet_that_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and more")
    with pytest.raises(BadSource, match="is no Parquet file that can be read"):
        open_source(tmp_path / "x.parquet")
    with pytest.raises(BadSource, match=r"has the columns n \(int64\), and none of pictures"):
        open_source(rows(tmp_path / "n.parquet", {"n": [1]}))
    features = {"image": {"_type": "Image"}, "label": {"names": ["a"], "_type": "ClassLabel"}}
    with pytest.raises(BadSource, match=r"row 1 of .* has label 1, its classes are 0\.\.0"):
        open_source(rows(tmp_path / "l.parquet", {"image": [PNG, PNG], "label": [0, 1]}, features))
    place = parquet(tmp_path)
    rows(place / "more.parquet", {"image": [PNG]})
    with pytest.raises(BadSource, match=r"some files of .* name a split .* more\.parquet does not"):
        open_source(place)
    (place / "more.parquet").rename(place / "val.parquet")
    with pytest.raises(BadSource, match="other columns or classes than the files before"):
        open_source(place)


def test_groups_of_rows_are_read_again_where_memory_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    from imveil.owner.sources import parquet as module

    source = open_source(parquet(tmp_path))
    monkeypatch.setattr(module, "_CACHE", 1)
    for i in (0, 7, 3, 0, 5):
        assert source.read(i).pixels.shape == (9, 6, 3)
        assert len(source._kept) == 1  # type: ignore[attr-defined]


# WebDataset.


def test_members_of_tars(tmp_path: Path) -> None:
    array = io.BytesIO()
    np.save(array, np.arange(6, dtype=np.uint16).reshape(2, 3))
    path = members(
        tmp_path / "x.tar", a__jpg__png=PNG, a__json=b'{"label": "dog"}', b__npy=array.getvalue(), b__txt=b"x",
        b__json=b'{"label": "cat"}', sub__=b"",
    )  # fmt: skip
    source = open_source(path)
    assert [item.id(source.classes) for item in source.items] == ["dog/a.jpg.png", "cat/b.npy"]
    assert source.notes == [f"members of {path} that are no pictures or labels, passed over: 2"]
    assert to16(source.read(1).pixels)[:, :, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert np.array_equal(source.read(0).pixels, IMAGES[0])


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"a__txt": b""}, "holds no pictures, only 1 other members"),
        ({"a__png": PNG, "a__json": b"[" * 100_000}, "no tar that can be read"),
    ],
)
def test_tars_that_are_refused(tmp_path: Path, parts: dict[str, bytes], said: str) -> None:
    with pytest.raises(BadSource, match=said):
        open_source(members(tmp_path / "x.tar", **parts))


def test_tars_that_are_broken(tmp_path: Path) -> None:
    path = webdataset(tmp_path) / "train-000.tar"
    whole = path.read_bytes()
    for bad in (b"", b"no tar" * 200, whole[:700]):
        (tmp_path / "x.tar").write_bytes(bad)
        with pytest.raises(BadSource, match=r"is no tar that can be read|holds no pictures"):
            open_source(tmp_path / "x.tar")
    with tarfile.open(tmp_path / "z.tar", "w:gz") as tar:
        tar.add(path, "a.png")
    with pytest.raises(BadSource, match="compressed tars are to be unpacked first"):
        open_source(tmp_path / "z.tar")
    source = open_source(path)
    path.write_bytes(whole[:600])
    with pytest.raises(BadImage, match="the tar has become shorter"):
        source.read(5)
    path.unlink()
    with pytest.raises(BadImage, match="it cannot be read: No such file"):
        source.read(0)


def test_safetensors_that_are_refused(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    (tmp_path / "x.safetensors").write_bytes(b"none")
    with pytest.raises(BadSource, match="is no safetensors file that can be read"):
        open_source(tmp_path / "x.safetensors")
    library.save_file({"images": np.zeros((2, 3, 4), np.float32)}, tmp_path / "x.safetensors")
    with pytest.raises(BadDtype, match="holds float32, pictures are uint8; scale and round"):
        open_source(tmp_path / "x.safetensors")


# DICOM.


@pytest.fixture(scope="module")
def pydicom() -> Any:
    return pytest.importorskip("pydicom")


@pytest.mark.usefixtures("pydicom")
def test_stored_samples_of_dicom(tmp_path: Path) -> None:
    for name, dtype in (("a.dcm", np.uint8), ("b.dcm", np.uint16), ("c.dcm", np.int16)):
        samples = pictures(name, (5, 4, 2 if dtype != np.uint8 else 1)).view(dtype)[:, :, :1]
        write_dicom(tmp_path / name, samples, RescaleSlope="2", RescaleIntercept="-1024")
        picture = open_source(tmp_path).read(["a.dcm", "b.dcm", "c.dcm"].index(name))
        if dtype == np.uint8:
            assert (picture.depth, picture.pixels.tolist()) == (8, samples.tolist())
        else:
            assert picture.depth == 16
            want = samples.astype(np.int32) + 32768 * (dtype == np.int16)
            assert np.array_equal(to16(picture.pixels), want)


@pytest.mark.usefixtures("pydicom")
def test_windows_of_dicom(tmp_path: Path) -> None:
    samples = np.array([[[0], [1000], [1024], [1064], [2000]]], np.uint16)

    def shown(**facts: Any) -> list[int]:
        write_dicom(tmp_path / "x.dcm", samples, **facts)
        picture = open_source(tmp_path, form="dicom-window").read(0)
        assert picture.depth == 8
        return [int(v) for v in picture.pixels.ravel()]

    rescaled = {"RescaleSlope": "1", "RescaleIntercept": "-1024"}
    # PS3.3 C.11.2.1.2.1: ((x - (c - 0.5)) / (w - 1) + 0.5) of the range, here with c = 40, w = 81.
    assert shown(**rescaled, WindowCenter="40", WindowWidth="81") == [0, 0, 2, 129, 255]
    exact = {"VOILUTFunction": "LINEAR_EXACT", "WindowCenter": ["40", "0"], "WindowWidth": ["80", "1"]}
    assert shown(**rescaled, **exact) == [0, 0, 0, 128, 255]
    sigmoid = {"VOILUTFunction": "SIGMOID", "WindowCenter": "1064", "WindowWidth": "80"}
    assert shown(**sigmoid)[3] == 128
    assert shown() == [0, 128, 131, 136, 255]
    assert shown(PhotometricInterpretation="MONOCHROME1") == [255, 128, 124, 119, 0]


@pytest.mark.usefixtures("pydicom")
def test_dicom_that_is_refused(tmp_path: Path) -> None:
    image = np.zeros((4, 4, 1), np.uint8)
    write_dicom(tmp_path / "1.dcm", image, NumberOfFrames=3)
    write_dicom(tmp_path / "2.dcm", image, BitsAllocated=32, BitsStored=32)
    write_dicom(tmp_path / "3.dcm", image)
    (tmp_path / "3.dcm").write_bytes((tmp_path / "3.dcm").read_bytes()[:-8])
    (tmp_path / "4.dcm").write_bytes(b"none")
    write_dicom(tmp_path / "1.2.840.5", image)
    write_dicom(tmp_path / "IM0001", image)
    (tmp_path / "readme").write_text("x")
    source = open_source(tmp_path)
    assert [item.name for item in source.items] == ["1.2.840.5", "1.dcm", "2.dcm", "3.dcm", "4.dcm", "IM0001"]
    assert source.read(0).pixels.shape == source.read(5).pixels.shape == (4, 4, 1)
    for i, said in (
        (1, "has 3 frames; save"),
        (2, "cannot be read"),
        (3, "cannot be read"),
        (4, "no DICM at byte 128"),
    ):
        with pytest.raises(BadImage, match=rf"{i}\.dcm: .*{said}"):
            source.read(i)
    with pytest.raises(BadImage, match="at most 3 are read"):
        open_source(tmp_path, most_pixels=3).read(0)
    with pytest.raises(BadSource, match="DICOM files end with"):
        open_source(folder(tmp_path / "other"), form="dicom")
    assert len(open_source(dicom(tmp_path / "more"))) == 8
