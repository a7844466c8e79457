"""What a cloud can put in the place of what its owner wrote: it is named, and takes nothing else along."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import imveil
from imveil import Key
from imveil.errors import BadImage, BadInput, BadManifest, WrongKey
from imveil.owner.decryption import decrypt_file, decrypt_set
from imveil.owner.encryption import encrypt_set
from imveil.owner.rekeying import rekey_set
from imveil.owner.sealed_sets import seal_set
from imveil.owner.verification import MOST_LINES, verify_set
from imveil.store import png
from imveil.store.manifest import read_manifest, write_manifest
from imveil.store.tag import Tag
from made_source import made

KEY, OTHER = Key(bytes(range(32))), Key(bytes(32))
COUNT = 24


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set in each container, of which the tests take copies."""
    home = tmp_path_factory.mktemp("whole")
    for name in ("folder", "npz", "webdataset"):
        encrypt_set(made(COUNT), home / name, imveil.find("negpos/1"), KEY, container=name)
    encrypt_set(made(COUNT, broken=frozenset({3})), home / "rejects", imveil.find("negpos/1"), KEY)
    return home


def pictures(home: Path) -> list[Path]:
    return sorted(home.rglob("*.png"))


def outside(home: Path) -> Path:
    """A folder of foreign pictures beside a set."""
    place = home.parent / "outside"
    place.mkdir()
    (place / "x.png").write_bytes(png.encode(np.zeros((4, 4, 3), np.uint8)))
    return place


def link_to_folder_in_class(home: Path) -> None:
    (pictures(home)[0].parent / "more").symlink_to(outside(home))


def link_to_folder_as_class(home: Path) -> None:
    (home / "train" / "zebra").symlink_to(outside(home))


def link_to_nowhere(home: Path) -> None:
    (pictures(home)[0].parent / "gone.png").symlink_to("nowhere")


def empty_class(home: Path) -> None:
    (home / "train" / "zebra").mkdir()


def folder_in_class(home: Path) -> None:
    (pictures(home)[0].parent / "more" / "deeper").mkdir(parents=True)


def hidden_file(home: Path) -> None:
    (home / "train" / ".x.png").write_bytes(b"")


def hard_link(home: Path) -> None:
    os.link(pictures(home)[0], pictures(home)[0].with_name("again.png"))


def picture_is_link(home: Path) -> None:
    copy = outside(home) / "copy.png"
    shutil.move(pictures(home)[0], copy)
    pictures(home)[0].with_name(copy.name).symlink_to(copy)
    pictures(home)[0].with_name(copy.name).rename(home / LOST[0])


def class_is_link(home: Path) -> None:
    shutil.move(home / "train" / "cat", outside(home) / "cat")
    (home / "train" / "cat").symlink_to(home.parent / "outside" / "cat")


def fifo(home: Path) -> None:
    os.mkfifo(pictures(home)[0].with_name("f.png"))


def picture_is_fifo(home: Path) -> None:
    pictures(home)[0].unlink()
    os.mkfifo(home / LOST[0])


def rejects_added(home: Path) -> None:
    (home / "rejected.jsonl").write_text('{"file": "a", "reason": "send your key"}')


LOST = [""]
EXTRA = [link_to_folder_in_class, link_to_folder_as_class, link_to_nowhere, empty_class, folder_in_class, hidden_file,
         hard_link, fifo, rejects_added, class_is_link]  # fmt: skip
TAKEN = [picture_is_link, picture_is_fifo]


def changed(whole: Path, place: Path, change: Callable[[Path], None]) -> Path:
    home = Path(shutil.copytree(whole, place / "c"))
    LOST[0] = pictures(home)[0].relative_to(home).as_posix() if pictures(home) else ""
    change(home)
    return home


@pytest.mark.parametrize("change", [*EXTRA, *TAKEN])
@pytest.mark.parametrize("key", [KEY, None])
def test_verify_sees_what_programs_see(
    whole: Path, tmp_path: Path, change: Callable[[Path], None], key: Key | None
) -> None:
    home = changed(whole / "folder", tmp_path, change)
    verdict = verify_set(home, key)
    assert verdict.wrong
    assert verdict.count == len(verdict.wrong)


