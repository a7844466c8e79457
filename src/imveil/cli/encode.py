"""`imveil encode`: pictures into an encoder's numbers, kept at the owner's, or what that would cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imveil.cli.options import From, Threads
from imveil.cli.progress import working
from imveil.cli.words import duration, fact

if TYPE_CHECKING:
    from imveil.owner.encoders.base import Encoder
    from imveil.owner.sources.base import Source

Pictures = Annotated[
    str, typer.Argument(metavar="SRC", help="Plain pictures: a folder, a file of many, or cifar10.", show_default=False)
]
CacheFolder = Annotated[
    Path | None, typer.Option("--cache", help="Where an encoder's numbers are kept; imveil's cache unless given.")
]
Precision = Annotated[str, typer.Option(help="float32 or bfloat16; what this processor is faster with unless given.")]

GROUP = "Private path"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("encode")(encode)


def encode(
    src: Pictures,
    encoder: Annotated[
        str, typer.Option(help="lite0-128, lite2-224, onnx:FILE, timm:NAME or torchvision:NAME.")
    ] = "lite2-224",
    estimate: Annotated[bool, typer.Option("--estimate", help="Only say what it would cost.")] = False,
    form: From = None,
    cache: CacheFolder = None,
    precision: Precision = "",
    threads: Threads = None,
) -> None:
    """Run a frozen public encoder on plain pictures at home, and keep its numbers for `imveil sum new`.

    Nothing is sent. What was computed before is not computed again; an interrupted run goes on.

    \b
    Examples:
      imveil encode pictures/ --encoder lite2-224 --estimate
      imveil encode pictures/ --encoder lite0-128
    """
    from imveil.owner import embeddings
    from imveil.owner.sources import open_source

    source = open_source(src, form=form)
    found, folder = opened(encoder, precision, threads), cache_of(cache)
    which = list(range(len(source)))
    if estimate:
        cost = embeddings.estimate(source, which, found, folder)
        fact("pictures", f"{cost.pictures:,}, about {cost.known:,} of them encoded before")
        fact("encoder", f"{found.facts.name}, {found.facts.width} numbers a picture, {found.precision}")
        fact("cost", f"about {duration(cost.seconds)} on this machine, {cost.bytes / 1e6:,.1f} MB in {folder}")
        return
    with working("encoding") as tell:
        done = embeddings.embed(source, which, found, folder, lambda at, of: tell("pictures", at, of))
    fact("encoded", f"{len(done.digests):,} pictures with {found.facts.name}; kept in {folder}, for you alone")


def opened(name: str, precision: str, threads: int | None) -> Encoder:
    """The encoder of a name, with as many threads. Raises UnknownName, BadField, MissingExtra."""
    from imveil.errors import BadField
    from imveil.owner.encoders import find

    if precision not in ("", "float32", "bfloat16"):
        raise BadField(f"--precision is float32 or bfloat16, not {precision!r}")
    if threads:
        from imveil.extras import torch

        torch.set_num_threads(threads)
    return find(name, precision=precision)


def encoder_of(name: str, precision: str, threads: int | None, given: str | None) -> Encoder:
    """The encoder that a round or head names; onnx files, and names of hubs, are given by the user."""
    from imveil.errors import BadField

    if given is None and ":" not in name and name.split("-")[0] in ("onnx", "timm", "torchvision"):
        raise BadField(f"the encoder {name} is a file or model of your own", hint="name it with --encoder")
    return opened(given or name, precision, threads)


def cache_of(folder: Path | None) -> Path:
    """Where numbers are kept."""
    from imveil.system import cache_folder

    return folder or cache_folder() / "embeddings"


def persons_of(source: Source, column: str | None) -> list[str] | None:
    """A person for each picture, from a column of the list; None where none is named. Raises BadSource."""
    if column is None:
        return None
    from imveil.errors import BadSource

    found = getattr(source, "column", None)
    if found is None:
        raise BadSource(f"{source.spec} is no list, so it has no column {column!r}", hint="use folders of persons")
    names: list[str] = found(column)
    return names
