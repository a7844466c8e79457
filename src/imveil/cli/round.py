"""`imveil round`: what several owners agree on before any of them sends a sum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imveil.cli.encode import CacheFolder, Pictures
from imveil.cli.options import From, Threads
from imveil.cli.progress import interruptible, working
from imveil.cli.sum import IdentityOption
from imveil.cli.words import fact

RoundFile = Annotated[Path, typer.Argument(metavar="ROUND", help="The round's file.", show_default=False)]

if TYPE_CHECKING:
    from imveil.store.messages.head import Head
    from imveil.store.messages.round import Round

GROUP = "Private path"


def register(app: typer.Typer) -> None:
    """Add the group `round`."""
    group = typer.Typer(no_args_is_help=True, help="Rounds of the private path: sums under masks, a head from them.")
    group.command("new")(new)
    group.command("show")(show)
    group.command("next")(next_)
    group.command("host")(host)
    group.command("join")(join)
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
    from imveil.store.messages import envelope
    from imveil.store.messages.head import Head
    from imveil.store.messages.round import Round
    from imveil.store.messages.steps import next_round

    envelope.write(out, next_round(Round.read(path), Head.read(head)).to_bytes())
    show(out)


def host(
    path: RoundFile,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen at.")] = 8710,
    bind: Annotated[str, typer.Option(help="The address to listen at; this machine only unless given.")] = "127.0.0.1",
    folder: Annotated[
        Path | None, typer.Option(help="Where sums and head are kept; ROUND.hosted unless given.", show_default=False)
    ] = None,
    patience: Annotated[str, typer.Option(help="How long a step waits for its last owner: 90s, 10m, 1h.")] = "1h",
    rate: Annotated[float, typer.Option(help="Step length of later steps.")] = 8.0,
) -> None:
    """Host a round over HTTP: sums come in, heads go out, until all steps are done. Takes no key.

    What came is kept: a host that was stopped goes on. Put TLS in front of it where it leaves the machine.

    \b
    Examples:
      imveil round host study.round --port 8710
    """
    from imveil.cli.words import seconds
    from imveil.cloud.hosting import Hosted, serve
    from imveil.errors import Refused
    from imveil.store.messages.round import Round

    place = folder or path.with_name(path.name + ".hosted")
    hosted = Hosted(Round.read(path), place, patience=seconds(patience), rate=rate)
    fact("round", f"{hosted.first.fingerprint} at http://{bind}:{port}, kept in {place}")
    serve(hosted, bind, port)
    if hosted.failed:
        raise Refused(f"the round was ended: {hosted.failed}")
    if hosted.done:
        fact("done", f"{place}/{'study.total' if hosted.first.blind else 'head.safetensors'}")


def join(
    address: Annotated[str, typer.Argument(metavar="URL", help="Where the round is hosted.", show_default=False)],
    src: Pictures,
    identity: IdentityOption,
    fingerprint: Annotated[
        str, typer.Option(help="The round's, as the owners read it to each other.", show_default=False)
    ] = "",
    out: Annotated[Path, typer.Option(help="The head, or the total of a blind round.")] = Path("head.safetensors"),
    split: Annotated[str | None, typer.Option(help="The split; train where there are splits.")] = None,
    person_column: Annotated[str | None, typer.Option(help="The column of persons in a list.")] = None,
    limit: Annotated[float, typer.Option(help="The most that these pictures may give away, as an epsilon.")] = 8.0,
    new_ledger: Annotated[bool, typer.Option("--new-ledger", help="Begin a ledger although one was lost.")] = False,
    told: Annotated[
        bool, typer.Option("--totals-tell-who-is-in-them", help="Accept that, for a round without privacy.")
    ] = False,
    form: From = None,
    encoder: Annotated[str | None, typer.Option(help="Where the round's encoder lies, if it is yours.")] = None,
    cache: CacheFolder = None,
    threads: Threads = None,
) -> None:
    """Join a hosted round as an owner: encode once, send a sum for each step, take the head at the end.

    \b
    Examples:
      imveil round join http://cloud:8710 pictures/ --identity a.id --fingerprint 3k7e-...
    """
    from imveil.cli.encode import cache_of, encoder_of, persons_of
    from imveil.cli.secrets import open_identity
    from imveil.errors import BadDestination
    from imveil.owner import joining, summing
    from imveil.owner.sources import open_source
    from imveil.store.messages import envelope

    if out.exists():
        raise BadDestination(f"{out} exists already", hint="choose another name")
    with joining.Host(address) as other:
        first = joining.fetch_round(other, fingerprint)
    mine = open_identity(identity)
    source = open_source(src, form=form)
    chosen = summing.choose(source, first, split=split, persons=persons_of(source, person_column))
    book = summing.ledger_of(mine, Path(identity), new=new_ledger)
    with interruptible(), working("the round") as tell, joining.Host(address) as other:
        prepared = summing.prepare(
            source, first, mine, encoder_of(first.encoder.name, "", threads, encoder), book, chosen=chosen, told=told,
            cache=cache_of(cache), progress=lambda at, of: tell("pictures", at, of),
        )  # fmt: skip

        def make(step: Round, head: Head | None) -> bytes:
            return summing.release(prepared, step, mine, book, head=head, limit=limit).sum.to_bytes(step)

        result = joining.join(other, first, mine.recipient, make, tell=lambda at, of: tell("steps", at + 1, of))
    envelope.write(out, result.head or result.total)
    fact("round", f"over; {out}")
