"""Pictures and labels that were lost in silence: kept now, or named, with what is right for each."""

from __future__ import annotations

import io
import json
import os
import struct
import tarfile
import unicodedata
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.helpers.arrow import counted

import imveil
from imveil import EncryptColumn, EncryptSample, Key
from imveil.errors import BadDtype, BadImage, BadInput, BadShape, BadSource
from imveil.owner.decryption import RENAMED, decrypt_set
from imveil.owner.encryption import encrypt_file, encrypt_set
from imveil.owner.estimation import estimate
from imveil.owner.picture import read_picture, to16
from imveil.owner.shards.fitting import Holds, fitted
from imveil.owner.sources import is_picture, open_source
from imveil.owner.sources._likeness import Likeness
from imveil.owner.sources.prepared import Preparation, Prepared
from imveil.store import png
from imveil.store.manifest import read_manifest
from made_source import Made, made

KEY = Key(bytes(range(32)))
RNG = np.random.default_rng(0)


def encoded(*shape: int, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, shape or (4, 5, 3), np.uint8)).save(out, kind)
    return out.getvalue()


PNG = encoded()


def put(root: Path, *names: str, data: bytes = PNG) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def tar(path: Path, *names: str, data: bytes = PNG) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as file:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return path


def test_names_that_a_folder_cannot_hold(tmp_path: Path) -> None:
    names = ["x" * 300 + ".jpg", "x" * 300 + ".png", "é" * 200 + ".png", "plain.png", "y" * 290 + "/z.png"]
    source = made(len(names), splits=False, classes=False)
    source = Made([type(item)(None, None, name) for item, name in
                   zip(source.items, names, strict=True)], [])  # fmt: skip
    encrypt_set(source, tmp_path / "c", imveil.find("negpos/1"), KEY)
    report = decrypt_set(tmp_path / "c", tmp_path / "p", KEY)
    assert (report.images, report.rejected) == (5, [])
    assert "4 names cannot be held there" in report.notes[0]
    lines = [json.loads(line) for line in (tmp_path / "p" / RENAMED).read_text().splitlines()]
    assert [line["name"] for line in lines] == [names[0], names[1], names[2], names[4]]
    assert all((tmp_path / "p" / line["file"]).is_file() for line in lines)
    assert decrypt_set(tmp_path / "c", tmp_path / "p", KEY).already
    with pytest.raises(BadSource, match="longer than a file's name may be"):
        encrypt_set(source, tmp_path / "k", imveil.find("negpos/1"), KEY, keep_names=True)


def test_names_that_a_folder_takes_for_one() -> None:
    paths = ["a/Cat.png", "a/cat.png", "b/\u00e9.png", "b/e\u0301.png", "con.png", "c"]
    assert fitted(paths, Holds()) == {}
    assert set(fitted(paths, Holds(cases=False))) == {0, 1}
    assert set(fitted(paths, Holds(forms=False))) == {2, 3}
    assert set(fitted(paths, Holds(reserved=True))) == {4}
    for holds in (Holds(cases=False), Holds(forms=False), Holds(longest=40), Holds(path=64)):
        new = [fitted(paths, holds).get(i, path) for i, path in enumerate(paths)]
        assert len({holds.folded(path) for path in new}) == len(paths)
        assert all(map(holds.fits, new))


def tiff(samples: Any, **tags: int) -> bytes:
    """A TIFF of one strip: (h, w, c)."""
    h, w, c = samples.shape
    bits = 8 * samples.itemsize
    known = {256: w, 257: h, 258: bits, 259: 1, 262: 1, 273: 8, 277: c, 278: h, 279: samples.nbytes, 284: 1}
    known |= {int(name[1:]): value for name, value in tags.items()}
    body, more = samples.tobytes(), b""
    entries = b""
    at = 8 + len(body)
    tail = at + 2 + 12 * len(known) + 4
    for tag, value in sorted(known.items()):
        count = c if tag == 258 else max(1, c - 3 if known[262] == 2 else c - 1) if tag == 338 else 1
        packed = struct.pack(f"<{count}H", *[value] * count) if tag in (258, 338) else struct.pack("<I", value)
        if len(packed) > 4:
            entries += struct.pack("<HHII", tag, 3, count, tail + len(more))
            more += packed + bytes(len(packed) % 2)
        else:
            entries += struct.pack("<HHI", tag, 3 if tag in (258, 338) else 4, count) + packed.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<I", at) + body + struct.pack("<H", len(known)) + entries + bytes(4) + more


