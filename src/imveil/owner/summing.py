"""What an owner does in a round: picks pictures, encodes them, sums, adds noise and masks, and enters it in a ledger.

Nothing leaves before the ledger has it on the disk; the same command once more gives the same bytes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput, BadSource, Mismatch, Refused, WrongKey
from imveil.keys import masks
from imveil.keys.gaussian import gaussian
from imveil.keys.ledger import Ledger, Release
from imveil.keys.sharing import Identity, open_shared
from imveil.keys.stream import Keystream
from imveil.owner.embeddings import Embedded, Progress, embed
from imveil.owner.encoders.base import Encoder
from imveil.owner.features import rows
from imveil.owner.sources.base import Source
from imveil.store.messages.head import Head
from imveil.store.messages.privacy import epsilon_of, together
from imveil.store.messages.round import MOST_PICTURES, Round
from imveil.store.messages.sum import Sum
from imveil.store.messages.table import gradient, length, moments, scales
from imveil.store.messages.total import Total
from imveil.system import state_folder

I64 = npt.NDArray[np.int64]
TRAINING = ("train", "training")
LIMIT = 8.0
"""What pictures may give away over all rounds unless told otherwise, as an epsilon."""


class Chosen(NamedTuple):
    """Pictures of a source that a round may sum. which: places in the source.   labels: classes of the round.
    persons: a name for each, "" where pictures count alone."""

    which: list[int]
    labels: list[int]
    persons: list[str]


class Prepared(NamedTuple):
    """Pictures ready for all steps of a round. z: (n, dim + 1) rows.   labels: (n,).   pictures: (n,) keyed digests.
    notes: what was left out, in sentences."""

    z: I64
    labels: I64
    pictures: npt.NDArray[np.uint64]
    notes: list[str]


class Made(NamedTuple):
    """A sum, and what to say of it. again: the ledger had this very release already."""

    sum: Sum
    pictures: int
    notes: list[str]
    again: bool


def choose(source: Source, round_: Round, *, split: str | None = None, persons: Sequence[str] | None = None) -> Chosen:
    """The pictures of a source for a round: those of its training split, or of all where there are no splits.

    Parameters
    ----------
    persons
        A person for each picture of the source; the first folder inside its class unless given, where the round
        protects persons.

    Raises
    ------
    BadSource
    BadInput
    """
    have = [name for name in source.splits if name.lower() in TRAINING]
    chosen = split if split is not None else have[0] if have else None
    place = {name: i for i, name in enumerate(round_.classes)}
    which = [i for i, item in enumerate(source.items) if chosen is None or item.split == chosen]
    if not which:
        raise BadSource(f"{source.spec} has no pictures in the split {chosen!r}", hint=f"it has {list(source.splits)}")
    strangers = {source.classes[label] for i in which if (label := source.items[i].label) is not None} - place.keys()
    if strangers or not source.classes:
        what = f"the class {sorted(strangers)[0]!r}" if strangers else "no classes"
        raise BadSource(f"{source.spec} has {what}; the round's are {', '.join(round_.classes)}")
    labels = [place[source.classes[source.items[i].label or 0]] for i in which]
    people = [""] * len(which)
    if round_.privacy and round_.privacy.unit == "person":
        people = [persons[i] if persons is not None else _folder(source.items[i].name) for i in which]
        if not all(people):
            raise BadInput(
                "the round protects persons, and a picture names none",
                hint="put each person's pictures into a folder inside the class, or name a --person-column",
            )
    return Chosen(which, labels, people)


def sum_of(
    source: Source, round_: Round, identity: Identity, encoder: Encoder, ledger: Ledger, *,
    chosen: Chosen | None = None, head: Head | None = None, told: bool = False, limit: float = LIMIT,
    cache: Path | None = None, progress: Progress = lambda *_: None,
) -> Made:  # fmt: skip
    """The sum of an owner's pictures for a round, under masks, and with noise where the round is private.

    Parameters
    ----------
    head
        What a gradient is taken at, where the round sends one out.
    told
        That totals tell who is in them is known, which a round without privacy needs.
    limit
        The most that these pictures may give away over all rounds, as an epsilon.
    cache
        Folder of embeddings, None for none.

    Raises
    ------
    WrongKey
    Refused
    Mismatch
    BadSource
    BadInput
    BadImage
    """
    _check_head(round_, head)
    prepared = prepare(
        source, round_, identity, encoder, ledger, chosen=chosen, told=told, cache=cache, progress=progress
    )
    return release(prepared, round_, identity, ledger, head=head, limit=limit)


def prepare(
    source: Source, round_: Round, identity: Identity, encoder: Encoder, ledger: Ledger, *,
    chosen: Chosen | None = None, told: bool = False, cache: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Prepared:  # fmt: skip
    """Encode and check an owner's pictures, once for all steps of a round. Arguments and errors as in `sum_of`."""
    if identity.recipient not in round_.owners:
        raise WrongKey(f"{identity.recipient} is no owner of this round", hint="see imveil round show")
    if round_.privacy is None and not told:
        raise Refused(
            "this round has no privacy: whoever has its total can tell which pictures are in it",
            hint="if you accept that, give --totals-tell-who-is-in-them",
        )
    if encoder.facts != tuple(round_.encoder.model_dump().values()):
        raise Mismatch(f"the round takes the encoder {round_.encoder.name} with weights {round_.encoder.weights[:16]}, "
                       f"this is {encoder.facts.name} with {encoder.facts.weights[:16]}")  # fmt: skip
    chosen = chosen or choose(source, round_)
    embedded = embed(source, chosen.which, encoder, cache, progress)
    kept, notes = _kept(embedded, chosen, round_, ledger)
    labels = np.array(chosen.labels, np.int64)[kept]
    _floors(labels, round_)
    pictures = np.array([ledger.digest(embedded.digests[i]) for i in kept], np.uint64)
    return Prepared(rows(embedded.numbers[kept], round_), labels, pictures, notes)


