"""`imveil compress` and `imveil expand`: pictures as encrypted, compressed files that only the key opens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imveil.cli.options import KeyOption
from imveil.cli.progress import left_out, working
from imveil.cli.words import count, notes, say
from imveil.errors import BadImage, BadShape

if TYPE_CHECKING:
    from imveil.owner.compress import Task

GROUP = "Owner"


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
        say(f"{count(len(parts), 'picture')} of {plain:,} samples: {shares}, {destination}")
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
    Examples:
      imveil expand photo.imvz photo.png --key my.key
    """
    from imveil.cli.secrets import open_key
    from imveil.owner.compress import expand_file, plan

    tasks, opened = plan(source, destination, expanding=True), open_key(key)
    bad = _each(tasks, lambda task: expand_file(task, opened))
    if len(bad) < len(tasks):
        say(f"{count(len(tasks) - len(bad), 'picture')} expanded, {destination}")
    _close(bad)


def _each(tasks: list[Task], work: Callable[[Task], Any]) -> list[str]:
    """Do all tasks; of a folder, what is wrong with single pictures is returned and the others are done."""
    bad: list[str] = []
    with working("working on") as tell:
        for done, task in enumerate(tasks):
            tell("pictures", done, len(tasks))
            try:
                work(task)
            except (BadImage, BadShape) as error:
                if len(tasks) == 1:
                    raise
                bad.append(str(error))
    return bad


def _close(bad: list[str]) -> None:
    notes(bad)
    left_out(len(bad))
