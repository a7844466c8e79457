"""Commands about what is claimed and what is measured: `imveil claims`."""

from __future__ import annotations

from typing import Annotated, Any

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
    import imveil
    from imveil.lab.claims import Evidence, claims_of, judge
    from imveil.lab.evidence import status
    from imveil.lab.paper import PAPER, SEED

    left = 0.0 if measure is None else seconds(measure)
    found = [imveil.find(id) for id in schemes or [SEED]]
    answer: list[dict[str, Any]] = []
    with working("reading the records" if measure is None else "measuring") as tell:
        for scheme in found:
            asked = [*(PAPER if scheme.id == SEED else []), *claims_of(scheme)]
            judged, left = judge(asked, budget=left, tell=tell)
            answer.append(
                {
                    "scheme": scheme.id,
                    "status": status(scheme, Evidence().kind("recovery")),
                    "claims": [
                        {
                            "claim": claim.says,
                            "by": claim.by,
                            "readings": [
                                {"means": reading.means, "verdict": one.verdict, "measured": one.words}
                                for reading, one in zip(claim.readings, verdicts, strict=True)
                            ],
                        }
                        for claim, verdicts in judged
                    ],
                }
            )
    if as_json:
        say_json(answer, indent=1)
        return
    for number, page in enumerate(answer):
        for line in ([""] if number else []) + _lines(page):
            say(line)


def _lines(page: dict[str, Any]) -> list[str]:
    lines = [f"{page['scheme']}: {page['status']}"]
    for claim in page["claims"]:
        lines += ["", f"{claim['claim']} ({claim['by']})"]
        for reading in claim["readings"]:
            measured = f": {reading['measured']}" if reading["measured"] else ""
            lines.append(f"  {reading['verdict']}, if it means that {reading['means']}{measured}")
    return lines
