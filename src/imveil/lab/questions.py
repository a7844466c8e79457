"""Questions: which games are played for the records, on which pictures; and asking them within a budget.

    for record in answers(questions(["etc/1"]), seeds=3, budget=600): ...

A question that the records answer already is not asked again. Where an attack is given more and more (pairs, cipher
images), it stops as soon as everything is recovered, and where the most gives nothing, less is not tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import prod
from typing import Any, Protocol

import numpy as np

import imveil
from imveil import attacks, record, registry
from imveil.attacks.base import U8, Attack
from imveil.audit.game.challenger import challenger_of
from imveil.audit.game.referee import play, setting
from imveil.audit.game.split import Terms
from imveil.errors import BadSource, MissingExtra, Unavailable
from imveil.record import Record

SEEDS = 3
TERMS = Terms(targets=100)
FEW = Terms(targets=20, pairs=1000, ciphers=1000)  # for attacks that train, or search for long
PAIRS = (1, 2, 3, 4, 8, 16)
CIPHERS = (10, 30, 100, 300, 1000)
DONE = 0.999  # a recovery after which more pairs or cipher images need not be tried
NOTHING = 0.05  # less than this, from the most that an attack is given, and less is not tried
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "negpos/1": [{"per_image": True}],
    "logistic-xor/1": [{"index": "pixel"}, {"quantiser": "floor256"}, {"quantiser": "threshold"}, {"shuffle": False}],
}


@dataclass(frozen=True)
class Question:
    """One attack against one scheme with these fields, on this data, under these terms, with so many steps."""

    attack: str
    scheme: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    data: str = "cifar10 test"
    terms: Terms = TERMS
    kind = "recovery"

    def digest(self) -> str:
        """Of the records that answer it."""
        shape = pictures_of(self.data).shape[1:]
        attack = attacks.find(self.attack)
        real = challenger_of(imveil.find(self.scheme, **self.fields), 0)
        return record.digest_of(setting(attack, real, self.data, shape, self.terms, attack.steps))

    def answered_by(self, one: Record) -> bool:
        """Whether a record is an answer, control included; told without the pictures."""
        attack, facts = attacks.find(self.attack), one.facts
        return _whole(one) and (facts["attack"], facts["scheme"], facts["fields"], facts["data"], facts["terms"]) == (
            self.attack,
            self.scheme,
            imveil.find(self.scheme, **self.fields).config(),
            self.data,
            self.terms.used(attack.needs),
        )

    @property
    def seconds(self) -> float:
        """About how long training takes, the control's too; 0 for attacks that take no steps."""
        attack = attacks.find(self.attack)
        return 2 * attack.steps * attack.seconds_a_step * prod(pictures_of(self.data).shape[1:]) / 3072

    def play(self, seed: int) -> Record:
        """One record."""
        scheme = imveil.find(self.scheme, **self.fields)
        return play(scheme, pictures_of(self.data), self.attack, terms=self.terms, seed=seed, data=self.data)

    def __str__(self) -> str:
        fields = "".join(f" {name}={value}" for name, value in self.fields.items())
        needs = attacks.find(self.attack).needs
        held = "".join(f", {n} {name}" for name, n in vars(self.terms).items() if name in needs & {"pairs", "ciphers"})
        return f"{self.attack} on {self.scheme}{fields}{held}, {self.data}"


@lru_cache(maxsize=2)
def pictures_of(data: str) -> U8:
    """The pictures of records: "cifar10 test" (10,000), "pneumoniamnist" (5,856 of 28x28, grey), "kodak tiles" (144 of
    224x224, six from each photograph). The latter two lie in the folder that IMVEIL_DATA names.

    Raises Unavailable, UnknownName.
    """
    from imveil.owner.datasets.cifar import load
    from imveil.owner.picture import read_picture
    from imveil.system import data_folder

    if data == "cifar10 test":
        return load("cifar10")["test"][0]
    if data not in ("pneumoniamnist", "kodak tiles"):
        raise registry.unknown("set of pictures", data, ["cifar10 test", "pneumoniamnist", "kodak tiles"])
    place = data_folder()
    name = data.split()[0]
    if place is None or not (place / name).is_dir():
        raise Unavailable(f"{name} was not found", hint=f"name a folder that holds {name}/ in IMVEIL_DATA")
    if name == "pneumoniamnist":
        with np.load(place / name / f"{name}.npz", allow_pickle=False) as file:
            return np.concatenate([file[f"{split}_images"] for split in ("train", "val", "test")])[..., None]
    photographs = [read_picture(file).pixels for file in sorted((place / name).glob("*.png"))]
    if not photographs:
        raise BadSource(f"{place / name} holds no photographs")
    tiles = [
        p[i : i + 224, j : j + 224]
        for p in photographs
        for i in range(0, p.shape[0] - 223, 224)
        for j in range(0, p.shape[1] - 223, 224)
    ]
    return np.stack(tiles)


