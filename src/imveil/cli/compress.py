"""`imveil compress` and `imveil expand`: pictures as encrypted, compressed files that only the key opens."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imveil.errors import BadImage, BadShape

if TYPE_CHECKING:
    from imveil.owner.compress import Task

KeyOption = Annotated[
    str,
    typer.Option(
        "--key", help="The key: a file, fd:N, env:NAME where NAME names a file, or cmd:PROGRAM.", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    """Add the two commands."""
    app.command("compress")(compress)
    app.command("expand")(expand)


def compress(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A picture, or a folder of them.", show_default=False)],
    destination: Annotated[
        Path, typer.Argument(metavar="DST", help="A new file, or a new folder.", show_default=False)
    ],
    key: KeyOption,
    k: Annotated[int, typer.Option("--k", help="How many neighbours merge: 2, 3 or 4.")] = 2,
    coder: Annotated[str, typer.Option(help="The entropy coder: huffman, none, zlib, bz2 or lzma.")] = "huffman",
) -> None:
    """Compress and encrypt pictures without loss. Nothing can be learned from the result: it is for keeping.

    Chaotic permutation, merging by the Chinese remainder theorem, an entropy coder, chaotic substitution (Ahmad,
    Shin 2021). Merging expands; the coder gains what a histogram is uneven. Files are larger than PNGs of the same
    pictures, which are not encrypted. Names and sizes of pictures stay readable.

    \b
    Examples:
      imveil compress photo.png photo.imvz --key my.key
      imveil compress photos/ packed/ --key my.key --coder bz2
    """
    from imveil.cli.secrets import open_key
    from imveil.owner.compress import compress_file, plan

    tasks, opened, parts = plan(source, destination), open_key(key), []
    bad = _each(tasks, lambda task: parts.append(compress_file(task, opened, k, coder)))
    if parts:
        plain, merged, coded, file = (
            sum(getattr(p, name) for p in parts) for name in ("plain", "merged", "coded", "file")
        )
        shares = f"merged {merged / plain:.1%}, after {coder} {coded / plain:.1%}, as files {file / plain:.1%}"
        typer.echo(f"{_pictures(len(parts))} of {plain:,} samples: {shares}, {destination}")
    _close(bad)


def expand(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="A compressed picture, or a folder of .imvz.", show_default=False)
    ],
    destination: Annotated[
        Path, typer.Argument(metavar="DST", help="A new .png file, or a new folder.", show_default=False)
    ],
    key: KeyOption,
) -> None:
    """Bring back pictures that 'imveil compress' made, byte for byte, as PNG files.

    \b
    Example:
      imveil expand photo.imvz photo.png --key my.key
    """
    from imveil.cli.secrets import open_key
    from imveil.owner.compress import expand_file, plan

    tasks, opened = plan(source, destination, expanding=True), open_key(key)
    bad = _each(tasks, lambda task: expand_file(task, opened))
    if len(bad) < len(tasks):
        typer.echo(f"{_pictures(len(tasks) - len(bad))} expanded, {destination}")
    _close(bad)


def _each(tasks: list[Task], work: Callable[[Task], Any]) -> list[str]:
    """Do all tasks; of a folder, what is wrong with single pictures is returned and the others are done."""
    from rich.console import Console
    from rich.progress import track

    if len(tasks) == 1:
        work(tasks[0])
        return []
    console, bad = Console(stderr=True), []
    for task in track(tasks, "pictures", console=console, transient=True, disable=not console.is_terminal):
        try:
            work(task)
        except (BadImage, BadShape) as error:
            bad.append(str(error))
    return bad


def _close(bad: list[str]) -> None:
    for line in bad:
        print(f"imveil: {line}", file=sys.stderr)
    if bad:
        print(f"imveil: {_pictures(len(bad))} left out", file=sys.stderr)
        raise typer.Exit(code=1)


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"
