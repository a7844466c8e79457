"""Commands of the laboratory: `imveil run`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from imveil.errors import BadField


def register(app: typer.Typer) -> None:
    """Add the command `run`."""
    app.command("run", epilog="Example: imveil run plain seed --seeds 0,1; imveil run seed --query another")(run)


def run(
    recipes: Annotated[
        list[str], typer.Argument(metavar="RECIPE...", help="Names of recipes, or .py files that hold a RECIPE.")
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
    """
    from rich.console import Console

    from imveil import record
    from imveil.cloud.device import accelerator, pick_device
    from imveil.lab.experiment import run as measure
    from imveil.lab.recipes import asked
    from imveil.system import cache_folder

    try:
        numbers = [int(seed) for seed in seeds.split(",")]
    except ValueError:
        raise BadField(f"seeds are whole numbers separated by commas, got {seeds!r}") from None
    console, where = Console(stderr=True), pick_device(device)
    kept = cache_folder() / "runs"
    kept.mkdir(parents=True, exist_ok=True)
    chosen = [asked(name, query) for name in recipes]
    for seed in numbers:
        for name, recipe in chosen:
            have = {(r.digest, r.seed, r.machine.get("accelerator")) for r in record.read("accuracy")}
            if (recipe.digest, seed, accelerator(where)) in have and not again:
                console.print(f"{name}, seed {seed}: recorded already")
                continue
            with console.status(f"{name}, seed {seed}") as status:

                def tell(progress: object, status: object = status, label: str = f"{name}, seed {seed}") -> None:
                    done = getattr(progress, "done", None)
                    if done is not None and done.valid is not None:
                        status.update(f"{label}: epoch {done.number}, held-out {100 * done.valid:.1f} %")  # type: ignore[attr-defined]

                checkpoint = kept / f"{recipe.digest}-{seed}-{where.type}.pt"
                result = measure(recipe, seed, name, tell, device=device, checkpoint=checkpoint)
            record.append(result)
            typer.echo(f"{name} seed {seed}: {result.value:.2f} % [{result.low:.2f}, {result.high:.2f}] n={result.n}")
