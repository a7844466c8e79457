"""`imveil metrics`: every metric of cipher images, beside what random images give. It takes no key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from imveil.cli.options import Json
from imveil.cli.progress import working
from imveil.cli.words import note, say, say_table
from imveil.errors import BadInput

GROUP = "Attacker"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("metrics")(metrics)


def metrics(
    ciphers: Annotated[
        Path,
        typer.Argument(metavar="CIPHERS", help="A cipher data set, or a folder of cipher images.", show_default=False),
    ],
    truth: Annotated[
        Path | None, typer.Option(help="The true pictures, under the cipher files' own names.", show_default=False)
    ] = None,
    most: Annotated[int, typer.Option(min=2, help="How many images to measure.")] = 500,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print a LaTeX tabular instead.")] = False,
    as_json: Json = False,
) -> None:
    """Print every metric of cipher images: mean, spread, what random images give, and where 95 % of those lie.

    Good values are no proof of security: a fixed mask passes all of them and falls to 'imveil audit' in minutes. With
    --truth the metrics between picture and cipher image are there too.

    \b
    Examples:
      imveil metrics ciphers/
      imveil metrics ciphers/ --truth pictures/ --latex
      imveil metrics ciphers/ --csv
    """
    from imveil.audit.measures import measure, table

    asked = [form for form, on in (("csv", csv), ("latex", latex), ("json", as_json)) if on]
    if len(asked) > 1:
        raise BadInput(f"--{asked[0]} and --{asked[1]} exclude each other", hint="give one of them")
    with working("measuring"):
        lines = measure(ciphers, truth, most=most)
    if asked:
        for line in table(lines, asked[0]).splitlines():  # type: ignore[arg-type]
            say(line)
        return
    say_table(["metric", "mean", "sd", "n", "random images", "95 % of them"], map(_cells, lines))
    outside = [line["name"] for line in lines if line["range"] and not _inside(line["mean"], *line["range"])]
    if outside:
        note(f"the mean lies outside of where random images do: {', '.join(outside)}")
    note("good values prove nothing; 'imveil audit' attacks")


def _inside(value: float, low: float, high: float) -> bool:
    return low <= value <= high


def _cells(line: dict[str, Any]) -> list[str]:
    low, high = line["range"] or (None, None)
    span = "" if low is None else f"{low:.4g} to {high:.4g}".replace(" to inf", " and more")
    expected = "" if line["expected"] is None else f"{line['expected']:.4g}"
    name = f"{line['name']} ({line['unit']})" if line["unit"] else line["name"]
    return [name, f"{line['mean']:.4f}", f"{line['sd']:.4f}", f"{line['n']:,}", expected, span]