class Need(Protocol):
    """What a record of some kind answers. Printed, it says in a few words what is asked."""

    kind: str

    @property
    def seconds(self) -> float:
        """About how long it takes where that is long; 0 where it is not worth asking."""

    def digest(self) -> str:
        """Of the records that answer it."""

    def play(self, seed: int) -> Record:
        """Measure it."""


def questions(
    schemes: Iterable[str] = (), data: str = "cifar10 test", terms: Terms | None = None
) -> list[list[Question]]:
    """Of each scheme (all by default), with its default fields and some others, each attack that suits it: a ladder
    from little to much, which may be left early. Quick attacks come first. Schemes that do not take such pictures are
    left out.

    terms: a hundred targets by default, a seventh of the pictures where they are few; a fifth of that for attacks that
    train or search."""
    found = []
    n, h, w, c = pictures_of(data).shape
    terms = terms or replace(TERMS, targets=min(TERMS.targets, n // 7))
    for id in schemes or imveil.schemes.names():
        for fields in ({}, *VARIANTS.get(id, [])):
            scheme = imveil.find(id, **fields)
            traits = scheme.traits
            if h % traits.tile or w % traits.tile or (traits.channels is not None and c not in traits.channels):
                continue
            for name in attacks.names():
                attack = attacks.find(name)
                suits = attack.suits(scheme)
                if not suits and (attack.steps or attack.slow or not traits.per_image):
                    continue
                base = Question(name, id, fields, data, terms)
                ladder = [replace(base, terms=one) for one in _ladder(attack, terms, n)]
                # Where every image has a key of its own, known and chosen pictures should tell nothing: once will do.
                found.append(ladder if suits else ladder[:1])
    return sorted(found, key=lambda ladder: (attacks.find(ladder[0].attack).slow, ladder[0].seconds))


def _ladder(attack: Attack, terms: Terms, pictures: int) -> list[Terms]:
    """As far as there are pictures for it: one, at least, stays public."""
    if attack.steps or attack.slow:
        targets = min(terms.targets, FEW.targets)
        most = min(FEW.pairs, max(1, (pictures - targets) // 2))
        return [replace(terms, targets=targets, pairs=most, ciphers=most)]
    room = pictures - terms.targets - 1
    if "pairs" in attack.needs:
        return [replace(terms, pairs=k) for k in PAIRS if k <= room]
    if "ciphers" in attack.needs:
        return [replace(terms, ciphers=k) for k in CIPHERS if k <= room]
    return [terms]


def answers(
    ladders: Iterable[Sequence[Need]],
    *,
    seeds: int = SEEDS,
    budget: float = float("inf"),
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Record]:
    """Measure what the records do not hold, and append it to them; the new records.

    budget: seconds, after which nothing is begun, nor before what would take longer than is left. A game that was
    played without its control does not count as an answer.
    """
    end = time.monotonic() + budget
    have: dict[str, dict[tuple[str, int | None], Record]] = {}
    for ladder in ladders:
        for need in _climbed(ladder):
            if need.kind not in have:
                have[need.kind] = {(r.digest, r.seed): r for r in record.read(need.kind) if _whole(r)}
            known, runs = need.digest(), []
            for seed in range(seeds):
                if (known, seed) not in have[need.kind]:
                    if time.monotonic() + need.seconds >= end:
                        break
                    tell(f"{need}, seed {seed}")
                    try:
                        found = need.play(seed)
                    except MissingExtra as error:
                        tell(f"{need}: {error}")
                        break
                    record.append(found)
                    have[need.kind][known, seed] = found
                    yield found
                runs.append(have[need.kind][known, seed])
            if len(runs) < seeds:
                break
            if need.kind == "recovery" and _known(need is ladder[-1], runs):
                break


def _known(most: bool, runs: list[Record]) -> bool:
    """Whether the rest of a ladder is: nothing comes from the most, or everything from what was tried after it."""
    return max(one.value for one in runs) < NOTHING if most else min(one.low for one in runs) >= DONE


def _climbed(ladder: Sequence[Need]) -> Iterator[Need]:
    """The least, then the most, then from the least upwards."""
    yield ladder[0]
    if len(ladder) > 1:
        yield ladder[-1]
        yield from ladder[1:-1]


def _whole(one: Record) -> bool:
    return one.kind != "recovery" or one.facts["found"].get("control") is not None
