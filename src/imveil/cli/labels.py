"""`imveil labels`: what hidden labels mean. Only the key tells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import Json, KeyOption
from imveil.cli.words import say, say_json

GROUP = "Owner"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("labels")(labels)


def labels(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A cipher data set.", show_default=False)],
    key: KeyOption,
    as_json: Json = False,
) -> None:
    """Say what hidden labels mean: the name that the cloud sees, and the class. It takes the key.

    \b
    Examples:
      imveil labels ciphers/ --key my.key
    """
    from imveil.cli.secrets import open_key
    from imveil.owner.shards.contents import read_table
    from imveil.owner.shards.labels import meaning
    from imveil.owner.shards.proof import owned

    opened = open_key(key)
    table = read_table(owned(source, opened).cipher_set, opened)
    told = meaning(table.classes, opened) if table.hide_labels else {name: name for name in table.classes}
    if as_json:
        say_json(told)
        return
    wide = max(map(len, told), default=0)
    for seen, name in told.items():
        say(f"{seen:<{wide}}  {name}")
