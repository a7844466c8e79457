"""Commands that tell about schemes: `imveil schemes`."""

from __future__ import annotations

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

    names = [imveil.find(id).id] if id else imveil.schemes()
    pages = [_page(name) for name in names]
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


def _page(name: str) -> dict[str, Any]:
    """Everything that is said about one scheme, as JSON can hold it."""
    import inspect
    import sys
    from dataclasses import asdict
    from typing import Literal, get_args, get_origin

    import imveil

    scheme = imveil.find(name)
    kinds = type(scheme)._kinds()

    def values(kind: Any) -> list[Any]:
        return list(get_args(kind)) if get_origin(kind) is Literal else [getattr(kind, "__name__", str(kind))]

    text = inspect.cleandoc(sys.modules[type(scheme).__module__].__doc__ or "")
    return {
        "id": scheme.id,
        "what": text.splitlines()[0].removeprefix(f"{scheme.id}: "),
        "paper": scheme.paper,
        "fields": {f: {"default": v, "takes": values(kinds[f])} for f, v in scheme.config().items()},
        "traits": asdict(scheme.traits),
        "about": text,
        "use": inspect.cleandoc(type(scheme).__doc__ or ""),
    }


def _show(page: dict[str, Any]) -> None:
    typer.echo(page["about"] + "\n\n" + page["use"])
    typer.echo(f"\npaper: {page['paper']}")
    for title in ("fields", "traits"):
        typer.echo(f"\n{title}:" + ("" if page[title] else " none"))
        for name, value in page[title].items():
            if title == "fields":
                takes = " | ".join(map(str, value["takes"]))
                value = f"{value['default']}   ({takes})"
            typer.echo(f"  {name} = {value}")
