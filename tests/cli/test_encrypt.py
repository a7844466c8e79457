"""`imveil encrypt` and `imveil decrypt` as a user runs them. What they refuse is in test_bad_input.py."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil import Key
from imveil.cli import main
from imveil.keys.files import write_key
from imveil.owner.encryption import encrypt_set
from imveil.statuses import in_a_line
from imveil.store.sets import open_set, read_image
from made_source import tree
from terminal import at_a_terminal

KEY = Key(bytes(range(32)))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_key("my.key", KEY)
    rng = np.random.default_rng(3)
    for name in ("train/cat/1.png", "train/dog/2.png", "test/cat/3.png"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(path)
    return tmp_path


def run(command: str, capfd: pytest.CaptureFixture[str], code: int = 0) -> tuple[str, str]:
    capfd.readouterr()
    with pytest.raises(SystemExit) as end:
        main(command.split())
    out, err = capfd.readouterr()
    assert end.value.code == code, err
    return out, err


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def same_pictures(one: Path, other: Path) -> None:
    names = sorted(tree(one))
    assert names == sorted(tree(other))
    for name in names:
        assert np.array_equal(pixels(one / name), pixels(other / name))


def test_there_and_back(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = "encrypt pictures c --key my.key --scheme negpos/1 --set per_image=true"
    out, err = run(command, capfd)
    assert re.fullmatch(
        rf"3 pictures encrypted with negpos/1, key {KEY.fingerprint}: 0\.0 MB in .* s \(.* images/s\), c\n", out
    )
    status = f"imveil: {in_a_line('negpos/1', imveil.find('negpos/1', per_image=True).config())}\n"
    assert err == status
    assert "keys do not matter for queries" in status
    assert run(command, capfd) == ("already complete: 3 pictures in c\n", status)
    out, err = run("decrypt c p --key my.key", capfd)
    assert out.startswith(f"3 pictures decrypted with key {KEY.fingerprint}: ")
    assert err == ""
    same_pictures(here / "pictures", here / "p")
    assert run("decrypt c p --key my.key", capfd) == ("already complete: 3 pictures in p\n", "")


def test_kept_names(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run("encrypt pictures c --key my.key --scheme aes-xor/1 --keep-names", capfd)
    assert [e.path for e in open_set("c").entries()] == ["train/cat/1.png", "train/dog/2.png", "test/cat/3.png"]
    assert here


def test_one_picture(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = "encrypt pictures/train/cat/1.png q.png --key my.key --scheme negpos/1 --set per_image=1"
    assert run(command, capfd) == ("q.png: encrypted with negpos/1\n", "")
    image, tag = read_image("q.png")
    assert tag is not None
    assert (tag.scheme, tag.fields["per_image"], tag.fingerprint) == ("negpos/1", True, KEY.fingerprint)
    assert not np.array_equal(image, pixels(here / "pictures/train/cat/1.png"))
    said = "p.png: decrypted; nothing proves this picture; --of CIPHERS does\n"
    assert run("decrypt q.png p.png --key my.key", capfd) == (said, "")
    assert np.array_equal(pixels(here / "p.png"), pixels(here / "pictures/train/cat/1.png"))


def test_what_the_owner_should_know_is_said(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "pictures" / "train" / "notes.txt").write_text("")
    _, err = run("encrypt pictures c --key my.key --scheme negpos/1", capfd)
    passed, status = err.splitlines()
    assert passed == "imveil: files of pictures that are no pictures by their names, passed over: 1 .txt"
    assert status.startswith("imveil: negpos/1: broken by ")
    no_way_back = [id for id in imveil.schemes.names() if not imveil.find(id).traits.invertible]
    _, err = run(f"encrypt pictures d --key my.key --scheme {no_way_back[0]}", capfd)
    assert f"{no_way_back[0]} cannot be decrypted again, by design" in err
    run("decrypt d p --key my.key", capfd, code=2)


def test_the_number_of_workers_does_not_matter(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for workers in (1, 2):
        run(f"encrypt pictures c{workers} --key my.key --scheme negpos/1 --workers {workers}", capfd)
    assert tree(here / "c1") == tree(here / "c2")


def test_a_bar_and_ctrl_c_at_a_terminal(here: Path) -> None:
    """The bar tells speed and time left; Ctrl-C ends with one line; the same command goes on to the same bytes."""
    np.savez("many.npz", images=np.zeros((6000, 8, 8, 3), np.uint8), labels=np.arange(6000) % 3)
    words = ["encrypt", "many.npz", "c", "--key", "my.key", "--scheme", "aes-ctr-control/1", "--workers", "2"]
    code, screen = at_a_terminal(words, ["\x03"], b"images/s")
    assert code == 130, screen
    assert screen.count("imveil: interrupted; run the same command again to go on") == 1
    assert "Traceback" not in screen
    assert not [name for name in tree(here / "c") if name.endswith(".part")]
    code, screen = at_a_terminal(words, [])
    assert code == 0, screen
    assert re.search(r"6,000 pictures encrypted with .*, [\d,]+ of them by an earlier run", screen)
    assert re.search(r"images/s .* left", screen)
    encrypt_set("many.npz", "whole", imveil.find("aes-ctr-control/1"), KEY, workers=1)
    assert tree(here / "c") == tree(here / "whole")
