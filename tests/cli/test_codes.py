"""Exit codes and groups: docs/cli.md has what the code has, and no command leaves with another code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from scripts.tables.cli import TABLES

import imveil.cli
from imveil import errors
from imveil.cli import codes
from imveil.cli.codes import MEANING

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_page_has_the_commands_and_codes_of_the_code() -> None:
    for name, table in TABLES.items():
        assert f"<!-- table: {name} -->\n{table()}<!-- end -->" in PAGE, "run python -m scripts.tables"


def test_commands_leave_with_these_codes_alone() -> None:
    for file in Path(imveil.cli.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("typer.Exit", "SystemExit", "sys.exit"):
                for name in re.findall(r"\b[A-Z_]{3,}\b", ast.unparse(node)):
                    assert hasattr(codes, name), f"{file.name}:{node.lineno}"
                assert not re.search(r"\d", ast.unparse(node)), f"{file.name}:{node.lineno}: name the code"
    known = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ImveilError)]
    assert {kind.exit_code for kind in known} <= MEANING.keys()
