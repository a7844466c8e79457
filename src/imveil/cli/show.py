"""`imveil show`: one picture under every scheme, as a contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import KeyOption
from imveil.cli.words import count, note, say
from imveil.errors import BadDestination, BadShape

GROUP = "Owner"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show")(show)


def show(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture.", show_default=False)],
    key: KeyOption,
    scheme: Annotated[
        list[str] | None,
        typer.Option("--scheme", metavar="ID[,FIELD=VALUE]", help="A scheme; again for others; all unless given."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A .png or .html file; NAME-schemes.png here unless given.")
    ] = None,
) -> None:
    """A contact sheet: what each scheme makes of one picture, its histogram, and how large the files are.

    \b
    Examples:
      imveil show photo.jpg --key my.key
      imveil show photo.jpg --key my.key --scheme etc/1 --scheme etc/1,block=16 --out photo.html
    """
    from imveil.cli.fields import find_scheme
    from imveil.cli.secrets import open_key
    from imveil.lab.show import all_shown, scale_of, write_show
    from imveil.owner.picture import read_picture
    from imveil.schemes import names

    target = out or Path(f"{image.stem}-schemes.png")
    if target.suffix.lower() not in (".png", ".html"):
        raise BadDestination(f"a contact sheet goes into a .png or .html file, not {target}")
    if target.exists():
        raise BadDestination(f"{target} exists already", hint="choose another name with --out")
    if not target.parent.is_dir():
        raise BadDestination(f"{target.parent} is no folder", hint="make it first")
    asked = scheme or ["plain/1", *(id for id in names() if id != "plain/1")]
    chosen = [find_scheme(id, settings) for id, *settings in (text.split(",") for text in asked)]
    pixels = read_picture(image).pixels
    opened = open_key(key)
    tiles, refused = all_shown(chosen, pixels, opened, image.name)
    for line in refused:
        note(line)
    if not tiles:
        raise BadShape(f"no scheme that was asked for takes {image}")
    h, w, c = pixels.shape
    channels = {1: "grey", 2: "grey and alpha", 3: "RGB", 4: "RGBA"}[c]
    scaled = f"; shown {1 / scale:.1f} times smaller, averaged" if (scale := scale_of(pixels)) < 1 else ""
    write_show(target, image.name, f"{w}x{h}, {channels}; key {opened.fingerprint}{scaled}", tiles)
    say(f"{target}: {image.name} under {count(len(tiles), 'scheme')}")
