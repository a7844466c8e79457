"""`imveil sum`: an owner's sum under masks, and the total of all. `add` takes no key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.encode import CacheFolder, Pictures, Precision
from imveil.cli.options import From, Threads
from imveil.cli.progress import interruptible, working
from imveil.cli.words import fact

RoundOption = Annotated[Path, typer.Option("--round", help="The round's file.", show_default=False)]
IdentityOption = Annotated[
    str, typer.Option("--identity", help="Your identity, given as a key is.", show_default=False)
]
OutOption = Annotated[Path, typer.Option("--out", help="The file to write.", show_default=False)]

GROUP = "Private path"


def register(app: typer.Typer) -> None:
    """Add the group `sum`."""
    group = typer.Typer(no_args_is_help=True, help="Sums of the private path: what owners send, and their total.")
    group.command("new")(new)
    group.command("add")(add)
    group.command("open")(open_)
    app.add_typer(group, name="sum")


def new(
    src: Pictures,
    out: Annotated[Path, typer.Argument(metavar="SUM", help="The file to write.", show_default=False)],
    round_: RoundOption,
    identity: IdentityOption,
    head: Annotated[Path | None, typer.Option(help="The head that a later step sends out.", show_default=False)] = None,
    split: Annotated[str | None, typer.Option(help="The split; train where there are splits.")] = None,
    person_column: Annotated[
        str | None, typer.Option(help="The column of persons in a list; folders unless given.", show_default=False)
    ] = None,
    limit: Annotated[float, typer.Option(help="The most that these pictures may give away, as an epsilon.")] = 8.0,
    ledger: Annotated[
        Path | None, typer.Option(help="The ledger's folder; IDENTITY.ledger unless given.", show_default=False)
    ] = None,
    new_ledger: Annotated[bool, typer.Option("--new-ledger", help="Begin a ledger although one was lost.")] = False,
    told: Annotated[
        bool, typer.Option("--totals-tell-who-is-in-them", help="Accept that, for a round without privacy.")
    ] = False,
    form: From = None,
    encoder: Annotated[
        str | None, typer.Option(help="Where the round's encoder lies, if it is a file of yours.", show_default=False)
    ] = None,
    cache: CacheFolder = None,
    precision: Precision = "",
    threads: Threads = None,
) -> None:
    """Encode your pictures at home and write their sum, under masks: what you send to whoever adds.

    Compare the round's fingerprint with the other owners first. The same command again writes the same file.

    \b
    Examples:
      imveil sum new pictures/ a.sum --round study.round --identity a.id
    """
    from imveil.cli.encode import cache_of, encoder_of, persons_of
    from imveil.cli.secrets import open_identity
    from imveil.errors import BadDestination, BadField, WrongKey
    from imveil.owner import summing
    from imveil.owner.sources import open_source
    from imveil.store.messages import envelope
    from imveil.store.messages.head import Head
    from imveil.store.messages.round import Round

    if out.exists():
        raise BadDestination(f"{out} exists already", hint="choose another name")
    if not out.absolute().parent.is_dir():
        raise BadDestination(f"{out} is no place for a file", hint="make its folder first")
    agreed = Round.read(round_)
    mine = open_identity(identity)
    if mine.recipient not in agreed.owners:
        raise WrongKey(f"{identity} is {mine.recipient}, who is no owner of this round", hint="see imveil round show")
    at = Path(identity) if ledger is None else ledger
    if ledger is None and not at.is_file():
        raise BadField(f"{identity} is no file beside which a ledger could lie", hint="name its folder with --ledger")
    source = open_source(src, form=form)
    chosen = summing.choose(source, agreed, split=split, persons=persons_of(source, person_column))
    book = summing.ledger_of(mine, at, new=new_ledger, place=ledger)
    sent = Head.read(head) if head else None
    which = encoder_of(agreed.encoder.name, precision, threads, encoder)
    with interruptible(), working("encoding") as tell:
        made = summing.sum_of(
            source, agreed, mine, which, book, chosen=chosen, head=sent, told=told, limit=limit, cache=cache_of(cache),
            progress=lambda at, of: tell("pictures", at, of),
        )  # fmt: skip
    envelope.write(out, made.sum.to_bytes(agreed))
    for note in made.notes:
        fact("", note)
    again = "; the ledger had it already, the bytes are the same" if made.again else ""
    fact("sum", f"{out}: {made.pictures:,} pictures, {out.stat().st_size / 1e6:.2f} MB{again}")
    fact("round", f"{agreed.fingerprint}, step {agreed.step + 1} of {agreed.steps}")


def add(
    sums: Annotated[list[Path], typer.Argument(metavar="SUM", help="One sum of each owner.", show_default=False)],
    round_: RoundOption,
    out: OutOption,
) -> None:
    """Add the sums of all owners: the masks cancel, and the total is left. Anybody can, without any key.

    \b
    Examples:
      imveil sum add a.sum b.sum c.sum --round study.round --out study.total
    """
    from imveil.cloud.summing import add as added
    from imveil.errors import BadDestination
    from imveil.store.messages import envelope
    from imveil.store.messages.round import Round
    from imveil.store.messages.sum import Sum

    if out.exists():
        raise BadDestination(f"{out} exists already", hint="choose another name")
    agreed = Round.read(round_)
    total = added([Sum.read(path, agreed) for path in sums], agreed)
    envelope.write(out, total.to_bytes())
    how = "blind: an owner opens it with imveil sum open" if agreed.blind else "imveil train makes a head of it"
    fact("total", f"{out}: {len(sums)} sums; {how}")


def open_(
    total: Annotated[Path, typer.Argument(metavar="TOTAL", help="The total of a blind round.", show_default=False)],
    round_: RoundOption,
    identity: IdentityOption,
    out: OutOption,
) -> None:
    """Take the last mask off the total of a blind round, as one of its owners, and check that nobody changed it.

    \b
    Examples:
      imveil sum open study.total --round study.round --identity a.id --out open.total
    """
    from imveil.cli.secrets import open_identity
    from imveil.errors import Mismatch
    from imveil.owner.summing import open_total
    from imveil.store.messages import envelope
    from imveil.store.messages.round import Round
    from imveil.store.messages.total import Total

    agreed, found = Round.read(round_), Total.read(total)
    if found.round != agreed:
        raise Mismatch(f"{total} is of another round than {round_}")
    envelope.write(out, open_total(found, open_identity(identity)).to_bytes())
    fact("total", f"{out}: opened and checked; whoever has it reads the sum of all owners")
