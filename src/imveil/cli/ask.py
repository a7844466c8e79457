"""`imveil ask`: a served model is asked about plain pictures, which are encrypted here first. The key stays."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imveil.cli.codes import BAD, PART
from imveil.cli.options import Json, KeyOption
from imveil.cli.progress import working
from imveil.cli.words import fact, note, say, say_json
from imveil.errors import BadField, BadImage, BadShape

if TYPE_CHECKING:
    from imveil.owner.asking.served import Reply

GROUP = "Owner"
MOST_GIVEN = 1 << 28  # bytes on standard input


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ask")(ask)


def ask(
    url: Annotated[str, typer.Argument(help="The server: https://models.example:8700.", show_default=False)],
    pictures: Annotated[
        list[str],
        typer.Argument(
            help="Pictures, folders, tars, Parquet files, any plain source; - for a list of paths, or the bytes of a "
            "picture, on standard input.",
            show_default=False,
        ),
    ],
    key: KeyOption,
    model: Annotated[str, typer.Option(help="The model's name; may be left out where there is one.")] = "",
    expect: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What the server may want: scheme=etc/1; again for others."),
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="A file whose first line is the server's token.")] = None,
    classes: Annotated[
        Path | None, typer.Option(help="A file of the real class names, one a line, to open hidden labels.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many classes to name for each picture.")] = 3,
    as_json: Json = False,
) -> None:
    """Ask a served model about your pictures. They are encrypted here, as the model wants them; the key stays here.

    What a server wants is held to what it wanted at first: scheme, fields and key. A picture that cannot be read gets
    one line, the others are answered, and the exit code is 1.

    \b
    Examples:
      imveil ask http://127.0.0.1:8700 photo.png --key owner.key
      imveil ask https://models.example photos/ --key owner.key --model lungs --json
      imveil ask https://models.example - --key owner.key < photo.png
      imveil ask http://127.0.0.1:8700 new/ --key owner.key --expect scheme=negpos/1
    """
    from imveil.cli.secrets import open_key
    from imveil.owner.asking.served import Inquiry

    pairs = [one.partition("=") for one in expect or []]
    if bad := [name for name, mark, _ in pairs if not mark]:
        raise BadField(f"--expect takes NAME=VALUE, got {bad[0]!r}")
    token = token_file.read_text(encoding="utf-8").partition("\n")[0].strip() if token_file else ""
    named = classes.read_text(encoding="utf-8").split("\n") if classes else []
    said = {name: value for name, _, value in pairs} or None
    failures: list[str] = []
    answered = 0
    chosen = [name for name in named if name]
    with Inquiry(url, open_key(key), model=model, token=token, expect=said, classes=chosen) as cloud:
        known = f"{cloud.model}: {cloud.scheme}, {cloud.wanted.status or 'not measured'}"
        note(known) if as_json else fact("model", known)
        if cloud.hidden:
            note("the model's classes are hidden; --classes FILE opens them under the key that hid them")
        with working("asking") as tell:
            for replies in cloud.stream(_read(pictures, cloud, failures), top):
                answered += len(replies)
                for one in replies:
                    say_json(one.as_json()) if as_json else say(_line(one))
                tell("pictures", answered)
    for line in failures:
        note(line)
    if failures:
        raise typer.Exit(PART if answered else BAD)


def _read(places: list[str], cloud: Any, failures: list[str]) -> Iterator[tuple[str, Any]]:
    """(name, picture) pairs of all places; what cannot be read or made fit is a failure of its own."""
    from imveil.owner.picture import read_picture
    from imveil.owner.sources import is_picture, open_source

    for place in _named(places):
        one = isinstance(place, bytes) or is_picture(Path(place))
        source = None if one else open_source(str(place))
        count = 1 if source is None else len(source.items)
        for i in range(count):
            name = "-" if isinstance(place, bytes) else place
            name = name if source is None else f"{name}/{source.items[i].id(source.classes)}"
            try:
                pixels = (read_picture(place) if source is None else source.read(i)).pixels
                cloud.fit(pixels)
            except (BadImage, BadShape) as error:
                failures.append(error.message if name in error.message else f"{name}: {error.message}")
                continue
            yield name, pixels


def _named(places: list[str]) -> Iterator[str | bytes]:
    """Places as they are, and in place of "-" what standard input has: a picture's bytes, or paths, one a line."""
    from imveil.owner.picture import is_readable

    for place in places:
        if place != "-":
            yield place
            continue
        given = sys.stdin.buffer.read(MOST_GIVEN + 1)
        if len(given) > MOST_GIVEN:
            raise BadImage(f"standard input has more than {MOST_GIVEN:,} bytes, which are read")
        if is_readable(given):
            yield given
        else:
            yield from filter(None, given.decode("utf-8", "surrogateescape").splitlines())


def _line(one: Reply) -> str:
    rest = ", ".join(f"{name} {share:.1%}" for name, share in one.top)
    return f"{one.name}: {rest}"
