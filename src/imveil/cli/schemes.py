"""Commands that tell about schemes: `imveil schemes`."""

from __future__ import annotations

from textwrap import wrap
from typing import Annotated, Any

import typer

from imveil.cli.options import Json
from imveil.cli.words import say, say_json, say_table

GROUP = "Laboratory"


def register(app: typer.Typer) -> None:
    """Add the command `schemes`."""
    app.command("schemes")(schemes)


def schemes(
    id: Annotated[str, typer.Argument(metavar="ID", help="One scheme; all of them in a table when left out.")] = "",
    as_json: Json = False,
) -> None:
    """The schemes: what each hides and leaks, its fields, its paper.

    \b
    Examples:
      imveil schemes
      imveil schemes negpos/1
      imveil schemes mine.py:Stripes
      imveil schemes --json
    """
    import imveil
    from imveil.lab.tables.schemes import page_of

    pages = [page_of(name) for name in ([id] if id else imveil.schemes.names())]
    if id:
        from imveil.lab.bench.keyspace import parameter_bits

        pages[0]["settings_bits"] = round(parameter_bits(imveil.find(id), (32, 32, 3)), 1)
    if as_json:
        say_json(pages[0] if id else pages, indent=1)
    elif id:
        _show(pages[0])
    else:
        keys = ("a data set", "an image")
        rows = [[page["id"], page["what"], keys[page["traits"]["per_image"]], page["paper"]] for page in pages]
        say_table(["id", "what", "key", "paper"], rows)


def _show(page: dict[str, Any]) -> None:
    from imveil.lab.tables.schemes import NAMES

    lines = [f"{page['id']}: {page['what']}", "", *page["text"].splitlines(), *([""] if page["text"] else [])]
    counted = f" At most 2^{page['settings_bits']:.0f} settings for 32x32x3, all of them from a key of 256 bits."
    for part, name in NAMES.items():
        text = page[part] + (counted if part == "key_space" else "")
        lines += wrap(f"{name.lower() + ':':11}{text}", 100, subsequent_indent=" " * 11)
    lines += [f"{'paper:':11}{page['paper']}", "", *page["use"].splitlines()]
    for title in ("fields", "traits"):
        lines += ["", f"{title}:" + ("" if page[title] else " none")]
        for name, value in page[title].items():
            if title == "fields":
                takes = " | ".join(map(str, value["takes"]))
                value = f"{value['default']}   ({takes})"
            lines.append(f"  {name} = {value}")
    for text in lines:
        say(text)
