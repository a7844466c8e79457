"""Commands about what is claimed and what is measured: `imveil claims`."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from imveil.errors import BadField


def register(app: typer.Typer) -> None:
    """Add the command `claims`."""
    app.command("claims", epilog="Examples: imveil claims | imveil claims etc/1 --budget 10m | imveil claims --json")(
        claims
    )


def claims(
    schemes: Annotated[
        list[str] | None, typer.Argument(metavar="[SCHEME...]", help="Ids; the founding paper's scheme when left out.")
    ] = None,
    budget: Annotated[
        str, typer.Option(help="Time to measure what the records lack: 120, 120s, 10m, 1h. 0: read the records only.")
    ] = "10m",
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of words.")] = False,
) -> None:
    """What is claimed of schemes, and what the records say: held, refuted, not measured. Measures what is missing.

    New measurements are appended to records/.
    """
    import json

    from rich.console import Console

    import imveil
    from imveil.lab.claims import Evidence, claims_of, judge
    from imveil.lab.evidence import status
    from imveil.lab.paper import PAPER, SEED

    seconds = _seconds(budget)
    found = [imveil.find(id) for id in schemes or [SEED]]
    console = Console(stderr=True)
    answer: list[dict[str, Any]] = []
    with console.status("reading the records") as line:
        for scheme in found:
            asked = [*(PAPER if scheme.id == SEED else []), *claims_of(scheme)]
            judged, left = judge(asked, budget=seconds, tell=line.update)
            seconds = left
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
    typer.echo(json.dumps(answer, indent=1) if as_json else "\n\n".join(map(_words, answer)))


def _words(page: dict[str, Any]) -> str:
    lines = [f"{page['scheme']}: {page['status']}"]
    for claim in page["claims"]:
        lines.append(f"\n{claim['claim']} ({claim['by']})")
        for reading in claim["readings"]:
            measured = f": {reading['measured']}" if reading["measured"] else ""
            lines.append(f"  {reading['verdict']}, if it means that {reading['means']}{measured}")
    return "\n".join(lines)


def _seconds(text: str) -> float:
    """0, 120, 120s, 2m, 1h in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", text.strip())
    if not match:
        raise BadField(f"a budget is a time such as 0, 120, 120s or 10m, got {text!r}")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2] or "s"]