@pytest.mark.parametrize(
    ("channels", "tags", "said"),
    [
        (5, {"t262": 2, "t338": 0}, "has 5 samples a pixel"),
        (13, {"t262": 1, "t338": 0}, "has 13 samples a pixel"),
        (4, {"t262": 2, "t338": 0}, "has 4 samples a pixel, of which 3 would be kept"),
        (2, {"t262": 1, "t338": 0}, "has 2 samples a pixel, of which 1 would be kept"),
        (5, {"t262": 5}, "samples a pixel"),
        (4, {"t262": 5, "t332": 2}, "other inks"),
    ],
)
def test_samples_that_would_be_dropped(channels: int, tags: dict[str, int], said: str) -> None:
    data = tiff(RNG.integers(0, 256, (6, 7, channels), np.uint8), **tags)
    with pytest.raises(BadImage, match=said):
        read_picture(data)


def test_samples_that_are_kept() -> None:
    wide = RNG.integers(0, 65536, (6, 7, 1)).astype(np.uint16)
    for zero, want in ((1, wide), (0, 65535 - wide)):
        found = read_picture(tiff(wide, t262=zero))
        assert np.array_equal(to16(found.pixels), want)
    grey = RNG.integers(0, 256, (6, 7, 1), np.uint8)
    assert np.array_equal(read_picture(tiff(grey, t262=0)).pixels, 255 - grey)
    colours = RNG.integers(0, 256, (6, 7, 4), np.uint8)
    assert np.array_equal(read_picture(tiff(colours, t262=2, t338=2)).pixels, colours)


def test_two_pictures_of_one_sample() -> None:
    both = {"__key__": "a", "jpg": encoded(4, 4, 3, kind="JPEG"), "png": encoded(4, 4), "mask.png": PNG, "cls": b"1"}
    found = EncryptSample("negpos/1", KEY)(both)
    assert list(found) == ["__key__", "jpg.png", "png", "mask.png", "cls"]
    assert png.decode(found["jpg.png"])[0].shape == (4, 4, 3)
    assert png.decode(found["png"])[0].shape == (4, 4, 1)
    with pytest.raises(BadImage, match="jpg of sample 'a': the picture is broken"):
        EncryptSample("negpos/1", KEY)({"__key__": "a", "jpg": both["jpg"][:300]})


def test_rows_without_and_with_several_pictures() -> None:
    each = EncryptColumn("negpos/1", KEY, ids="id", per_image=True)
    rows = each({"image": [PNG, None, [PNG, PNG]], "id": ["a", "b", "c"]})["image"]
    assert rows[1] is None
    names = [rows[0], *rows[2]]
    alone = [each({"image": PNG, "id": id})["image"] for id in ("a", "c/0", "c/1")]
    assert [one["bytes"] for one in names] == [one["bytes"] for one in alone]
    with pytest.raises(BadImage, match=r"b\.jpg: the picture is cut off"):
        each({"image": [{"bytes": PNG[:50], "path": "b.jpg"}], "id": ["b"]})
    torch = pytest.importorskip("torch")
    with pytest.raises(BadDtype, match=r"image of row b: .*with_format"):
        each({"image": [torch.zeros(3, 4, 4)], "id": ["b"]})
    with pytest.raises(BadShape, match="put the channels last"):
        each({"image": [np.zeros((3, 24, 24), np.uint8)], "id": ["b"]})


def test_lists_in_splits(tmp_path: Path) -> None:
    for split in ("test", "train"):
        put(tmp_path / split, "0.png", "1.png")
        (tmp_path / split / "metadata.csv").write_text("file_name,label\n0.png,cat\n1.png,dog\n")
    source = open_source(tmp_path)
    assert (source.classes, source.splits) == (["cat", "dog"], {"train": 2, "test": 2})
    assert source.read(3).pixels.shape == (4, 5, 3)
    (tmp_path / "test").rename(tmp_path / "more")
    with pytest.raises(BadSource, match="lists of pictures lie in more, train"):
        open_source(tmp_path)


