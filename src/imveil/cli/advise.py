"""`imveil advise`: which way fits, from six answers, with numbers from the records."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from imveil.cli.options import Json
from imveil.cli.words import fact, say, say_json

GROUP = "Laboratory"


class HiddenFrom(StrEnum):
    """Who must not see the pictures."""

    cloud = "cloud"
    all = "all"


class Wants(StrEnum):
    """What is to be done."""

    train = "train"
    ask = "ask"


class Cost(StrEnum):
    """What an error costs: a picture that somebody sees after all."""

    little = "little"
    much = "much"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("advise")(advise)


def advise(
    owners: Annotated[int, typer.Option(prompt="How many have pictures?", help="How many parties have pictures.")],
    pictures: Annotated[
        int, typer.Option(prompt="How many pictures has each?", help="How many pictures each of them has.")
    ],
    hidden_from: Annotated[
        HiddenFrom,
        typer.Option(
            prompt="Who must not see any, the cloud or all others?",
            help="Who must not see any picture: the cloud, or all others too.",
        ),
    ],
    wants: Annotated[
        Wants,
        typer.Option(
            prompt="Train a model, or only ask one?", help="What is to be done: train a model, or only ask one."
        ),
    ],
    head_may_leave: Annotated[
        bool,
        typer.Option(
            "--model-may-leave/--model-stays",
            prompt="May others have the model?",
            help="Whether others may have the model.",
        ),
    ],
    enclave: Annotated[
        bool,
        typer.Option(
            "--enclave/--no-enclave",
            prompt="Is a trusted enclave at hand?",
            help="Whether there is an enclave that all trust.",
        ),
    ],
    error: Annotated[
        Cost,
        typer.Option(
            prompt="What does it cost if somebody sees a picture after all?",
            help="What it costs if somebody sees a picture after all.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Say which ways fit, at most four, the best first, each with what it reached on record and what leaks.

    \b
    Examples:
      imveil advise --owners 3 --pictures 1500 --hidden-from all --wants train --model-may-leave --no-enclave \\
          --error much
    """
    from imveil.lab.advice import Situation
    from imveil.lab.advice import advise as ways

    found = ways(Situation(owners, pictures, hidden_from.value, wants.value, head_may_leave, enclave, error.value))
    if as_json:
        say_json([way._asdict() for way in found], indent=1)
        return
    for number, way in enumerate(found, 1):
        say(f"{number}. {way.name}")
        for name in ("accuracy", "proof", "cost", "leaks"):
            fact(f"   {name}", f" {getattr(way, name)}")
        for line in way.commands:
            say(f"     $ {line}")
