"""`imveil run`: experiments of the laboratory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from imveil.cli.progress import Tell, working
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
    from imveil import record
    from imveil.cloud.device import accelerator, pick_device
    from imveil.lab.experiment import run as measure
    from imveil.lab.recipes import asked
    from imveil.system import cache_folder

    try:
        numbers = [int(seed) for seed in seeds.split(",")]
    except ValueError:
        raise BadField(f"seeds are whole numbers separated by commas, got {seeds!r}") from None
    where = pick_device(device)
    kept = cache_folder() / "runs"
    kept.mkdir(parents=True, exist_ok=True)
    chosen = [asked(name, query) for name in recipes]
    for seed in numbers:
        for name, recipe in chosen:
            have = {(r.digest, r.seed, r.machine.get("accelerator")) for r in record.read("accuracy")}
            if (recipe.digest, seed, accelerator(where)) in have and not again:
                note(f"{name}, seed {seed}: recorded already")
                continue
            with working(f"running {name}, seed {seed}") as tell:

                def watch(at: Progress, tell: Tell = tell) -> None:
                    tell(f"step {at.step:,} of {at.steps:,}, loss {at.loss:.3f}")

                checkpoint = kept / f"{recipe.digest}-{seed}-{where.type}.pt"
                result = measure(recipe, seed, name, watch, device=device, checkpoint=checkpoint)
            record.append(result)
            say(f"{name} seed {seed}: {result.value:.2f} % [{result.low:.2f}, {result.high:.2f}] n={result.n}")
