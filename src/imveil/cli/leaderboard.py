"""`imveil leaderboard`: accuracy on cipher images beside what an attacker recovers, from the records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import Json
from imveil.cli.words import say, say_json
from imveil.errors import BadDestination, BadField

GROUP = "Laboratory"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("leaderboard")(leaderboard)


def leaderboard(
    data: Annotated[str | None, typer.Option(help="Only rows of this data: cifar10, cifar100.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Name the recipes, too, that were not run.")] = False,
    check: Annotated[
        Path | None, typer.Option(help="Check a row of your own, a JSON file, and leave.", show_default=False)
    ] = None,
    as_json: Json = False,
    kind: Annotated[str, typer.Option(help="Rows of cipher images, or of sums: ciphers, sums.")] = "ciphers",
    plot: Annotated[Path | None, typer.Option(help="Write the plot there, an SVG.", show_default=False)] = None,
) -> None:
    """What a net learns from cipher images, and what attacks on record recover from them and tell apart.

    Every number was measured. Dominated: another row is at least as accurate, and gives back and tells apart no more.
    The page docs/leaderboard.md has all columns. --kind sums has the private path: heads from sums under masks, with
    what is proven and what it costs.

    \b
    Examples:
      imveil leaderboard
      imveil leaderboard --all
      imveil leaderboard --check my-row.json
      imveil leaderboard --data cifar10 --json
      imveil leaderboard --kind sums
      imveil leaderboard --plot accuracy-against-recovery.svg
    """
    from imveil.lab.standings import rows
    from imveil.lab.tables.leaderboard import plot as drawn
    from imveil.lab.tables.leaderboard import table
    from imveil.lab.unrun import unrun

    if check is not None:
        from imveil.lab.board.entries import read_entry

        one = read_entry(check)
        say(f"{check} is a row: {one.name} by {one.by}, {one.scheme} on {one.data}, {len(one.accuracies)} runs")
        return
    if kind not in ("ciphers", "sums"):
        raise BadField(f"rows are of the kind ciphers or sums, not {kind!r}")
    if kind == "sums":
        if everything or plot is not None:
            raise BadField("--all and --plot are of rows of cipher images", hint="leave out --kind sums")
        _sums(data, as_json)
        return
    every_row = rows()
    found = [row for row in every_row if data in (None, row.data)]
    if not found:
        known = ", ".join(sorted({row.data for row in every_row})) or "none"
        raise BadField(f"no row is of the data {data!r}", hint=f"there are rows of: {known}")
    if plot is not None:
        try:
            plot.write_text(drawn(found, data or "cifar10"), encoding="utf-8")
        except OSError as error:
            raise BadDestination(f"{plot} cannot be written: {error.strerror or error}") from error
    others = [row for row in unrun() if data in (None, row.data)] if everything else []
    if as_json:
        say_json([row.as_json() for row in [*found, *others]], indent=1)
        return
    header, lines = table(found)
    for line in _narrow([header, *lines]):
        say(line)
    if others:
        say("\nNot run, each by imveil run NAME:")
    for row in others:
        say(f"  {row.recipe:24} {row.data}, {row.scheme}, {row.model}, {row.adapter}, {row.epochs} epochs")


def _sums(data: str | None, as_json: bool) -> None:
    from imveil.lab.tables.sums import rows

    every_row = rows()
    found = [row for row in every_row if data in (None, row.data)]
    if not found:
        known = ", ".join(sorted({row.data for row in every_row})) or "none"
        raise BadField(f"no row is of the data {data!r}", hint=f"there are rows of: {known}")
    if as_json:
        say_json([row._asdict() for row in found], indent=1)
        return
    for row in found:
        spread = "" if row.sd is None else f" (sd {row.sd:.2f}, {row.draws} draws)"
        say(f"{row.accuracy:.2f} %{spread}  {row.data}, {row.encoder}: {row.how}")
        for what, text in (("proven", row.proven), ("costs", row.costs), ("attacked", row.attacked)):
            if text:
                say(f"    {what:9}{text}")


def _narrow(lines: list[list[str]], columns: tuple[int, ...] = (0, 1, 3, 5, 7, 8, 9, 10, 11, 14)) -> list[str]:
    """The columns that fit a terminal, side by side."""
    kept = [[line[k].replace("`", "") for k in columns] for line in lines]
    wide = [max(len(line[k]) for line in kept) for k in range(len(columns))]
    return ["  ".join(f"{cell:<{w}}" for cell, w in zip(line, wide)).rstrip() for line in kept]
