"""`imveil round`: what several owners agree on before any of them sends a sum."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.words import fact

RoundFile = Annotated[Path, typer.Argument(metavar="ROUND", help="The round's file.", show_default=False)]

GROUP = "Private path"


def register(app: typer.Typer) -> None:
    """Add the group `round`."""
    group = typer.Typer(no_args_is_help=True, help="Rounds of the private path: sums under masks, a head from them.")
    group.command("new")(new)
    group.command("show")(show)
    group.command("next")(next_)
    app.add_typer(group, name="round")


def new(
    path: RoundFile,
    classes: Annotated[str, typer.Option(help="Names of the classes, with commas between.", show_default=False)],
    owner: Annotated[
        list[str],
        typer.Option("--owner", help="An owner's recipient, or its .pub file; again for others.", show_default=False),
    ],
    encoder: Annotated[str, typer.Option(help="lite0-128, lite2-224, onnx:FILE, timm:NAME.")] = "lite0-128",
    dim: Annotated[int | None, typer.Option(help="Numbers of a picture that are summed; 512 unless given.")] = None,
    projection: Annotated[str, typer.Option(help="pca, orthogonal or none; the public one where there is one.")] = "",
    epsilon: Annotated[float | None, typer.Option(help="Differential privacy of the whole round.")] = None,
    delta: Annotated[float, typer.Option(help="Its delta.")] = 1e-5,
    unit: Annotated[str, typer.Option(help="What is protected: picture or person.")] = "picture",
    most: Annotated[int, typer.Option(help="Pictures of a person that may count.")] = 1,
    trust: Annotated[str, typer.Option(help="masks: owners share the noise; nobody: each adds all of it.")] = "masks",
    colluding: Annotated[
        int | None, typer.Option(help="Owners who may pool what they know of the noise; 1 unless given.")
    ] = None,
    weight: Annotated[float, typer.Option(help="How much of the privacy goes to second moments, 0 to 1.")] = 0.8,
    steps: Annotated[int, typer.Option(min=1, help="Steps that the privacy covers.")] = 1,
    method: Annotated[str, typer.Option(help="What the first step sums: sums or gradient.")] = "sums",
    about: Annotated[int | None, typer.Option(help="Pictures of all owners, about, said in public.")] = None,
    least: Annotated[int | None, typer.Option(help="The fewest pictures of an owner; 5 a number unless given.")] = None,
    least_class: Annotated[int, typer.Option(help="The fewest pictures of a class at an owner, unless none.")] = 20,
    small: Annotated[bool, typer.Option("--small", help="Accept fewer than 5 pictures a number.")] = False,
    blind: Annotated[bool, typer.Option("--blind", help="Only owners can read the total.")] = False,
    told: Annotated[
        bool, typer.Option("--totals-tell-who-is-in-them", help="Accept that, for a round without --epsilon.")
    ] = False,
) -> None:
    """Write a round: classes, encoder, owners and privacy, the same public file for all.

    Owners compare its fingerprint by voice before anybody sends anything.

    \b
    Examples:
      imveil round new study.round --classes normal,pneumonia --owner a.id.pub --owner b.id.pub --owner c.id.pub \\
          --epsilon 2
    """
    from imveil.cli.encode import opened
    from imveil.cli.key import recipient_of
    from imveil.errors import BadDestination, BadField
    from imveil.owner.rounds import new_round, privacy_of
    from imveil.store.messages import envelope

    if path.exists():
        raise BadDestination(f"{path} exists already", hint="choose another name")
    if projection not in ("", "pca", "orthogonal", "none"):
        raise BadField(f"--projection is pca, orthogonal or none, not {projection!r}")
    owners = [recipient_of(name) for name in owner]
    privacy = privacy_of(
        epsilon, delta, len(owners), unit=unit, most=most, trust=trust, colluding=colluding, weight=weight
    )
    made = new_round(
        [name.strip() for name in classes.split(",")], opened(encoder, "", None).facts, owners, dim=dim,
        kind=projection, privacy=privacy, told=told, least=least, least_class=least_class, small=small, steps=steps,
        method=method, about=about, blind=blind,
    )  # fmt: skip
    envelope.write(path, made.to_bytes())
    show(path)


def show(path: RoundFile) -> None:
    """Say in words what a round is, what leaks, and its fingerprint.

    \b
    Examples:
      imveil round show study.round
    """
    from imveil.store.messages.round import Round, described

    for what, text in described(Round.read(path)):
        fact(what, text)


def next_(
    path: RoundFile,
    head: Annotated[Path, typer.Argument(metavar="HEAD", help="The head trained from it.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="The next round's file.", show_default=False)],
) -> None:
    """Write a round's next step: the head goes out, sums of gradients come back, training goes on.

    \b
    Examples:
      imveil round next study.round head.safetensors --out second.round
    """
    from imveil.owner.rounds import next_round
    from imveil.store.messages import envelope
    from imveil.store.messages.head import Head
    from imveil.store.messages.round import Round

    envelope.write(out, next_round(Round.read(path), Head.read(head)).to_bytes())
    show(out)