def release(
    prepared: Prepared, round_: Round, identity: Identity, ledger: Ledger, *, head: Head | None = None,
    limit: float = LIMIT,
) -> Made:  # fmt: skip
    """The sum of one step, entered in the ledger before it is given. Raises Refused, Mismatch."""
    _check_head(round_, head)
    z, labels, pictures, notes = prepared
    point = head.point if head else np.zeros((round_.dim + 1, len(round_.classes)))
    table = gradient(z, labels, point, round_) if round_.gradient else moments(z, labels, round_)
    entry = Release(
        round_.first.hex(), round_.digest.hex(), round_.step, hashlib.sha256(table.tobytes()).hexdigest(), round_.mu,
        round_.least,
    )  # fmt: skip
    again = ledger.admit(entry, pictures, lambda mus: _overspent(mus, round_, limit))
    table = table + noise_of(round_, ledger.noise(entry))
    words, tag = table.view(np.uint64).copy(), 0
    if round_.blind:
        group = open_shared(round_.group, identity)
        tag = masks.tag(group, identity.recipient, round_.digest, round_.step, table)
        words += masks.of_group(group, identity.recipient, round_.digest, round_.step, len(words))
    words += masks.pairwise(identity, round_.owners, round_.digest, round_.step, len(words))
    return Made(Sum(identity.recipient, words, tag), len(z), notes, again)


def open_total(total: Total, identity: Identity) -> Total:
    """The total of a blind round, its last mask taken off and checked. Raises BadInput, WrongKey, Mismatch."""
    round_ = total.round
    if total.readable:
        raise BadInput("this total is open already")
    group = open_shared(round_.group, identity)
    words = total.words.view(np.uint64).copy()
    for owner in round_.owners:
        words -= masks.of_group(group, owner, round_.digest, round_.step, len(words))
    table = words.view(np.int64)
    try:
        good = masks.whole(group, round_.owners, round_.digest, round_.step, table) == total.tag
    except BadInput:
        good = False
    if not good:
        raise Mismatch("the total is not the sum of what the owners sent: its check fails",
                       hint="somebody changed it, or left a sum out; ask for it again")  # fmt: skip
    return Total(round_, table, True, total.tag)


