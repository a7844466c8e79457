"""`imveil leaderboard`: accuracy on cipher images beside what an attacker recovers, from the records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.errors import BadDestination


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "leaderboard",
        epilog="Examples: imveil leaderboard | imveil leaderboard --json | imveil leaderboard --plot x.svg",
    )(leaderboard)


def leaderboard(
    data: Annotated[str | None, typer.Option(help="Only rows of this data: cifar10, cifar100.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The measured rows as JSON.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Write the plot there, an SVG.", show_default=False)] = None,
) -> None:
    """What a net learns from cipher images, and the best that any attack on record recovers from them.

    Every number is from records/. Recipes that have none stand as "not run". Dominated: another row is at least as
    accurate and gives away no more. The page docs/leaderboard.md has all columns.

    \b
    Examples:
      imveil leaderboard
      imveil leaderboard --data cifar10 --json
      imveil leaderboard --plot accuracy-against-recovery.svg
    """
    import json

    from imveil.lab.standings import not_run, rows
    from imveil.lab.tables.leaderboard import plot as drawn
    from imveil.lab.tables.leaderboard import table

    found = [row for row in rows() if data in (None, row.data)]
    if plot is not None:
        try:
            plot.write_text(drawn(found, data or "cifar10"), encoding="utf-8")
        except OSError as error:
            raise BadDestination(f"{plot} cannot be written: {error.strerror or error}") from error
    if as_json:
        typer.echo(json.dumps([row.as_json() for row in found], indent=1))
        return
    header, lines = table(found, [row for row in not_run(found) if data in (None, row.data)])
    typer.echo(_narrow([header, *lines]))


def _narrow(lines: list[list[str]], columns: tuple[int, ...] = (0, 1, 3, 5, 7, 8, 9, 10, 13)) -> str:
    """The columns that fit a terminal, side by side."""
    kept = [[line[k].replace("`", "") for k in columns] for line in lines]
    wide = [max(len(line[k]) for line in kept) for k in range(len(columns))]
    return "\n".join("  ".join(f"{cell:<{w}}" for cell, w in zip(line, wide)).rstrip() for line in kept)
