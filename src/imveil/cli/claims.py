"""Commands about what is claimed and what is measured: `imveil claims`."""

from __future__ import annotations

from typing import Annotated

import typer

from imveil.cli.options import Json
from imveil.cli.progress import working
from imveil.cli.words import say, say_json, seconds

GROUP = "Laboratory"


def register(app: typer.Typer) -> None:
    """Add the command `claims`."""
    app.command("claims")(claims)


def claims(
    schemes: Annotated[
        list[str] | None, typer.Argument(metavar="SCHEME", help="Ids; the founding paper's scheme when left out.")
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Measure what the records lack, for so long: 120s, 10m, 1h.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """What is claimed of schemes, and what the records say: held, refuted, not measured.

    Nothing is measured unless asked for with --measure; what is new then is appended to the records.

    \b
    Examples:
      imveil claims
      imveil claims etc/1 negpos/1 --json
      imveil claims etc/1 --measure 10m
    """
    from imveil.lab.judgements import judgements

    budget = 0.0 if measure is None else seconds(measure)
    with working("reading the records" if measure is None else "measuring") as tell:
        pages = judgements(schemes or (), budget=budget, tell=tell)
    if as_json:
        say_json([page.as_json() for page in pages], indent=1)
        return
    for number, page in enumerate(pages):
        for line in ([""] if number else []) + page.lines():
            say(line)
