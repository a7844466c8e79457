"""Key files: what is written opens again, whatever is altered is refused, and nothing but the file shows the secret."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imveil.errors import BadDestination, BadInput, BadKeyFile, InsecureKeyFile, KeyProblem, WrongPassphrase
from imveil.keys import files
from imveil.keys.files import about_key, plain, read_key, unplain, write_key
from imveil.keys.key import Key
from imveil.keys.wrap import ARGON2ID, SCRYPT, Kdf, unwrap, wrap

KEY = Key(bytes(range(32)))
QUICK = Kdf("argon2id", (32, 1, 1))


def again(text: str) -> str:
    """The text of a wrapped file with its check made to fit: what someone who alters it on purpose would do."""
    body = text.rpartition("check ")[0]
    return f"{body}check {hashlib.sha256(body.encode('latin-1')).hexdigest()[:16]}\n"


def test_a_plain_file_opens_again_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "my.key"
    before = os.umask(0)
    try:
        write_key(path, KEY)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path) == KEY
    assert path.read_text().splitlines()[0] == "imveil-key-1"
    assert KEY.fingerprint in path.read_text().splitlines()[1]
    assert [p.name for p in tmp_path.iterdir()] == ["my.key"]


@pytest.mark.parametrize("kdf", [None, Kdf("scrypt", (16, 8, 1))], ids=["default", "scrypt"])
def test_a_wrapped_file_opens_again(tmp_path: Path, kdf: Kdf | None) -> None:
    path = tmp_path / "my.key"
    write_key(path, KEY, lambda: "open sesame")
    assert read_key(path, lambda: "open sesame") == KEY
    assert about_key(path) == files.About("wrapped", KEY.fingerprint, "argon2id 65536 3 4")
    with pytest.raises(WrongPassphrase, match=r"my\.key does not open with this passphrase"):
        read_key(path, lambda: "open sesame ")
    with pytest.raises(BadKeyFile, match="was not given"):
        read_key(path)
    assert unwrap(wrap(KEY, lambda: "x", kdf), lambda: "x") == KEY


def test_a_second_process_opens_a_wrapped_file(tmp_path: Path) -> None:
    """In a locale of its own, with the passphrase typed in its other form."""
    path, words = tmp_path / "my.key", tmp_path / "words"
    write_key(path, KEY, lambda: unicodedata.normalize("NFC", "Grüße"))
    words.write_text(unicodedata.normalize("NFD", "Grüße") + "\n", encoding="utf-8")
    words.chmod(0o600)
    code = "import sys; from imveil.cli.secrets import open_key; print(open_key(sys.argv[1]).fingerprint)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, "LC_ALL": "C", "IMVEIL_PASSPHRASE_FILE": str(words)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == KEY.fingerprint


def test_two_wrapped_files_of_one_key_have_nothing_in_common() -> None:
    one, other = (wrap(KEY, lambda: "x", QUICK).splitlines() for _ in range(2))
    assert [a == b for a, b in zip(one, other, strict=True)] == [True, True, False, True, False, False]


def test_every_changed_byte_of_a_wrapped_file_is_refused() -> None:
    text = wrap(KEY, lambda: "x", QUICK)
    for at, was in enumerate(text):
        for new in {chr(ord(was) ^ 1), chr(ord(was) ^ 32), chr(ord(was) ^ 128), "0", " "} - {was}:
            with pytest.raises(KeyProblem):
                unwrap(text[:at] + new + text[at + 1 :], lambda: pytest.fail("asked before the check"))


def test_every_byte_altered_on_purpose_is_refused() -> None:
    """With a check that fits, it is the form, the limits and the AEAD that refuse."""
    text = wrap(KEY, lambda: "x", QUICK)
    caught = []
    for at in range(text.index("check ")):
        for new in {chr(ord(text[at]) ^ 1), "3", "a"} - {text[at]}:
            with pytest.raises(KeyProblem) as problem:
                unwrap(again(text[:at] + new + text[at + 1 :]), lambda: "x")
            caught.append(problem.type)
    assert caught.count(WrongPassphrase) > 150  # the AEAD had its turn, over salt, fingerprint, costs and sealed bytes


def test_every_wrapped_file_cut_short_is_refused() -> None:
    text = wrap(KEY, lambda: "x", QUICK)
    for end in range(len(text)):
        with pytest.raises(BadKeyFile):
            unwrap(text[:end], lambda: "x")


def test_every_changed_character_of_a_plain_key_is_refused() -> None:
    head, comment, line = plain(KEY).splitlines()
    for at in range(len(line)):
        for new in "abcdefghijklmnopqrstuvwxyz234567019 -AZ\xe4":
            if new != line[at] and not (new == " " and at in (0, 63)):
                with pytest.raises(BadKeyFile):
                    unplain("\n".join([head, comment, line[:at] + new + line[at + 1 :]]))
    for end in range(len(line)):
        with pytest.raises(BadKeyFile, match="cut off"):
            unplain("\n".join([head, comment, line[:end]]))


@given(st.binary(min_size=32, max_size=32))
def test_plain_text_is_an_exact_round_trip(secret: bytes) -> None:
    assert unplain(plain(Key(secret))) == Key(secret)
    assert unplain(plain(Key(secret)).replace("\n", "\r\n") + "\n") == Key(secret)  # as it comes out of a mail


@given(st.binary(max_size=300) | st.binary(max_size=100).map(b"imveil-key-1\n".__add__))
def test_any_bytes_are_a_key_file_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.key"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(BadKeyFile, match=r"any\.key"):
        read_key(path, lambda: "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "is no key file of imveil"),
        ("imveil-key-2\nabc\n", "is of version 2"),
        ("imveil-key-1\n", "has 0 lines of key"),
        ("imveil-key-1\n# fingerprint\n", "has 0 lines of key"),
        (plain(KEY) + plain(KEY).splitlines()[2], "has 2 lines of key"),
        ("imveil-key-1\nwrapped argon2id\n", "cut off or altered"),
    ],
)
def test_other_files_are_told_apart(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "some.key"
    path.write_text(text)
    path.chmod(0o600)
    for read in (read_key, about_key):
        with pytest.raises(BadKeyFile, match=said):
            read(path)


@pytest.mark.parametrize(
    "kdf",
    [
        Kdf("argon2id", (1 << 21, 1, 4)),
        Kdf("argon2id", (1 << 20, 5, 4)),
        Kdf("argon2id", (65536, 3, 17)),
        Kdf("argon2id", (7, 1, 1)),
        Kdf("argon2id", (9_999_999_999, 9_999_999_999, 1)),
        Kdf("scrypt", (1 << 21, 8, 1)),
        Kdf("scrypt", (1 << 17, 8, 1 << 9)),
        Kdf("scrypt", (3 << 10, 8, 1)),
    ],
    ids=str,
)
def test_a_hostile_header_takes_no_memory_and_no_time(kdf: Kdf) -> None:
    text = again(wrap(KEY, lambda: "x", QUICK).replace(str(QUICK), str(kdf)))
    with pytest.raises(BadKeyFile, match=r"parameters|more memory or time"):
        unwrap(text, lambda: pytest.fail("asked before the limits were looked at"))


def test_the_defaults_lie_within_the_limits() -> None:
    for kdf in (ARGON2ID, SCRYPT):
        kdf.check()


def test_a_file_that_names_another_key_than_it_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Key, "fingerprint", "aaaa-aaaa-aaaa-aaaa")
        text = wrap(KEY, lambda: "x", QUICK)
    with pytest.raises(BadKeyFile, match="names the key aaaa-aaaa-aaaa-aaaa and holds"):
        unwrap(text, lambda: "x")


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="an empty one came"):
        write_key(tmp_path / "my.key", KEY, lambda: "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_plain_key_that_others_may_use_is_refused(tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "my.key"
    write_key(path, KEY)
    path.chmod(mode)
    for read in (read_key, about_key):
        with pytest.raises(InsecureKeyFile, match=rf"mode {mode:04o}.*IMVEIL_READABLE_KEYS=1"):
            read(path)
    monkeypatch.setenv(files.READABLE, "1")
    assert read_key(path) == KEY


def test_a_wrapped_key_may_travel(tmp_path: Path) -> None:
    path = tmp_path / "my.key"
    path.write_text(wrap(KEY, lambda: "x", QUICK))
    path.chmod(0o644)
    assert read_key(path, lambda: "x") == KEY


def test_no_file_is_overwritten_unless_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "my.key"
    path.write_text("something else")
    with pytest.raises(BadDestination, match="exists already"):
        write_key(path, KEY)
    assert path.read_text() == "something else"
    write_key(path, KEY, force=True)
    assert read_key(path) == KEY
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("links", [True, False], ids=["links", "a file system without links"])
def test_nor_one_that_appears_meanwhile(tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "my.key"

    def no_link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", no_link)
        write_key(tmp_path / "other.key", KEY)
        assert read_key(tmp_path / "other.key") == KEY

    def slow() -> str:
        path.write_text("something else")
        return "x"

    with pytest.raises(BadDestination, match="exists already"):
        write_key(path, KEY, slow)
    assert path.read_text() == "something else"
    assert not list(tmp_path.glob(".*"))


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.key", tmp_path / "link.key"
    write_key(real, Key(bytes(32)))
    link.symlink_to(real)
    write_key(link, KEY, force=True)
    assert link.is_symlink()
    assert read_key(real) == KEY


@pytest.mark.parametrize("call", ["plain", "os.fsync", "_move"])
def test_a_failure_leaves_nothing(tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"imveil.keys.files.{call}", full)
    with pytest.raises(BadDestination, match="cannot be written: No space left on device"):
        write_key(tmp_path / "my.key", KEY)
    assert not list(tmp_path.iterdir())


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "my.key"):
        with pytest.raises(BadDestination, match="cannot be written"):
            write_key(path, KEY, force=True)


def test_a_descriptor_is_read_and_left_open(tmp_path: Path) -> None:
    write_key(tmp_path / "my.key", KEY)
    with open(tmp_path / "my.key", "rb") as file:
        assert read_key(file.fileno()) == KEY
        assert os.fstat(file.fileno())
    with pytest.raises(BadKeyFile, match="fd:999 cannot be read"):
        read_key(999)
    read, write = os.pipe()
    os.write(write, plain(KEY).encode())
    os.close(write)
    assert read_key(read) == KEY
    os.close(read)
