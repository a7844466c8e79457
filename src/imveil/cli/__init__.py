"""The command line: words and exit codes only. A command is found by being there: a file with GROUP and `register`.

A module of this package that defines `register(app)` adds its commands to the typer app, and its constant `GROUP`,
one of `GROUPS`, says under which heading `imveil --help` lists them. Modules import only typer and light files of
imveil at the top, everything heavy inside the command: `imveil --help` stays quick. What is said goes through
`imveil.cli.words` and `imveil.cli.progress`, which let no text of a stranger move the cursor.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import typer

from imveil.cli.codes import BAD, DONE, FAULT, INTERRUPTED, PART
from imveil.cli.words import note
from imveil.errors import BadInput, ImveilError

GROUPS = ("Owner", "Cloud", "Private path", "Attacker", "Laboratory", "Keys")
FIRST = ("encrypt", "decrypt", "verify", "seal", "rekey", "train", "predict", "evaluate", "schemes", "leaderboard")
"""What most users look for: these modules come first in their groups, the others by name."""


def build() -> typer.Typer:
    """The whole command line as one typer app, its commands found in the modules beside this file."""
    app = typer.Typer(
        name="imveil",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Train and query image models on pictures nobody can see, and measure what an attacker could still see.",
    )

    def show_version(on: bool) -> None:
        if on:
            from imveil import __version__
            from imveil.cli.words import say

            say(f"imveil {__version__}")
            raise typer.Exit

    @app.callback()
    def root(
        version: bool = typer.Option(
            False, "--version", help="Print the version.", callback=show_version, is_eager=True
        ),
    ) -> None:
        del version

    found = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    registering = [module for module in found if hasattr(module, "register")]
    for module in sorted(registering, key=_place):
        commands, groups = len(app.registered_commands), len(app.registered_groups)
        module.register(app)
        for command in app.registered_commands[commands:]:
            command.rich_help_panel, command.help = module.GROUP, _flowing(command.callback)
            command.callback = _here(command.callback)
        for group in app.registered_groups[groups:]:
            group.rich_help_panel = module.GROUP
            for command in group.typer_instance.registered_commands if group.typer_instance else []:
                command.help = _flowing(command.callback)
                command.callback = _here(command.callback)
    return app


def _here(command: Any) -> Any:
    """The command, which refuses an address where a path is needed: as a path it would be a folder called "s3:"."""

    @functools.wraps(command)
    def asked(**given: Any) -> Any:
        from pathlib import Path

        from imveil.store.files import here

        for value in given.values():
            for place in value if isinstance(value, list) else [value]:
                if isinstance(place, Path):
                    here(place, BadInput)
        return command(**given)

    return asked


def _place(module: Any) -> tuple[int, int, str]:
    """Where the commands of a module stand in `imveil --help`."""
    name = module.__name__.rpartition(".")[2]
    return GROUPS.index(module.GROUP), FIRST.index(name) if name in FIRST else len(FIRST), name


def _flowing(command: Any) -> str:
    """The text of a command's help: paragraphs of one line, which a terminal breaks where it ends; examples stay."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(part if part.startswith("\b") else " ".join(part.split()) for part in paragraphs)


def main(argv: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code, one of `imveil.cli.codes`.

    Every failure is one line on standard error. `IMVEIL_DEBUG=1` shows the traceback instead.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a letter gets its number, not a traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        code = build()(args=argv, prog_name="imveil", standalone_mode=False) or DONE
        if code == INTERRUPTED:  # newer typer swallows the interrupt and returns its code: the line is still due
            code = _say(KeyboardInterrupt())
    except BaseException as error:  # this is the edge: nothing may pass it but a line and an exit code
        if os.environ.get("IMVEIL_DEBUG") and not isinstance(error, SystemExit):
            raise
        code = _say(error)
    _leave(int(code))


def _leave(code: int) -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe went away: nothing is left to be said to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _say(error: BaseException) -> int:
    """One line for any failure, and its exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return _line("interrupted; run the same command again to go on", INTERRUPTED)
    if isinstance(error, ImveilError):
        return _line(str(error), error.exit_code)
    if hasattr(error, "format_message"):  # a usage error of the command line itself
        command = getattr(getattr(error, "ctx", None), "command_path", "imveil")
        said = error.format_message().rstrip(".")
        return _line(f"{said}{'' if said.endswith('?') else '.'} See '{command} --help'.", BAD)
    if isinstance(error, BrokenPipeError):
        return 0
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return _line(f"{where}{error.strerror or error}", PART)
    if isinstance(error, MemoryError):
        return _line("out of memory; use a smaller batch or fewer workers", PART)
    return _line(f"internal error: {type(error).__name__}: {error}; set IMVEIL_DEBUG=1 to see where", FAULT)


def _line(text: str, code: int) -> int:
    note(text)
    return code
