"""The command line: its commands by groups, and its exit codes, for docs/cli.md."""

from __future__ import annotations

import typer
from scripts.tables._markdown import markdown

from imveil.cli import GROUPS, build
from imveil.cli.codes import MEANING


def commands() -> str:
    """One line a group of commands."""
    root = typer.main.get_command(build())
    named: dict[str, list[str]] = {group: [] for group in GROUPS}
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        parts = ", ".join(f"`{part}`" for part in getattr(command, "commands", {}))
        named[command.rich_help_panel].append(f"`{name}`" + (f" ({parts})" if parts else ""))
    return markdown(["group", "commands"], [[group, ", ".join(names)] for group, names in named.items()])


def codes() -> str:
    """One line an exit code."""
    return markdown(["code", "meaning"], [[str(code), text] for code, text in MEANING.items()])


TABLES = {"commands": commands, "exit-codes": codes}
