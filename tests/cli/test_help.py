"""Help: groups, one line a command, examples that the command line itself can read, and errors that point to it."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer

from imveil.cli import GROUPS, build, main

ROOT = typer.main.get_command(build())


def _commands(group: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found = {}
    for name, command in group.commands.items():
        at = (*path, name)
        found |= _commands(command, at) if hasattr(command, "commands") else {at: command}
    return found


COMMANDS = _commands(ROOT)


def test_every_command_stands_under_a_heading() -> None:
    shown: dict[str, list[str]] = {}
    for name, command in ROOT.commands.items():  # type: ignore[attr-defined]
        shown.setdefault(command.rich_help_panel, []).append(name)
    assert tuple(shown) == GROUPS
    assert {"encrypt", "decrypt", "verify", "seal", "rekey"} <= set(shown["Owner"])
    assert {"evaluate", "predict", "train"} <= set(shown["Cloud"])
    assert "audit" in shown["Attacker"]
    assert shown["Keys"] == ["keygen", "key"]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_examples_are_there_and_can_be_read(path: tuple[str, ...]) -> None:
    text = COMMANDS[path].help
    assert "Examples:\n" in text, "each command shows how it is typed"
    lines = re.sub(r"\\\n\s*", "", text.split("Examples:\n")[1]).splitlines()
    typed = [line.split(" < ")[0].split(" | ")[-1].strip() for line in lines if line.strip()]
    typed = [line[line.index("imveil") :] for line in typed]
    assert typed
    for line in typed:
        words = shlex.split(line)
        assert tuple(words[1 : 1 + len(path)]) == path
        COMMANDS[path].make_context(" ".join(path), words[1 + len(path) :])  # an unknown option or word is an error


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_wrong_option_points_to_the_help_of_its_command(path: tuple[str, ...], capsys: Any) -> None:
    with pytest.raises(SystemExit) as left:
        main([*path, "--no-such-option"])
    assert left.value.code == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.count("\n") == 1
    assert f"See 'imveil {' '.join(path)} --help'." in said.err


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_is_whole(path: tuple[str, ...], capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost in the markup: every word of the text, every option and its help is on the page."""
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as left:
        main([*path, "--help"])
    assert left.value.code == 0
    page = re.sub(r"[\s│]+", " ", capsys.readouterr().out)
    for word in COMMANDS[path].help.replace("\b", " ").split():
        assert word in page, word
    for parameter in COMMANDS[path].params:
        if help := getattr(parameter, "help", None):
            assert " ".join(help.split()[:6]) in page, help