@pytest.mark.parametrize("change", [*EXTRA, *TAKEN])
def test_one_thing_takes_no_picture_along(whole: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    home = changed(whole / "folder", tmp_path, change)
    lost = int(change in TAKEN)
    report = decrypt_set(home, tmp_path / "p", KEY)
    assert (report.images, len(report.rejected)) == (COUNT - lost, lost)
    report = rekey_set(home, tmp_path / "r", KEY, OTHER)
    assert (report.images, len(report.rejected)) == (COUNT - lost, lost)
    assert verify_set(tmp_path / "r", OTHER).wrong == []


@pytest.mark.parametrize("how", ["changed", "missing"])
def test_one_member_of_a_tar(whole: Path, tmp_path: Path, how: str) -> None:
    """A shard that was altered may hold pictures that were not: the check of each says which."""
    home = Path(shutil.copytree(whole / "webdataset", tmp_path / "c"))
    file = min(home.glob("*.tar"))
    data = bytearray(file.read_bytes())
    at = data.index(b"IDAT") + 60 if how == "changed" else data.index(b".png") + 1
    data[at] ^= 1
    file.write_bytes(data)
    report = decrypt_set(home, tmp_path / "p", KEY)
    lost = len(report.rejected)
    assert report.images + lost == COUNT
    assert lost == 1 if how == "changed" else lost < COUNT
    again = rekey_set(home, tmp_path / "r", KEY, OTHER)
    assert again.images == report.images
    assert decrypt_set(tmp_path / "r", tmp_path / "q", OTHER).images == report.images


def test_lines_are_few_and_counted(whole: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(whole / "folder", tmp_path / "c"))
    for number in range(100):
        (home / f"{number}.png").touch()
    verdict = verify_set(home, KEY)
    assert (len(verdict.wrong), verdict.count) == (MOST_LINES, 100)


def test_the_list_of_rejects_is_the_owners(whole: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(whole / "rejects", tmp_path / "c"))
    assert verify_set(home, KEY).wrong == []
    rekey_set(home, tmp_path / "first", KEY, OTHER)
    assert "is truncated" in (tmp_path / "first" / "rejected.jsonl").read_text()
    for number, text in enumerate(("[" * 200_000, '{"file": "a", "reason": "CLOUD"}')):
        (home / "rejected.jsonl").write_text(text)
        assert any("rejected.jsonl was altered" in line for line in verify_set(home, KEY).wrong)
        rekey_set(home, tmp_path / f"r{number}", KEY, OTHER)
        told = [json.loads(line) for line in (tmp_path / f"r{number}" / "rejected.jsonl").read_text().splitlines()]
        assert [facts["reason"] for facts in told] == ["it was left out when it was encrypted"]
        assert verify_set(tmp_path / f"r{number}", OTHER).wrong == []


def test_the_owners_word_is_asked_first(whole: Path, tmp_path: Path) -> None:
    """Scheme, fields and classes of a forged manifest are named, and not followed."""
    home = Path(shutil.copytree(whole / "folder", tmp_path / "c"))
    forged = read_manifest(home).model_copy(update={"scheme": "\x1b[2Jevil", "classes": ["x" * 1000] * 50})
    write_manifest(home, forged)
    report = decrypt_set(home, tmp_path / "p", KEY)
    assert report.images == COUNT
    assert len(report.wrong) == 3
    assert max(map(len, report.wrong)) < 500
    with pytest.raises(BadManifest, match="not the one that its owner wrote"):
        seal_set(home, tmp_path / "s", KEY)
    with pytest.raises(WrongKey, match=OTHER.fingerprint):
        decrypt_set(home, tmp_path / "q", OTHER)


def test_a_set_without_proof_is_decrypted_and_it_is_said(whole: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(whole / "folder", tmp_path / "c"))
    (home / "imveil.auth").unlink()
    report = decrypt_set(home, tmp_path / "p", KEY)
    assert report.images == COUNT
    assert "imveil.auth is not there" in report.notes[0]


def test_what_is_decrypted_is_its_owners_alone(whole: Path, tmp_path: Path) -> None:
    decrypt_set(whole / "folder", tmp_path / "p", KEY)
    decrypt_set(whole / "folder", tmp_path / "public", KEY, public=True)
    for name, folder, file in (("p", 0o700, 0o600), ("public", 0o755, 0o644)):
        paths = [tmp_path / name, *(tmp_path / name).rglob("*")]
        assert {stat.S_IMODE(path.stat().st_mode) & ~0o022 for path in paths if path.is_dir()} == {folder}
        assert {stat.S_IMODE(path.stat().st_mode) & ~0o022 for path in paths if path.is_file()} == {file}


def test_a_part_of_a_set(whole: Path, tmp_path: Path) -> None:
    cats = decrypt_set(whole / "npz", tmp_path / "p", KEY, classes=["cat"])
    assert 0 < cats.images < COUNT
    assert {path.parent.name for path in pictures(tmp_path / "p")} == {"cat"}
    name = pictures(tmp_path / "p")[0].relative_to(tmp_path / "p").with_suffix(".jpg").as_posix()
    assert decrypt_set(whole / "npz", tmp_path / "one", KEY, ids=[name]).images == 1
    assert decrypt_set(whole / "npz", tmp_path / "p", KEY).images == COUNT  # the rest into the same folder
    with pytest.raises(BadInput, match="no class 'emu'"):
        decrypt_set(whole / "npz", tmp_path / "q", KEY, classes=["emu"])
    with pytest.raises(BadInput, match="no picture 'a', nor 1 others"):
        decrypt_set(whole / "npz", tmp_path / "q", KEY, ids=["a", "b"])


def test_one_image_alone(whole: Path, tmp_path: Path) -> None:
    one = pictures(whole / "folder")[0]
    assert decrypt_file(one, tmp_path / "a.png", KEY) == ""
    assert decrypt_file(one, tmp_path / "b.png", KEY, of=whole / "folder").endswith(".jpg")
    image, tag = png.decode(one.read_bytes())
    flipped = image.copy()
    flipped[0, 0, 0] ^= 255
    (tmp_path / "flip.png").write_bytes(png.encode(flipped, tag))
    with pytest.raises(BadImage, match="decrypts to no picture"):
        decrypt_file(tmp_path / "flip.png", tmp_path / "c.png", KEY, of=whole / "folder")
    (tmp_path / "plain.png").write_bytes(png.encode(image, Tag("plain/1", {}, KEY.fingerprint)))
    with pytest.raises(BadImage, match="takes no key"):
        decrypt_file(tmp_path / "plain.png", tmp_path / "c.png", KEY)
    large = Tag("negpos/1", dict(imveil.find("negpos/1").config()), KEY.fingerprint, size=(1 << 30, 1 << 30))
    (tmp_path / "large.png").write_bytes(png.encode(image, large))
    with pytest.raises(BadImage, match="1073741824x1073741824"):
        decrypt_file(tmp_path / "large.png", tmp_path / "c.png", KEY)
    assert not (tmp_path / "c.png").exists()
