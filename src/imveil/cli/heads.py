"""Heads at the command line: `train` on a total, `predict` and `evaluate` with a head, by the kind of file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imveil.cli.progress import working
from imveil.cli.words import confusion_lines, fact, options, say, say_json, share
from imveil.errors import BadDestination, BadField


def is_total(path: Path) -> bool:
    """Whether `imveil train` was given a total of a round."""
    from imveil.store.messages.envelope import kind_of

    return path.is_file() and kind_of(path) == "total"


def train_head(total: Path, head: Path, more: list[str] | None, start: Path | None, force: bool) -> None:
    """Train a head from a total, and write it and its card."""
    from imveil.cloud.summing import train
    from imveil.store.messages import envelope
    from imveil.store.messages.head import Head
    from imveil.store.messages.total import Total

    card = head.with_suffix(".card")
    for path in (head, card):
        if path.exists() and not force:
            raise BadDestination(f"{path} exists already", hint="choose another name, or overwrite it with --force")
    settings: dict[str, Any] = options(more)
    if unknown := settings.keys() - {"method", "ridge", "rate", "momentum"}:
        raise BadField(f"a head has no setting {min(unknown)!r}", hint="--set takes method, ridge, rate and momentum")
    if any(not isinstance(settings.get(n, 0.0), int | float) for n in ("ridge", "rate", "momentum")):
        raise BadField("ridge, rate and momentum are numbers")
    found = Total.read(total)
    made = train(found, start=Head.read(start) if start else None, **settings)
    if force:
        for path in (head, card):
            path.unlink(missing_ok=True)
    envelope.write_all([(head, made.to_bytes(), False), (card, made.card.to_bytes(), False)])
    about = "about " if found.round.privacy else ""
    fact("head", f"{head}, {made.card.method} from {about}{made.card.pictures:,} pictures of {made.card.owners} owners")
    fact("card", f"{card}: public; what queries need")
    fact("privacy", promise(made))


def predict_head(head: Path, images: list[str], as_json: bool, top: int, threads: int | None) -> None:
    """Answer plain pictures at home."""
    import numpy as np

    from imveil.cli.encode import encoder_of
    from imveil.owner.heads import answer, pictures
    from imveil.store.messages.head import Head

    made = Head.read(head)
    encoder = encoder_of(made.card.features.encoder.name, "", threads, None)
    for name in images:
        source = pictures(name)
        scores = answer(made, source, encoder).scores
        for item, row in zip(source.items, scores, strict=True):
            best = np.argsort(-row)[:top]
            said = {made.card.classes[i]: round(float(row[i]), 4) for i in best}
            file = item.id(source.classes)
            words = "  ".join(f"{cls} {value:.3f}" for cls, value in said.items())
            if as_json:
                say_json({"file": file, "scores": said})
            else:
                say(f"{file}  {words}")


def evaluate_head(head: Path, src: str, split: str | None, as_json: bool, threads: int | None, note: bool) -> None:
    """Score a head on plain pictures with their classes, at home."""
    from imveil.cli.encode import cache_of, encoder_of
    from imveil.errors import BadSource
    from imveil.owner.heads import answer, confusion
    from imveil.owner.sources import open_source
    from imveil.store.messages import envelope
    from imveil.store.messages.head import Card, Head, Measured

    made, source = Head.read(head), open_source(src)
    name = split or ("test" if "test" in source.splits else None)
    which = [i for i, item in enumerate(source.items) if name is None or item.split == name]
    if not which:
        raise BadSource(f"{src} has no pictures in the split {name!r}", hint=f"it has {', '.join(source.splits)}")
    encoder = encoder_of(made.card.features.encoder.name, "", threads, None)
    with working("encoding") as tell:
        found = answer(
            made, source, encoder, which, cache=cache_of(None), progress=lambda at, of: tell("pictures", at, of)
        )
    table = confusion(found, len(made.card.classes))
    right, n = int(table.trace()), int(table.sum())
    if note:
        path = head.with_suffix(".card")
        card = Card.read(path)
        measured = [*card.measured, Measured(right=right, n=n, on=f"{source.spec}, {name or 'all'}")]
        path.unlink()
        envelope.write(path, card.model_copy(update={"measured": measured}).to_bytes())
    if as_json:
        say_json({"right": right, "n": n, "accuracy": right / n, "confusion": table.tolist()})
        return
    for line in confusion_lines(table.tolist(), list(made.card.classes)):
        say(line)
    fact("right", share(right, n))


def promise(head: Any) -> str:
    """What a head's card promises, in words."""
    p = head.card.privacy
    if p is None:
        return "none: the head tells something of who was in the sum"
    most = f" with at most {p.most} pictures" if p.unit == "person" else ""
    return f"epsilon {p.epsilon:g}, delta {p.delta:g} for a {p.unit}{most}, whatever is done with the head"