def test_labels_in_paths(tmp_path: Path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for split, label in (("train", "cat"), ("train", "dog"), ("test", "cat")):
        folder = tmp_path / "p" / f"split={split}" / f"label={label}"
        folder.mkdir(parents=True)
        parquet.write_table(pa.table({"image": [{"bytes": PNG, "path": None}]}), folder / "0.parquet")
    source = open_source(tmp_path / "p")
    assert (source.classes, source.splits) == (["cat", "dog"], {"train": 2, "test": 1})
    source = open_source(tar(tmp_path / "a.tar", "data/train/cat/0.png", "data/train/dog/0.png", "data/test/cat/1.png"))
    assert (source.classes, source.splits) == (["cat", "dog"], {"train": 2, "test": 1})
    assert {item.name for item in source.items} == {"0.png", "1.png"}


def test_no_classes_are_said_aloud(tmp_path: Path) -> None:
    assert "0 classes: no labels were found" in open_source(put(tmp_path, "a.png")).notes[-1]


def test_links_that_lead_nowhere_or_out(tmp_path: Path) -> None:
    put(tmp_path / "in", "cat/0.png", "dog/0.png")
    (tmp_path / "in" / "dog" / "1.png").symlink_to("gone.png")
    (tmp_path / "in" / "emu").symlink_to("nowhere")
    source = open_source(tmp_path / "in")
    assert len(source.left_out) == 2
    report = encrypt_set(source, tmp_path / "c", imveil.find("negpos/1"), KEY)
    assert (report.images, len(report.wrong)) == (2, 2)
    put(tmp_path / "out", "0.png")
    (tmp_path / "in" / "gnu").symlink_to(tmp_path / "out")
    with pytest.raises(BadSource, match="leads out of"):
        open_source(tmp_path / "in")
    assert open_source(tmp_path / "in", follow_links=True).classes == ["cat", "dog", "gnu"]


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    """A link to itself, a FIFO, a link to one, a device: none takes the pictures along, none is passed over."""
    root = put(tmp_path / "in", "cat/0.png")
    put(root, "cat/text.png", data=b"../../.git/annex/objects/x.png")
    (root / "cat" / "loop.png").symlink_to("loop.png")
    (root / "folder").symlink_to("folder")
    os.mkfifo(root / "cat" / "fifo.png")
    (root / "cat" / "to-fifo.png").symlink_to("fifo.png")
    (root / "cat" / "null.png").symlink_to("/dev/null")
    source = open_source(root, follow_links=True)
    said = "\n".join(source.left_out)
    for name in (
        "loop.png is a link",
        "folder is a link",
        "/fifo.png is a FIFO",
        "to-fifo.png is a",
        "null.png is a d",
    ):
        assert name in said
    assert len(source.left_out) == 5
    assert estimate(source, imveil.find("negpos/1"), workers=1).left_out == source.left_out
    report = encrypt_set(source, tmp_path / "c", imveil.find("negpos/1"), KEY)
    assert (report.images, len(report.wrong)) == (1, 5)
    assert "a link that was written as text" in report.rejected[0].reason


def test_pictures_that_a_list_does_not_name_are_told(tmp_path: Path) -> None:
    root = put(tmp_path / "in", "a.png", "b.png", "c/d.PNG", ".hidden.png", "notes.txt")
    (root / "metadata.csv").write_text("file_name,label\na.png,cat\n")
    assert ["does not name, passed over: 2, such as b.png" in note for note in open_source(root).notes] == [True]
    (root / "metadata.csv").write_text("file_name,label\na.png,cat\nb.png,cat\nc/d.PNG,dog\n")
    assert open_source(root).notes == []


@pytest.mark.parametrize("form", ["parquet", "tar", "dcm"])
def test_linked_folders_of_shards(tmp_path: Path, form: str) -> None:
    if form == "tar":
        tar(tmp_path / "store" / "train-0.tar", "0.png", "1.png")
    elif form == "parquet":
        pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        (tmp_path / "store").mkdir()
        parquet.write_table(pa.table({"image": [PNG, PNG]}), tmp_path / "store" / "train-0.parquet")
    else:
        pytest.importorskip("pydicom")
        put(tmp_path / "store", "a.dcm", "b.dcm")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "data").symlink_to(tmp_path / "store")
    with pytest.raises(BadSource, match="--follow-links"):
        open_source(tmp_path / "in")
    assert len(open_source(tmp_path / "in", follow_links=True)) == 2


