"""`imveil query`: a head asked about pictures that the cloud cannot see. `answer` takes no key and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imveil.cli.options import From, Json, Threads
from imveil.cli.progress import working
from imveil.cli.words import count, fact, say, say_json

GROUP = "Private path"
QueryFile = Annotated[Path, typer.Argument(metavar="QUERY", help="The query's file.", show_default=False)]
AnswerFile = Annotated[Path, typer.Argument(metavar="ANSWER", help="The answer's file.", show_default=False)]
Secret = Annotated[Path, typer.Option("--secret", help="The file with the query's key; it stays with you.")]


def register(app: typer.Typer) -> None:
    """Add the group `query`."""
    group = typer.Typer(no_args_is_help=True, help="Encrypted queries: a head answers what it cannot see.")
    group.command("new")(new)
    group.command("answer")(answer)
    group.command("open")(open_)
    app.add_typer(group, name="query")


def new(
    src: Annotated[str, typer.Argument(metavar="SRC", help="A picture, or many.", show_default=False)],
    query: QueryFile,
    model: Annotated[Path, typer.Option("--model", help="The head's card.", show_default=False)],
    secret: Secret,
    bulk: Annotated[
        bool | None, typer.Option("--bulk/--single", help="Up to 4,096 pictures in slots; from 64 on unless given.")
    ] = None,
    form: From = None,
    encoder: Annotated[
        str | None, typer.Option(help="Where the head's encoder lies, if it is a file of yours.", show_default=False)
    ] = None,
    threads: Threads = None,
) -> None:
    """Encode pictures at home and encrypt their numbers under a fresh key: what you send to whoever has the head.

    \b
    Examples:
      imveil query new xray.jpg q.query --model head.card --secret q.secret
    """
    from imveil.cli.encode import encoder_of
    from imveil.errors import BadDestination
    from imveil.owner.asking.encrypted import ask
    from imveil.owner.heads import pictures, rows_of
    from imveil.store.messages import envelope
    from imveil.store.messages.head import Card

    for path in (query, secret):
        if path.exists():
            raise BadDestination(f"{path} exists already", hint="choose another name; a key serves one query")
    card = Card.read(model)
    source = pictures(src, form)
    with working("encoding") as tell:
        found = encoder_of(card.features.encoder.name, "", threads, encoder)
        rows = rows_of(card.features, source, found, lambda at, of: tell("pictures", at, of))
        asked = ask(rows, [item.id(source.classes) for item in source.items], card, bulk=bulk)
    envelope.write_all([(secret, asked.secret, True), (query, asked.query, False)])
    fact("query", f"{query}: {count(len(rows), 'picture')}, {len(asked.query) / 1e3:,.1f} kB, for whoever has the head")
    fact("secret", f"{secret}: opens the answer, stays with you, serves this query only")


def answer(
    query: QueryFile,
    head: Annotated[Path, typer.Argument(metavar="HEAD", help="The head.", show_default=False)],
    answer_: AnswerFile,
) -> None:
    """Answer a query with a head, without seeing picture or scores.

    \b
    Examples:
      imveil query answer q.query head.safetensors q.answer
    """
    from imveil.cloud.querying import answer as answered
    from imveil.errors import BadDestination
    from imveil.store.messages import envelope
    from imveil.store.messages.head import Head

    if answer_.exists():
        raise BadDestination(f"{answer_} exists already", hint="choose another name")
    with working("answering"):
        data = answered(envelope.read(query, 1 << 30), Head.read(head), str(query)).to_bytes()
    envelope.write(answer_, data)
    fact("answer", f"{answer_}: {len(data) / 1e3:,.1f} kB, for whoever asked")


def open_(answer_: AnswerFile, secret: Secret, as_json: Json = False) -> None:
    """Open an answer with the query's secret: each picture's classes with scores, the best first.

    \b
    Examples:
      imveil query open q.answer --secret q.secret
    """
    from imveil.keys.files import for_owner_alone
    from imveil.owner.asking.encrypted import open_answer
    from imveil.store.messages import envelope

    for_owner_alone(secret)
    found = open_answer(envelope.read(answer_, 1 << 30), envelope.read(secret, 1 << 24), str(answer_), str(secret))
    for name, scores in zip(found.names, found.scores, strict=True):
        best = {found.classes[i]: round(float(scores[i]), 4) for i in (-scores).argsort()}
        if as_json:
            say_json({"file": name, "scores": best})
        else:
            say(f"{name}  " + "  ".join(f"{cls} {value:.3f}" for cls, value in best.items()))
