"""`imveil keygen` and `imveil key` as a user runs them: files, descriptors, variables, a terminal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from imveil.cli import secrets
from imveil.cli.secrets import NEW_PASSPHRASE, PASSPHRASE, open_key
from imveil.errors import BadInput, BadKeyFile, InsecureKeyFile, WrongPassphrase
from imveil.keys.files import plain, read_key, write_key
from imveil.keys.key import Key
from imveil.keys.wrap import Kdf, wrap
from terminal import IMVEIL, at_a_terminal

KEY = Key(bytes(range(32)))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for variable in (PASSPHRASE, NEW_PASSPHRASE):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def private(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def quick(words: str) -> str:
    return wrap(KEY, lambda: words, Kdf("argon2id", (32, 1, 1)))


def imveil(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in its own session: no terminal to ask at."""
    return subprocess.run(
        [*IMVEIL, *words],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
    )


def test_the_life_of_a_key(here: Path) -> None:
    """Made, looked at, wrapped, opened, given another passphrase, unwrapped: one key all the while, and never seen."""
    one, other = private(here / "one", "open sesame\n"), private(here / "other", "Grüße\n")
    made = imveil("keygen", "my.key")
    assert (made.returncode, made.stderr) == (0, "")
    key = read_key(here / "my.key")
    steps = [
        (["inspect"], {}, "plain"),
        (["passwd"], {NEW_PASSPHRASE: str(one)}, "new passphrase"),
        (["inspect"], {}, "argon2id 65536 3 4"),
        (["passwd"], {PASSPHRASE: str(one), NEW_PASSPHRASE: str(other)}, "new passphrase"),
        (["passwd", "--remove"], {PASSPHRASE: str(other)}, "plain"),
        (["inspect"], {}, "plain"),
    ]
    for words, environment, said in steps:
        done = imveil("key", words[0], "my.key", *words[1:], **environment)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert done.stdout.startswith(f"my.key: key {key.fingerprint}, ")
        assert said in done.stdout
        assert plain(key).splitlines()[2][:10] not in done.stdout
    assert read_key(here / "my.key") == key
    assert {p.name for p in here.iterdir()} == {"my.key", "one", "other"}
    assert (here / "my.key").stat().st_mode & 0o777 == 0o600


def test_a_passphrase_at_a_terminal(here: Path) -> None:
    words = ["keygen", "my.key", "--passphrase"]
    code, screen = at_a_terminal(words, ["open sesame", "open sesam"])
    assert (code, list(here.iterdir())) == (2, [])
    assert "the two passphrases differ" in screen
    code, screen = at_a_terminal(words, ["open sesame", "open sesame"])
    assert code == 0, screen
    assert "new passphrase for my.key: " in screen
    assert "sesame" not in screen
    key = read_key(here / "my.key", lambda: "open sesame")
    code, screen = at_a_terminal(["key", "passwd", "my.key"], ["wrong"])
    assert (code, "does not open with this passphrase" in screen, "Traceback" in screen) == (2, True, False)
    code, screen = at_a_terminal(["key", "passwd", "my.key"], ["open sesame", "other", "other"])
    assert code == 0, screen
    assert read_key(here / "my.key", lambda: "other") == key
    code, screen = at_a_terminal(["key", "passwd", "my.key"], ["\x03"])
    assert (code, "interrupted" in screen) == (130, True)


def test_without_a_terminal_it_says_what_to_do(here: Path) -> None:
    private(here / "my.key", quick("x"))
    for words in (["key", "passwd", "my.key"], ["keygen", "new.key", "--passphrase"]):
        done = imveil(*words)
        assert done.returncode == 2
        assert "no terminal to ask at" in done.stderr
        assert PASSPHRASE in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (here / "new.key").exists()


def test_keygen_never_overwrites_unless_told_to(here: Path) -> None:
    write_key(here / "my.key", KEY)
    done = imveil("keygen", "my.key")
    assert (done.returncode, done.stdout) == (2, "")
    assert "my.key exists already" in done.stderr
    assert "--force" in done.stderr
    assert read_key(here / "my.key") == KEY
    assert imveil("keygen", "my.key", "--force").returncode == 0
    assert read_key(here / "my.key") != KEY


def test_a_key_by_descriptor_and_by_variable(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_key(here / "my.key", KEY)
    monkeypatch.setenv("WHERE", "my.key")
    assert open_key("env:WHERE") == KEY
    with open("my.key", "rb") as file:
        assert open_key(f"fd:{file.fileno()}") == KEY


def test_a_passphrase_by_file_and_by_descriptor(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private(here / "my.key", quick("open sesame "))
    for text in ("open sesame ", "open sesame \n", "open sesame \r\n"):
        private(here / "words", text)
        monkeypatch.setenv(PASSPHRASE, "words")
        assert open_key("my.key") == KEY
        with open("words", "rb") as file:
            monkeypatch.setenv(PASSPHRASE, f"fd:{file.fileno()}")
            assert open_key("my.key") == KEY


@pytest.mark.parametrize(
    ("text", "mode", "error", "said"),
    [
        ("", 0o600, BadInput, "one line"),
        ("\n", 0o600, BadInput, "one line"),
        ("a\nb\n", 0o600, BadInput, "one line"),
        ("other", 0o600, WrongPassphrase, "does not open"),
        ("x", 0o644, InsecureKeyFile, f"passphrase file that {PASSPHRASE} names is open to others"),
        ("x" * 70_000, 0o600, BadKeyFile, "more than 65536 bytes"),
    ],
)
def test_passphrase_files_that_will_not_do(
    here: Path, text: str, mode: int, error: type, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    private(here / "my.key", quick("x"))
    private(here / "words", text).chmod(mode)
    monkeypatch.setenv(PASSPHRASE, "words")
    with pytest.raises(error, match=said):
        open_key("my.key")


def test_a_missing_passphrase_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private(here / "my.key", quick("x"))
    monkeypatch.setenv(PASSPHRASE, "none")
    with pytest.raises(BadKeyFile, match=f"the passphrase file that {PASSPHRASE} names cannot be read"):
        open_key("my.key")


@pytest.mark.parametrize("where", ["fd:", "fd:x", "fd:-1", "fd:0x3", "env:", "env:NO_SUCH_VARIABLE"])
def test_places_that_are_none(where: str) -> None:
    with pytest.raises(BadInput):
        open_key(where)


def test_a_key_itself_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    line = plain(KEY).splitlines()[2]
    monkeypatch.setenv("SECRET", line)
    for where in (line, "env:SECRET"):
        with pytest.raises(BadInput, match="a key itself came") as problem:
            open_key(where)
        assert line[:8] not in str(problem.value)


def test_an_error_names_the_variable_and_not_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    with pytest.raises(BadKeyFile, match=r"^env:SECRET cannot be read") as problem:
        open_key("env:SECRET")
    assert "hunter2" not in str(problem.value)


def test_a_prompt_never_reads_what_it_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(*_: object) -> str:
        import getpass
        import warnings

        warnings.warn("echo", getpass.GetPassWarning, stacklevel=2)
        return "x"

    monkeypatch.setattr("getpass.getpass", shown)
    with pytest.raises(BadInput, match="no terminal"):
        secrets._prompt("? ", PASSPHRASE)


def test_secrets_are_no_options() -> None:
    for words in (["keygen"], ["key", "passwd"], ["key", "inspect"]):
        text = imveil(*words, "--help").stdout
        assert "PATH" in text
        assert "--passphrase " not in text or "TEXT" not in text