def test_links_and_hidden_members_of_tars(tmp_path: Path) -> None:
    with tarfile.open(tar(tmp_path / "s" / "a.tar", "0.png"), "a") as file:
        for name, kind in (("1.png", tarfile.LNKTYPE), ("2.png", tarfile.SYMTYPE), ("._3.png", tarfile.REGTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "0.png"
            file.addfile(member)
    tar(tmp_path / "s" / "._a.tar", "9.png")
    source = open_source(tmp_path / "s")
    assert [item.name for item in source.items] == ["0.png"]
    assert len(source.left_out) == 2


def test_keys_that_begin_anew_in_each_tar(tmp_path: Path) -> None:
    for name in ("a", "b"):
        tar(tmp_path / f"{name}.tar", "0.png", "1.png")
    assert [item.name for item in open_source(tmp_path).items] == ["a/0.png", "a/1.png", "b/0.png", "b/1.png"]


def test_labels_that_are_none(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (4, 5, 6), np.uint8)
    np.savez(
        tmp_path / "x.npz", train_images=images, train_labels=[0, 1, 0, 1], test_images=images, test_labels=[-1] * 4
    )
    source = open_source(tmp_path / "x.npz")
    assert [item.label for item in source.items] == [0, 1, 0, 1, None, None, None, None]
    encrypt_set(source, tmp_path / "c", imveil.find("negpos/1"), KEY)
    from imveil.store.sets import open_set

    assert set(open_set(tmp_path / "c").load("test").labels) == {-1}
    assert decrypt_set(tmp_path / "c", tmp_path / "p", KEY).images == 8
    chosen = open_source(tmp_path / "x.npz", splits=["train"])
    assert chosen.splits == {"train": 4}
    with pytest.raises(BadSource, match="no split 'val'"):
        open_source(tmp_path / "x.npz", splits=["val"])


def test_numbers_as_tables_with_gaps_write_them(tmp_path: Path) -> None:
    put(tmp_path / "g", *(f"{i}.png" for i in range(6)))
    values = ("1.0", "nan", "", "0", "<NA>", "1")
    lines = "\n".join(f"{i}.png,{value}" for i, value in enumerate(values))
    (tmp_path / "g" / "labels.csv").write_text(f"file,label\n{lines}\n")
    source = open_source(tmp_path / "g")
    assert source.classes == ["0", "1"]
    assert [item.label for item in source.items] == [1, None, None, 0, None, 1]
    pictures = RNG.integers(0, 256, (3, 4, 5, 3), np.uint8)
    np.savez(tmp_path / "x.npz", images=pictures, labels=np.array([[1.0], [np.nan], [0.0]]))
    assert [item.label for item in open_source(tmp_path / "x.npz").items] == [1, None, 0]
    np.savez(tmp_path / "y.npz", images=pictures, labels=np.array([1.5, 0, 0]))
    with pytest.raises(BadDtype, match="labels are whole numbers"):
        open_source(tmp_path / "y.npz")
    put(tmp_path / "w", "a.png", "b.png")
    (tmp_path / "w" / "labels.csv").write_text("file,label\na.png,1.0\nb.png,cat\n")
    assert open_source(tmp_path / "w").classes == ["1.0", "cat"]


def test_splits_and_lists_in_parquet(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (tmp_path / "s").mkdir()
    rows = {"image": [PNG] * 4, "label": [0.0, 1.0, None, 1.0], "split": ["train", "test", "train", "val"]}
    pq.write_table(pa.table(rows), tmp_path / "s" / "x.parquet")
    source = open_source(tmp_path / "s")
    assert [(item.split, item.label) for item in source.items] == [
        ("train", 0), ("test", 1), ("train", None), ("val", 1)
    ]  # fmt: skip
    encrypt_set(source, tmp_path / "c", imveil.find("negpos/1"), KEY)
    assert decrypt_set(tmp_path / "c", tmp_path / "p", KEY).images == 4
    assert len(list((tmp_path / "p" / "train").rglob("*.png"))) == 2
    for split in ("train", "test"):
        put(tmp_path / "m" / split, "0.png", "1.png")
        listed = {"file_name": ["0.png", "1.png"], "label": ["cat", "dog"]}
        pq.write_table(pa.table(listed), tmp_path / "m" / split / "metadata.parquet")
    source = open_source(tmp_path / "m")
    assert source.classes == ["cat", "dog"]
    assert [item.split for item in source.items] == ["train"] * 2 + ["test"] * 2
    assert open_source(tmp_path / "m" / "train" / "metadata.parquet").classes == ["cat", "dog"]
    (tmp_path / "m" / "train" / "metadata.csv").write_text("file_name,label\n0.png,emu\n1.png,emu\n")
    assert open_source(tmp_path / "m").classes == ["cat", "dog", "emu"]
    (tmp_path / "m" / "train" / "metadata.csv").unlink()
    (tmp_path / "m" / "train" / "metadata.parquet").write_bytes(b"PAR1, cut off")
    with pytest.raises(BadSource, match=r"metadata\.parquet is no Parquet file that can be read"):
        open_source(tmp_path / "m")
    pq.write_table(pa.table({"about": ["nothing of files"]}), tmp_path / "s" / "metadata.parquet")
    with pytest.raises(BadSource, match=r"metadata\.parquet has the columns about"):
        open_source(tmp_path / "s")  # it is a table like the others there
    (tmp_path / "s" / "metadata.parquet").unlink()
    for odd in (["train", None, "x", "y"], ["a/b", "c", "d", "e"], [0, 1, 0, 1], [[1], [2], [3], [4]]):
        pq.write_table(pa.table(rows | {"split": odd}), tmp_path / "s" / "x.parquet")
        source = open_source(tmp_path / "s")
        assert {item.split for item in source.items} == {None}
        assert any("split" in note for note in source.notes)
    (tmp_path / "h" / "label=cat%20x").mkdir(parents=True)
    (tmp_path / "h" / "label=__HIVE_DEFAULT_PARTITION__").mkdir()
    for folder in (tmp_path / "h").iterdir():
        pq.write_table(pa.table({"image": [PNG]}), folder / "x.parquet")
    source = open_source(tmp_path / "h")
    assert source.classes == ["cat x"]
    assert sorted(item.label is None for item in source.items) == [False, True]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x.zip", "archive; unpack it first"),
        ("x.tar.gz", "archive"),
        ("x.h5", r"arrays; write .* \.npz"),
        ("x.arrow", "to_parquet"),
    ],
)
def test_files_of_many_in_other_forms_are_named(tmp_path: Path, name: str, said: str) -> None:
    put(tmp_path / "in", name, data=b"no picture")
    with pytest.raises(BadSource, match=said):
        open_source(tmp_path / "in" / name)
    with pytest.raises(BadSource, match=f"holds no pictures.*{name} is"):
        open_source(tmp_path / "in")
    assert not is_picture(tmp_path / "in" / name)


def test_classes_in_both_unicode_forms(tmp_path: Path) -> None:
    one, other = unicodedata.normalize("NFC", "Käse"), unicodedata.normalize("NFD", "Käse")
    put(tmp_path, f"train/{one}/0.png", f"test/{other}/1.png")
    source = open_source(tmp_path)
    assert source.classes == [one]
    assert [source.read(i).pixels.shape for i in range(2)] == [(4, 5, 3)] * 2
    assert "NFC" in source.notes[0]


def test_kinds_that_are_read_and_that_are_not(tmp_path: Path) -> None:
    grey = RNG.integers(0, 256, (3, 5, 1), np.uint8)
    wide = RNG.integers(0, 65536, (3, 5, 3)).astype(np.uint16)
    put(tmp_path, "a.pgm", data=b"P5\n# made\n5 3\n255\n" + grey.tobytes())
    put(tmp_path, "b.ppm", data=b"P6 5 3 65535 " + wide.astype(">u2").tobytes())
    put(tmp_path, "c.pgm", data=b"P2 2 1 255\n7 9\n")
    put(tmp_path, "d.pgm", data=b"P5 5 3 4095 " + bytes(30))
    put(tmp_path, "e.heic", data=b"\0\0\0\x18ftypheic" + bytes(20))
    put(tmp_path, "f.jpg", data=b"\0\0\0\x18ftypmif1" + bytes(20))
    put(tmp_path, "g.jp2", data=b"\0\0\0\x0cjP  \r\n\x87\n")
    put(tmp_path, "h.dng")
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "i.avif")
    Image.fromarray(np.full((8, 6, 3), 7, np.uint8)).save(tmp_path / "j.dib", "DIB")
    put(tmp_path, "k.apng")
    source = open_source(tmp_path)
    assert np.array_equal(source.read(0).pixels, grey)
    assert np.array_equal(to16(source.read(1).pixels), wide)
    assert source.read(2).pixels.ravel().tolist() == [7, 9]
    assert source.read(8).pixels.shape == (8, 8, 3)
    assert (source.read(9).pixels == np.full((8, 6, 3), 7)).all()
    assert source.read(10).pixels.shape == (4, 5, 3)
    for i, said in (
        (3, "go up to 4095"),
        (4, "this is HEIC"),
        (5, "this is HEIC"),
        (6, "JPEG 2000"),
        (7, "raw pictures"),
    ):
        with pytest.raises(BadImage, match=said):
            source.read(i)


