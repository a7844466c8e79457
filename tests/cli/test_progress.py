"""Progress without a terminal: a line whenever nothing was said for a while, whatever the work does meanwhile; and
text of strangers cannot move the cursor, there or elsewhere."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer import Exit

from imveil.cli import main, progress
from imveil.cli.words import note, notes, say, say_json, say_table
from imveil.owner.run.progress import Reject, Report


class Log(io.StringIO):
    """Standard error that says when a line has come."""

    def __init__(self, lines: int = 1) -> None:
        super().__init__()
        self.lines, self.came = lines, threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.getvalue().count("\n") >= self.lines:
            self.came.set()
        return written


@contextmanager
def listening(found: Log, silence: float = 0.01) -> Iterator[Log]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", found)
        patch.setattr(progress, "SILENCE", silence)
        yield found


def test_work_that_tells_nothing_is_heard_of() -> None:
    with listening(Log()) as log, progress.working("verifying"):
        assert log.came.wait(30)
    assert log.getvalue().startswith("imveil: verifying, 0.")


def test_a_line_says_where_the_work_is() -> None:
    with listening(Log(lines=50)) as log, progress.working("scoring") as tell:
        tell("of \x1b[2J", 1_200, 60_000)
        assert log.came.wait(30)
    assert "imveil: scoring 1,200 of 60,000  of \\x1b[2J, " in log.getvalue()


def test_nothing_is_said_when_it_is_over() -> None:
    def fails(log: Log) -> None:
        with progress.working("encrypting"):
            assert log.came.wait(30)
            raise ValueError("bad")

    with listening(Log()) as log:
        with pytest.raises(ValueError, match="bad"):
            fails(log)
        said = log.getvalue()
        assert not [thread for thread in threading.enumerate() if thread.name == "imveil-progress"]
        assert log.getvalue() == said


def test_short_work_says_nothing() -> None:
    with listening(Log(), silence=progress.SILENCE) as log, progress.working("encrypting") as tell:
        tell("", 1, 2)
    assert log.getvalue() == ""


def test_ten_seconds_are_not_exceeded() -> None:
    assert progress.SILENCE < 10


def test_a_closed_standard_error_harms_nothing() -> None:
    class Closed(Log):
        def write(self, text: str) -> int:
            super().write(text + "\n")
            raise BrokenPipeError

    with listening(Closed()) as log, progress.working("encrypting"):
        assert log.came.wait(30)


EVIL = "\x1b[2K\u202eevil\r\nimveil: as its owner wrote it"


def test_nothing_of_a_stranger_reaches_the_terminal_raw(capsys: Any) -> None:
    say(EVIL)
    note(EVIL)
    say_json({EVIL: EVIL})
    say_table(["name"], [[EVIL]])
    for text in capsys.readouterr():
        assert not set(text) & {"\x1b", "\u202e", "\r"}
        assert "\nimveil: as its owner" not in text


def test_of_many_lines_twenty_are_said(capsys: Any) -> None:
    notes([f"line {i}" for i in range(21)])
    said = capsys.readouterr().err.splitlines()
    assert (len(said), said[19], said[20]) == (21, "imveil: line 19", "imveil: and 1 more")
    notes(["first"], 3)
    assert capsys.readouterr().err == "imveil: first\nimveil: and 2 more\n"
    lost = [Reject(i, f"cat/{i}.png", "", "is missing") for i in range(100)]
    with pytest.raises(Exit):
        progress.rejected(Report(0, 0, 0, 0.0, lost, notes=["well"]), "ask again")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 + 20 + 1 + 1
    assert said[-2:] == ["imveil: and 80 more", "imveil: 100 pictures were left out; ask again"]


@pytest.mark.parametrize(
    "words",
    [
        ["decrypt", "c", "s3://bucket/back", "--key", "my.key"],
        ["rekey", "s3://bucket/c", "new", "--from", "my.key", "--to", "my.key"],
        ["seal", "c", "s3://bucket/sealed", "--key", "my.key"],
        ["train", "c", "s3://bucket/model.safetensors"],
        ["predict", "s3://bucket/model.safetensors", "c"],
        ["audit", "gs://bucket/c"],
        ["keygen", "sftp://host/my.key"],
    ],
    ids=lambda words: words[0],
)
def test_an_address_where_a_path_is_needed(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """As a path it would be a folder here, "s3:", into which pictures went in plain."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert "://" in said
    assert "is an address, and a place on this machine is needed" in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ["encrypt", EVIL, "out", "--key", "my.key", "--scheme", "negpos/1"],
        ["encrypt", "photos", EVIL, "--key", "none.key", "--scheme", "negpos/1"],
        ["encrypt", "photos", "out", "--key", EVIL, "--scheme", "negpos/1"],
        ["encrypt", "photos", "out", "--key", "my.key", "--scheme", EVIL],
        ["encrypt", "photos", "out", "--key", "my.key", "--scheme", "negpos/1", "--set", EVIL],
        ["decrypt", EVIL, "out", "--key", "my.key"],
        ["verify", EVIL],
        ["train", EVIL, "m"],
        ["predict", EVIL, EVIL],
        ["evaluate", EVIL, EVIL],
        ["audit", EVIL],
        ["metrics", EVIL],
        ["key", "inspect", EVIL],
        ["show", EVIL, "--key", EVIL],
        ["run", EVIL],
        ["schemes", EVIL],
        ["claims", EVIL],
        ["labels", EVIL, "--key", EVIL],
        ["estimate", EVIL, "--scheme", "negpos/1"],
        ["compress", EVIL, EVIL, "--key", EVIL],
        [EVIL],
    ],
    ids=lambda words: " ".join(word for word in words if word != EVIL),
)
def test_no_command_echoes_raw(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["keygen", "my.key"])
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code in (1, 2)
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert not set(said.out + said.err) & {"\x1b", "\u202e", "\r"}
