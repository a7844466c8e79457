"""`imveil run`: experiments of the laboratory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from imveil.cli.progress import working
from imveil.cli.words import note, say
from imveil.errors import BadField

if TYPE_CHECKING:
    from imveil.cloud.training.settings import Progress

GROUP = "Laboratory"


def register(app: typer.Typer) -> None:
    """Add the command `run`."""
    app.command("run")(run)


def run(
    recipes: Annotated[
        list[str], typer.Argument(metavar="RECIPE", help="Names of recipes, or .py files that hold a RECIPE.")
    ],
    seeds: Annotated[str, typer.Option(help="Seeds, separated by commas.")] = "0",
    query: Annotated[
        Literal["same", "another"] | None,
        typer.Option(help="Encrypt the test pictures under the training pictures' key, or under another one."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Measure also what the records hold already.")] = False,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda", help="Where to compute; auto takes CUDA where there is one.")
    ] = "auto",
) -> None:
    """Run experiments and append one record a seed to records/. What is recorded already is not run again.

    An interrupted run goes on where it was when the same command is given again.

    \b
    Examples:
      imveil run plain seed --seeds 0,1
      imveil run seed --query another
    """
    from imveil.lab.experiment import run_all

    try:
        numbers = [int(seed) for seed in seeds.split(",")]
    except ValueError:
        raise BadField(f"seeds are whole numbers separated by commas, got {seeds!r}") from None
    with working("running") as tell:

        def watch(name: str, seed: int, at: Progress) -> None:
            tell(f"{name}, seed {seed}: step {at.step:,} of {at.steps:,}, loss {at.loss:.3f}")

        for name, seed, result in run_all(recipes, numbers, query=query, again=again, device=device, progress=watch):
            if result is None:
                note(f"{name}, seed {seed}: recorded already")
            else:
                say(f"{name} seed {seed}: {result.value:.2f} % [{result.low:.2f}, {result.high:.2f}] n={result.n}")
