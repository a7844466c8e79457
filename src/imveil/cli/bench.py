"""`imveil bench`: measurements of parts of imveil, for whoever wants to see a number for themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from imveil.errors import BadDestination, BadField


def register(app: typer.Typer) -> None:
    """Add the group `bench`."""
    bench = typer.Typer(no_args_is_help=True, help="Measure parts of imveil.")
    bench.command("sequences", epilog="Example: imveil bench sequences --keys 3 --out sequences/")(sequences)
    bench.command("jpeg", epilog="Example: imveil bench jpeg photographs/")(jpeg)

    @bench.callback()
    def group() -> None:
        pass

    app.add_typer(bench, name="bench")


def sequences(
    keys: Annotated[int, typer.Option(min=1, help="Keys for each number.")] = 10,
    side: Annotated[int, typer.Option(min=2, max=8000, help="A sequence has SIDE x SIDE bytes.")] = 1000,
    cycle_limit: Annotated[int, typer.Option(min=0, help="Steps of a search for a cycle; 0: no search.")] = 10_000_000,
    weak_keys: Annotated[int, typer.Option(min=0, help="Keys that are searched for early repeats.")] = 2_000,
    pairs: Annotated[int, typer.Option(min=0, help="Pairs of neighbouring keys.")] = 10_000,
    maps: Annotated[
        str, typer.Option(help="Schemes whose maps are measured, separated by commas; all by default.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
    out: Annotated[Path | None, typer.Option(help="A folder for sequences.json and the pictures.")] = None,
    keep: Annotated[bool, typer.Option("--record", help="Append to records/sequence.jsonl.")] = False,
) -> None:
    """Chaotic sequences beside AES-CTR: statistics with the shuffle on and off, speed, exponents, cycles, weak keys.

    A good number here does not make a fixed mask safe: attacks on it do not look for the key.
    """
    import json

    from imveil import record
    from imveil.lab.bench.sequences import chaotic, kinds, measure_bytes, measure_map
    from imveil.lab.tables.sequences import bytes_table, maps_table, pictures

    chosen = [id.strip() for id in maps.split(",")] if maps else list(chaotic())
    if unknown := [id for id in chosen if id not in chaotic()]:
        raise BadField(f"{unknown[0]!r} has no chaotic map", hint=f"these have: {', '.join(chaotic())}")
    if out is not None:
        if out.exists() and not out.is_dir():
            raise BadDestination(f"{out} is a file; a folder was needed")
        out.mkdir(parents=True, exist_ok=True)
    found: list[Any] = []
    with _bar() as bar:
        task = bar.add_task("sequences", total=len(kinds()) + len(chosen))
        for some in measure_bytes(keys, side):
            found += some
            bar.advance(task)
        for id in chosen:
            bar.update(task, description=f"orbits of {id}")
            for some in measure_map(id, keys, cycle_limit, weak_keys, pairs):
                found += some
            bar.advance(task)
    if keep:
        for one in found:
            record.append(one)
    text = json.dumps([one.model_dump() for one in found], indent=1)
    if out is not None:
        (out / "sequences.json").write_text(text + "\n", encoding="utf-8")
        for file in pictures(out):
            typer.echo(f"wrote {file}", err=True)
    if as_json:
        typer.echo(text)
        return
    for table in (bytes_table(found, spread=False), maps_table(found)):
        _print(table)


def jpeg(
    folder: Annotated[Path, typer.Argument(help="Colour pictures of 8 bits, lossless.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    keep: Annotated[bool, typer.Option("--record", help="Append to records/jpeg.jsonl.")] = False,
) -> None:
    """Pictures encrypted, stored as JPEG and decrypted, beside JPEG alone: PSNR in dB, and the size of files."""
    import json

    from imveil import record
    from imveil.lab.bench.jpeg import CASES, WAYS, measure, photographs
    from imveil.lab.tables.jpeg import jpeg_table

    pictures = photographs(folder)
    found: list[Any] = []
    with _bar() as bar:
        task = bar.add_task("jpeg", total=len(CASES) * len(WAYS))
        for some in measure(pictures, folder.resolve().name):
            found += some
            bar.advance(task)
    if keep:
        for one in found:
            record.append(one)
    if as_json:
        typer.echo(json.dumps([one.model_dump() for one in found], indent=1))
    else:
        _print(jpeg_table(found, short=True))


def _print(table: tuple[list[str], list[list[str]]]) -> None:
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    for i, head in enumerate(table[0]):
        shown.add_column(head, no_wrap=i == 0)
    for row in table[1]:
        shown.add_row(*row)
    Console().print(shown)


def _bar() -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