def test_large_profiles_and_texts_are_dropped() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    at = PNG.index(b"IDAT") - 4
    packed = zlib.compress(bytes(80_000_000), 9)
    for more in (
        chunk(b"iCCP", b"a\0\0" + packed),
        chunk(b"zTXt", b"a\0\0" + packed),
        chunk(b"iTXt", b"a\0\1\0\0\0" + packed),
    ):
        assert np.array_equal(read_picture(PNG[:at] + more + PNG[at:]).pixels, read_picture(PNG).pixels)


def test_pictures_that_would_become_large() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    deflate, row = zlib.compressobj(9), bytes(1 + 4 * 16384)
    packed = b"".join(deflate.compress(row) for _ in range(16384)) + deflate.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 16384, 16384, 8, 6, 0, 0, 0))
    with pytest.raises(BadImage, match="would become"):
        read_picture(PNG[:8] + head + chunk(b"IDAT", packed) + chunk(b"IEND", b""))


def test_deflated_dicom_that_would_become_large(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    from imveil.owner.sources.dicom import read_dicom

    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = pydicom.uid.SecondaryCaptureImageStorage, "1.2.3"
    meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    file = pydicom.Dataset()
    file.file_meta, file.SOPClassUID, file.SOPInstanceUID = meta, meta.MediaStorageSOPClassUID, "1.2.3"
    file.Rows = file.Columns = 8
    file.SamplesPerPixel, file.PhotometricInterpretation, file.PixelRepresentation = 1, "MONOCHROME2", 0
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelData = 8, 8, 7, bytes(64)
    file.save_as(tmp_path / "good.dcm", enforce_file_format=True)
    assert read_dicom(tmp_path / "good.dcm").pixels.shape == (8, 8, 1)
    file.add_new((0x7FE1, 0x1010), "OB", bytes(200_000_000))
    file.save_as(tmp_path / "bad.dcm", enforce_file_format=True)
    with pytest.raises(BadImage, match="would become"):
        read_dicom(tmp_path / "bad.dcm")


def test_columns_of_parquet(tmp_path: Path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")

    def table(**columns: Any) -> Path:
        parquet.write_table(pa.table(columns), tmp_path / "x.parquet")
        return tmp_path / "x.parquet"

    two = table(uuid=[b"0123", b"4567"], image=[PNG, None], thumb=[PNG, PNG], label=[True, False])
    source = open_source(two)
    assert (source.classes, source.read(0).pixels.shape) == (["False", "True"], (4, 5, 3))
    with pytest.raises(BadImage, match=r"row 1 holds no picture \(null\)"):
        source.read(1)
    assert open_source(two, column="thumb").read(1).pixels.shape == (4, 5, 3)
    with pytest.raises(BadSource, match="no column 'a'"):
        open_source(two, column="a")
    with pytest.raises(BadSource, match=r"image \(list<"):
        open_source(table(image=[[[1, 2], [3, 4]]]))
    with pytest.raises(BadSource, match=r"row 0 of .* has several labels"):
        open_source(table(image=[PNG], label=[[1, 2]]))


@pytest.mark.parametrize("where", ["label", "split", "path", "list", "lists of pictures"])
def test_few_bytes_that_stand_for_many_long_texts(tmp_path: Path, where: str) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    at, long = 500, "x" * (1 << 16)
    rows: dict[str, list[Any]] = {"image": [{"bytes": PNG, "path": long if where == "path" else "a"}] * at}
    rows |= {"label": [long if where == "label" else "a"] * at}
    rows |= {"split": [long] * at} if where == "split" else {}
    if where == "lists of pictures":
        rows = {"images": [[PNG]] * at, "label": [long] * at}
    if where == "list":
        rows = {"file_name": ["a.png"] * at, "label": [long] * at}
        put(tmp_path, "a.png")
    table = pa.table(rows)
    file = tmp_path / ("metadata.parquet" if where == "list" else "x.parquet")
    with pq.ParquetWriter(file, table.schema, compression="zstd") as out:
        for _ in range(32):
            out.write_table(table)
    del table, rows
    assert file.stat().st_size < 1 << 18
    with counted() as pool, pytest.raises(BadSource, match="are decoded of a file of"):
        open_source(tmp_path)
    assert 0 < pool.max_memory() < 1 << 27


def test_large_and_many_groups_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("imveil.store.budget.memory", lambda: 1 << 24)  # as if the file were as large as memory
    blob = [encoded(40, 50, 3) for _ in range(60)]
    for name, column in (("x", pa.array(blob)), ("y", pa.array([[one] for one in blob]))):
        pq.write_table(pa.table({name: column}), tmp_path / f"{name}.parquet", row_group_size=2)
        source = open_source(tmp_path / f"{name}.parquet")
        assert len(source) == 60
        assert source.read(59).pixels.shape == (40, 50, 3)
    lens = pa.array([(40).to_bytes(4, "little") * 4] * 2)  # begins as a bitmap without its file's header does
    pq.write_table(pa.table({"lens": lens, "image": [PNG] * 2}), tmp_path / "z.parquet")
    assert open_source(tmp_path / "z.parquet").read(0).pixels.shape == (4, 5, 3)


def test_several_labels_of_a_picture_in_parquet(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for label in ([1, 2], ["a", "b"]):
        pq.write_table(pa.table({"image": [PNG] * 3, "label": [label] * 3}), tmp_path / "x.parquet")
        with pytest.raises(BadSource, match=r"row 0 of .* has several labels"):
            open_source(tmp_path / "x.parquet")
    none = pa.array([None] * 3, pa.list_(pa.int64()))
    pq.write_table(pa.table({"image": [PNG] * 3, "label": none}), tmp_path / "x.parquet")
    assert open_source(tmp_path / "x.parquet").classes == []


def test_mixed_channels(tmp_path: Path) -> None:
    put(tmp_path / "in", "a/0.png", data=encoded(4, 4))
    put(tmp_path / "in", "a/1.png", data=encoded(4, 4, 3))
    put(tmp_path / "in", "b/2.png", data=encoded(4, 4, 4))
    report = encrypt_set(tmp_path / "in", tmp_path / "c", imveil.find("negpos/1"), KEY)
    assert "1 with 1 (grey), 1 with 3 (RGB), 1 with 4 (RGBA)" in report.notes[0]
    for kind, channels in (("rgb", 3), ("grey", 1)):
        prepare = Preparation.of(channels=kind)
        assert prepare is not None
        alike = Prepared(open_source(tmp_path / "in"), prepare)
        assert {alike.read(i).pixels.shape[2] for i in range(3)} == {channels}
        report = encrypt_set(alike, tmp_path / kind, imveil.find("negpos/1"), KEY)
        assert report.notes == []
        assert read_manifest(tmp_path / kind).preparation == {"channels": kind}
    with pytest.raises(BadInput, match="--channels is rgb, grey or keep"):
        Preparation.of(channels="blue")


def test_grey_in_three_channels_is_noticed(tmp_path: Path) -> None:
    from imveil.owner.estimation import estimate

    grey = np.repeat(RNG.integers(0, 256, (4, 4, 1), np.uint8), 3, axis=2)
    (tmp_path / "a").mkdir()
    Image.fromarray(grey).save(tmp_path / "a" / "0.png")
    found = estimate(open_source(tmp_path), imveil.find("negpos/1"), workers=1)
    assert "--channels grey" in found.advice[0]
    assert found.memory > 1 << 20
    assert np.array_equal(Preparation(channels="grey")(read_picture(tmp_path / "a/0.png")).pixels, grey[:, :, :1])


def test_a_query_like_what_is_there(tmp_path: Path) -> None:
    put(tmp_path / "in", "a/0.png", "b/1.png", data=encoded(20, 30, 3))
    prepare = Preparation.of(resize="8", crop="8")
    assert prepare is not None
    encrypt_set(Prepared(open_source(tmp_path / "in"), prepare), tmp_path / "c", imveil.find("etc/1"), KEY)
    like = Likeness.of(tmp_path / "c")
    assert (like.scheme, like.shape, dict(like.preparation)) == (
        imveil.find("etc/1"),
        (8, 8, 3),
        {"resize": "8", "crop": "8x8"},
    )
    (tmp_path / "q.png").write_bytes(encoded(40, 40))
    encrypt_file(tmp_path / "q.png", tmp_path / "e.png", like.scheme, KEY, prepare=like.prepared(None), like=like)
    assert png.decode((tmp_path / "e.png").read_bytes())[0].shape == (8, 8, 3)
    with pytest.raises(BadShape, match="there they are 8x8x3"):
        encrypt_file(tmp_path / "q.png", tmp_path / "e.png", like.scheme, KEY, like=like)
    with pytest.raises(BadInput, match="exists already"):
        encrypt_file(tmp_path / "q.png", tmp_path / "e.png", like.scheme, KEY)
    encrypt_file(tmp_path / "q.png", tmp_path / "e.png", like.scheme, KEY, force=True)
    with pytest.raises(BadInput, match="neither a cipher data set nor a model"):
        Likeness.of(tmp_path / "q.png")


def test_hidden_labels_of_other_classes(tmp_path: Path) -> None:
    digests = []
    for name, classes in (("a", ["cat", "dog"]), ("b", ["ant", "dog"]), ("c", ["cat", "dog"])):
        source = made(8)
        source.classes = classes
        encrypt_set(source, tmp_path / name, imveil.find("negpos/1"), KEY, hide_labels=True)
        manifest = read_manifest(tmp_path / name)
        assert manifest.classes == ["class-0", "class-1"]
        digests.append(manifest.class_check)
    assert digests[0] == digests[2] != digests[1]


def test_grey_pictures_saved_in_colour_are_noticed(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.fromarray(np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, axis=2)).save(out, "PNG")
    for i in range(3):
        put(tmp_path / "grey", f"a/{i}.png", data=out.getvalue())
        put(tmp_path / "few", f"a/{i}.png", data=out.getvalue() if i else encoded(8, 8, 3))
    third = "--channels grey takes a third"
    for scheme, said in (("negpos/1", True), ("etc-grey/1", False)):  # which takes colours only
        report = encrypt_set(tmp_path / "grey", tmp_path / scheme, imveil.find(scheme), KEY, workers=1)
        assert any(third in note for note in report.notes) is said
    report = encrypt_set(tmp_path / "few", tmp_path / "c", imveil.find("negpos/1"), KEY, workers=1)
    assert not report.notes


def test_mixed_sizes_are_told(tmp_path: Path) -> None:
    for i, shape in enumerate([(8, 8, 3)] * 3 + [(8, 9, 3), (9, 8, 3), (7, 7, 3)]):
        put(tmp_path / "in", f"cat/{i}.png", data=encoded(*shape))
    said = (
        "pictures differ in size (height x width): 3 of 8x8, 1 of 8x9, 1 of 9x8 and 1 more sizes; a net is trained on "
        "one size. --resize and --crop make them alike"
    )
    assert estimate(open_source(tmp_path / "in"), imveil.find("negpos/1"), workers=1).advice == [said]
    assert encrypt_set(tmp_path / "in", tmp_path / "c", imveil.find("negpos/1"), KEY, workers=1).notes == [said]
