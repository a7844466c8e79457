"""Commands that tell about schemes: `imveil schemes`."""

from __future__ import annotations

from textwrap import fill
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Add the command `schemes`."""
    app.command("schemes", epilog="Examples: imveil schemes | imveil schemes negpos/1 | imveil schemes --json")(schemes)


def schemes(
    id: Annotated[str, typer.Argument(metavar="[ID]", help="One scheme; all of them in a table when left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of words.")] = False,
) -> None:
    """The schemes: what each hides and leaks, its fields, its paper."""
    import json

    import imveil
    from imveil.lab.tables.schemes import page_of

    pages = [page_of(name) for name in ([id] if id else imveil.schemes.names())]
    if id:
        from imveil.lab.bench.keyspace import parameter_bits

        pages[0]["settings_bits"] = round(parameter_bits(imveil.find(id), (32, 32, 3)), 1)
    if as_json:
        typer.echo(json.dumps(pages[0] if id else pages, indent=1))
    elif id:
        _show(pages[0])
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("id", "what", "key", "paper", box=None, pad_edge=False)
        for page in pages:
            key = "an image" if page["traits"]["per_image"] else "a data set"
            table.add_row(page["id"], page["what"], key, page["paper"])
        Console().print(table)


def _show(page: dict[str, Any]) -> None:
    from imveil.lab.tables.schemes import NAMES

    typer.echo(f"{page['id']}: {page['what']}\n\n{page['text']}" + ("\n" if page["text"] else ""))
    counted = f" At most 2^{page['settings_bits']:.0f} settings for 32x32x3, all of them from a key of 256 bits."
    for part, name in NAMES.items():
        text = page[part] + (counted if part == "key_space" else "")
        typer.echo(fill(f"{name.lower() + ':':11}{text}", 100, subsequent_indent=" " * 11))
    typer.echo(f"{'paper:':11}{page['paper']}\n\n{page['use']}")
    for title in ("fields", "traits"):
        typer.echo(f"\n{title}:" + ("" if page[title] else " none"))
        for name, value in page[title].items():
            if title == "fields":
                takes = " | ".join(map(str, value["takes"]))
                value = f"{value['default']}   ({takes})"
            typer.echo(f"  {name} = {value}")
