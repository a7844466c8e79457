"""`imveil bench`: measurements of parts of imveil, for whoever wants to see a number for themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from imveil.cli.options import Json
from imveil.cli.progress import working
from imveil.cli.words import note, say_json, say_table
from imveil.errors import BadDestination, BadField

GROUP = "Laboratory"


def register(app: typer.Typer) -> None:
    """Add the group `bench`."""
    bench = typer.Typer(no_args_is_help=True, help="Measure parts of imveil.")
    bench.command("sequences")(sequences)
    bench.command("jpeg")(jpeg)

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
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="A folder for sequences.json and the pictures.")] = None,
    keep: Annotated[bool, typer.Option("--record", help="Append to records/sequence.jsonl.")] = False,
) -> None:
    """Chaotic sequences beside AES-CTR: statistics with the shuffle on and off, speed, exponents, cycles, weak keys.

    A good number here does not make a fixed mask safe: attacks on it do not look for the key.

    \b
    Examples:
      imveil bench sequences --keys 3 --out sequences/
      imveil bench sequences --maps logistic-xor/1 --json
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
    with working("measuring") as tell:
        total = len(kinds()) + len(chosen)
        for done, some in enumerate(measure_bytes(keys, side)):
            found += some
            tell("sequences", done + 1, total)
        for done, id in enumerate(chosen, len(kinds())):
            tell(f"orbits of {id}", done, total)
            for some in measure_map(id, keys, cycle_limit, weak_keys, pairs):
                found += some
    if keep:
        for one in found:
            record.append(one)
    facts = [one.model_dump() for one in found]
    if out is not None:
        (out / "sequences.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        for file in pictures(out):
            note(f"wrote {file}")
    if as_json:
        say_json(facts, indent=1)
        return
    for table in (bytes_table(found, spread=False), maps_table(found)):
        say_table(*table)


def jpeg(
    folder: Annotated[Path, typer.Argument(help="Colour pictures of 8 bits, lossless.")],
    as_json: Json = False,
    keep: Annotated[bool, typer.Option("--record", help="Append to records/jpeg.jsonl.")] = False,
) -> None:
    """Pictures encrypted, stored as JPEG and decrypted, beside JPEG alone: PSNR in dB, and the size of files.

    \b
    Examples:
      imveil bench jpeg photographs/
    """
    from imveil import record
    from imveil.lab.bench.jpeg import CASES, WAYS, measure, photographs
    from imveil.lab.tables.jpeg import jpeg_table

    pictures = photographs(folder)
    found: list[Any] = []
    with working("measuring") as tell:
        for done, some in enumerate(measure(pictures, folder.resolve().name)):
            found += some
            tell("ways", done + 1, len(CASES) * len(WAYS))
    if keep:
        for one in found:
            record.append(one)
    if as_json:
        say_json([one.model_dump() for one in found], indent=1)
    else:
        say_table(*jpeg_table(found, short=True))
