"""`imveil data` and the export behind it: plain pictures as folders, whole or resumable, and nothing else touched."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from imveil.cli import build
from imveil.errors import BadDestination, BadInput, BadSource
from imveil.owner import sources
from imveil.owner.datasets import cifar_facts
from imveil.owner.export import export
from imveil.store import png
from made_source import made, tree
from small_cifar import lay, small


def data(*words: str) -> str:
    """What `imveil data` prints; its errors come out as they are."""
    return CliRunner().invoke(build(), ["data", *words], catch_exceptions=False, standalone_mode=False).output


def test_export(tmp_path: Path) -> None:
    source, told = made(12, deep=frozenset({2})), []
    assert export(source, tmp_path / "p", told.append) == 0  # type: ignore[arg-type]
    assert told == list(range(1, 13))
    found = tree(tmp_path / "p")
    assert len(found) == 12
    for i, item in enumerate(source.items):
        path = f"{item.split}/{source.classes[item.label or 0]}/{item.name.replace('.jpg', '.png')}"
        want = source.read(i).pixels
        with Image.open(tmp_path / "p" / path) as image:  # another reader than ours
            got = np.asarray(image)
        if i != 2:
            assert np.array_equal(got, want)
        else:
            assert np.array_equal(png.decode(found[path])[0] & 255, want[:, 8:])


class Stop(Exception):
    pass


def stop_at(count: int) -> Callable[[int], None]:
    def told(done: int) -> None:
        if done == count:
            raise Stop

    return told


def test_an_export_goes_on(tmp_path: Path) -> None:
    source: Any = made(12)
    export(source, tmp_path / "whole")
    with pytest.raises(Stop):
        export(source, tmp_path / "cut", stop_at(5))
    assert len(tree(tmp_path / "cut")) == 5
    left = tmp_path / "cut" / "train" / "cat" / ".picture 00008.png.4711.part"
    left.write_bytes(b"of a killed run")
    assert export(source, tmp_path / "cut") == 5
    assert tree(tmp_path / "cut") == tree(tmp_path / "whole")
    assert export(source, tmp_path / "cut") == 12


def test_an_export_touches_nothing_else(tmp_path: Path) -> None:
    source: Any = made(12)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadDestination, match=r"holds other files, such as mine\.txt"):
        export(source, tmp_path)
    with pytest.raises(BadDestination, match="is a file"):
        export(source, tmp_path / "mine.txt")
    (tmp_path / "mine.txt").unlink()
    other = tmp_path / "train" / "cat" / "picture 00000.png"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"another")
    with pytest.raises(BadDestination, match="is there and is another picture"):
        export(source, tmp_path)
    assert tree(tmp_path) == {"train/cat/picture 00000.png": b"another"}


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source: Any = made(4)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(BadDestination, match="no space is left"):
            export(source, tmp_path / "p")
    assert not tree(tmp_path / "p")
    assert export(source, tmp_path / "p") == 0


def test_a_broken_picture_ends_it(tmp_path: Path) -> None:
    source: Any = made(4, broken=frozenset({1}))
    with pytest.raises(BadInput, match="truncated"):
        export(source, tmp_path / "p")


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A small set of CIFAR's form under the name cifar10."""
    which, files = small(labels=1)
    monkeypatch.setitem(cifar_facts.SETS, "cifar10", which)
    monkeypatch.setattr(sources, "NAMES", ("cifar10",))
    monkeypatch.setenv("IMVEIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("IMVEIL_CACHE", str(tmp_path / "cache"))
    lay(tmp_path / "data", files)
    return files


def test_the_list(ours: dict[str, bytes], tmp_path: Path) -> None:
    lines = data().splitlines()
    assert lines[0].split() == f"small 170 train, 70 test; 3 classes; from IMVEIL_DATA: {tmp_path / 'data'}".split()
    assert lines[1].startswith("cifar100  50,000 train, 10,000 test; 100 or 20 classes; from ")
    assert data("list") == data()
    assert ours


def test_a_data_set_as_folders(ours: dict[str, bytes], tmp_path: Path) -> None:
    target = tmp_path / "plain"
    assert data("cifar10", str(target)) == f"{target}: 240 pictures (170 train, 70 test) of 3 classes\n"
    found = tree(target)
    assert len(found) == 240
    first = np.frombuffer(ours["a.bin"], np.uint8)[:3073]
    with Image.open(target / "train" / "pqr"[first[0]] / "00000.png") as image:
        assert np.array_equal(np.asarray(image), first[1:].reshape(3, 32, 32).transpose(1, 2, 0))
    assert data("cifar10", str(target)).endswith("; 240 were there already\n")
    assert tree(target) == found


def test_an_npz_file_as_folders(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 4, 5), np.uint8), labels=np.arange(3))
    data(str(tmp_path / "x.npz"), str(tmp_path / "p"))
    assert sorted(tree(tmp_path / "p")) == ["0/00000.png", "1/00001.png", "2/00002.png"]


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["cifar10"], BadInput, "a folder to write to was needed; imveil data cifar10 FOLDER"),
        (["x.npz", "p", "--coarse"], BadInput, "only cifar100 has coarse classes"),
        (["none", "p"], BadSource, "none is not there"),
        ([".", "p"], BadSource, "is a folder of pictures already; imveil encrypt takes it as it is"),
    ],
)
def test_what_is_refused(
    tmp_path: Path, words: list[str], error: type, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=said):
        data(*words)
    assert not list(tmp_path.iterdir())
