"""`imveil estimate`: what encrypting will take, and what is known of the scheme, before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from imveil.cli.encrypt import reading
from imveil.cli.options import (
    Channels,
    Column,
    Copies,
    Crop,
    Fields,
    FollowLinks,
    From,
    Json,
    Pad,
    Resize,
    SchemeOption,
    Splits,
    Workers,
)
from imveil.cli.progress import interruptible, working
from imveil.cli.words import duration, note, say, say_json, size

if TYPE_CHECKING:
    from imveil.owner.estimation import Estimate

GROUP = "Owner"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("estimate")(estimate)


def estimate(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="What 'imveil encrypt' would be given.", show_default=False)
    ],
    scheme: SchemeOption,
    fields: Fields = None,
    container: Annotated[
        str | None, typer.Option(metavar="NAME", help="How cipher images would be stored; by the scheme unless given.")
    ] = None,
    form: From = None,
    resize: Resize = None,
    pad: Pad = None,
    crop: Crop = None,
    channels: Channels = None,
    copies: Copies = 1,
    follow_links: FollowLinks = False,
    column: Column = None,
    splits: Splits = None,
    workers: Workers = None,
    read_all: Annotated[
        bool, typer.Option("--all", help="Read every picture, so that no broken one is missed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what encrypting a source will take: pictures, broken ones, size of the output, time; and the scheme's status.

    256 pictures, spread over the source, are tried under a key that is thrown away. Nothing is kept.

    \b
    Examples:
      imveil estimate photos/ --scheme etc/1
      imveil estimate scans/ --scheme logistic-xor/1 --crop 224 --all --json
    """
    from imveil.cli.fields import find_scheme
    from imveil.owner.estimation import estimate as look
    from imveil.owner.orders.pictures import open_pictures
    from imveil.statuses import status_of

    chosen = find_scheme(scheme, fields)
    how = reading(form, resize, pad, crop, channels, copies, follow_links, column, splits)
    pictures = open_pictures(source, how)
    for text in pictures.notes:
        note(text)
    with interruptible(), working("looking at pictures"):
        found = look(
            pictures,
            chosen,
            container=container,
            workers=workers,
            read_all=read_all,
        )
    known = status_of(chosen.id, chosen.config())
    if as_json:
        say_json(_facts(found, chosen.id, known))
        return
    for name, text in _lines(found, chosen, known):
        say(f"{name:<10}{text}")


def _lines(found: Estimate, scheme: Any, known: str) -> list[tuple[str, str]]:
    splits = ", ".join(f"{count:,} {split}" for split, count in found.splits.items())
    shapes = ", ".join(f"{h}x{w}x{c}" for (h, w, c), _ in found.shapes[:3]) + (", ..." if len(found.shapes) > 3 else "")
    about = round(len(found.broken) * found.pictures / found.looked)
    looked = f"of {found.looked:,} looked at, so about {about:,} in all; --all reads every one"
    looked = "all read" if found.all_read else looked
    from imveil.owner.run.progress import line_of

    lines = [
        ("pictures", f"{found.pictures:,} ({splits}), {found.classes} classes, height x width x channels {shapes}"),
        ("broken", f"{len(found.broken):,} ({looked})"),
        *(("", line_of(id, reason)) for id, reason in found.broken[:5]),
        *([("left out", f"{len(found.left_out):,}")] if found.left_out else []),
        *(("", line) for line in found.left_out[:5]),
        ("output", f"about {size(found.bytes)} as {found.container}"),
        ("memory", f"about {size(found.memory)}, for {found.workers} workers"),
        ("time", f"about {duration(found.seconds)} with {found.workers} workers"),
        ("status", f"{scheme.id}: {known}"),
    ]
    lines += [("", advice) for advice in found.advice]
    if not scheme.traits.invertible:
        lines.append(("", "it cannot be decrypted again, by design"))
    return lines


def _facts(found: Estimate, scheme: str, known: str) -> dict[str, Any]:
    return {
        "pictures": found.pictures,
        "splits": found.splits,
        "classes": found.classes,
        "looked": found.looked,
        "broken": [{"name": id, "reason": reason} for id, reason in found.broken],
        "left_out": found.left_out,
        "bytes": found.bytes,
        "memory": found.memory,
        "advice": found.advice,
        "seconds": round(found.seconds, 3),
        "workers": found.workers,
        "container": found.container,
        "shapes": [{"shape": list(shape), "count": count} for shape, count in found.shapes],
        "scheme": scheme,
        "status": known,
    }