def ledger_of(identity: Identity, path: Path, *, new: bool = False, place: Path | None = None) -> Ledger:
    """The ledger of an identity: the folder `place`, or PATH.ledger beside its file."""
    mark = state_folder() / "ledgers" / hashlib.sha256(identity.recipient.encode()).hexdigest()[:32]
    return Ledger(identity, place or path.with_name(path.name + ".ledger"), mark, new=new)


def _check_head(round_: Round, head: Head | None) -> None:
    if (head.digest if head else "") != round_.head:
        other = "the head is not the one that this round sends out"
        raise Mismatch(other if head else "this round sends a head out, and none was given", hint="name it with --head")


def _kept(embedded: Embedded, chosen: Chosen, round_: Round, ledger: Ledger) -> tuple[list[int], list[str]]:
    """Places of the pictures that are summed: none twice, and of a person no more than the round's most."""
    seen: set[bytes] = set()
    kept, notes = [], []
    for i, digest in enumerate(embedded.digests):
        if digest not in seen:
            seen.add(digest)
            kept.append(i)
    if len(kept) < len(embedded.digests):
        notes.append(f"pictures that came twice, and count once: {len(embedded.digests) - len(kept)}")
    if round_.privacy and round_.privacy.unit == "person":
        most, count, few = round_.privacy.most, dict[str, int](), list[int]()
        # Which pictures of a person stay must not depend on their order in the source.
        for i in sorted(kept, key=lambda i: ledger.digest(embedded.digests[i])):
            count[chosen.persons[i]] = count.get(chosen.persons[i], 0) + 1
            if count[chosen.persons[i]] <= most:
                few.append(i)
        if len(few) < len(kept):
            notes.append(f"pictures beyond {most} of a person, left out: {len(kept) - len(few)}")
        kept = sorted(few)
    return kept, notes


def _floors(labels: I64, round_: Round) -> None:
    """Raise Refused for too few pictures of an owner or of a class; none of a class is fine."""
    if len(labels) < round_.least:
        raise Refused(f"an owner of this round has at least {round_.least} pictures, these are {len(labels)}")
    if len(labels) > MOST_PICTURES // len(round_.owners):
        raise BadInput(f"an owner of this round has at most {MOST_PICTURES // len(round_.owners):,} pictures")
    for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
        if count < round_.least_class:
            raise Refused(
                f"class {round_.classes[label]!r} has {count} pictures here, the round asks for {round_.least_class}: "
                "a sum of few names them",
                hint="leave that class out, or add pictures",
            )


def noise_of(round_: Round, stream: Keystream) -> I64:
    """An owner's share of the noise, in words; zeros where the round is not private."""
    found: I64 = np.zeros(length(round_), np.int64)
    p = round_.privacy
    if p is None:
        return found
    share = 1.0 if p.trust == "nobody" else math.sqrt(1 / (len(round_.owners) - p.colluding))
    each = np.ceil(scales(round_, round_.scale) * share).astype(np.int64)
    for scale in np.unique(each):
        found[each == scale] = gaussian(stream, int(scale), int((each == scale).sum()))
    return found


def _overspent(mus: Sequence[float], round_: Round, limit: float) -> str:
    """Why all these releases are too much together; "" where they are not. Those without privacy are not counted."""
    if round_.privacy is None:
        return ""
    private = [mu for mu in mus if math.isfinite(mu)]
    # The steps that are still to come are part of what the round asks for.
    private += [round_.mu] * (round_.steps - round_.step - 1)
    spent = epsilon_of(together(private), round_.privacy.delta)
    if spent <= limit * (1 + 1e-9):
        return ""
    return f"these pictures would have given away epsilon {spent:.2f} in all rounds together, the limit is {limit:g}"


def _folder(name: str) -> str:
    first, slash, _ = name.partition("/")
    return first if slash else ""
