"""Questions: which games are played for the records, on which pictures; and asking them within a budget.

    for record in answers(questions(["etc/1"]), seeds=3, budget=600): ...

A question that the records answer already is not asked again. Where an attack is given more and more (pairs, cipher
images), it stops as soon as everything is recovered: what follows is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

import imveil
from imveil import registry
from imveil.errors import BadSource, Unavailable
from imveil.lab import record
from imveil.lab.attack import U8, Attack, attacks, find_attack
from imveil.lab.box import box
from imveil.lab.deal import Terms
from imveil.lab.game import digest, play, setting
from imveil.lab.record import Record

SEEDS = 3
TERMS = Terms(targets=100)
PAIRS = (1, 2, 3, 4, 8, 16)
CIPHERS = (10, 30, 100, 300, 1000)
DONE = 0.999  # a recovery after which more pairs or cipher images need not be tried
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
        attack = find_attack(self.attack)
        real = box(imveil.find(self.scheme, **self.fields), 0)
        return digest(setting(attack, real, self.data, shape, self.terms, attack.steps))

    def play(self, seed: int) -> Record:
        """One record."""
        scheme = imveil.find(self.scheme, **self.fields)
        return play(scheme, pictures_of(self.data), self.attack, terms=self.terms, seed=seed, data=self.data)

    def __str__(self) -> str:
        fields = "".join(f" {name}={value}" for name, value in self.fields.items())
        needs = find_attack(self.attack).needs
        held = "".join(f", {n} {name}" for name, n in vars(self.terms).items() if name in needs & {"pairs", "ciphers"})
        return f"{self.attack} on {self.scheme}{fields}{held}"


@lru_cache(maxsize=2)
def pictures_of(data: str) -> U8:
    """The pictures of records: "cifar10 test" (10,000), "pneumoniamnist" (5,856 of 28x28, grey), "kodak tiles" (144 of
    224x224, six from each photograph). The latter two lie in the folder that IMVEIL_DATA names.

    Raises Unavailable, UnknownName.
    """
    from imveil.owner.cifar import load
    from imveil.owner.fetch import data_folder
    from imveil.owner.images import read_picture

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

    def digest(self) -> str:
        """Of the records that answer it."""

    def play(self, seed: int) -> Record:
        """Measure it."""


def questions(schemes: Iterable[str] = (), data: str = "cifar10 test", terms: Terms = TERMS) -> list[list[Question]]:
    """Of each scheme (all by default), with its default fields and some others, each attack that suits it and takes no
    training: a ladder from little to much, which may be left early. Schemes that do not take such pictures are left
    out."""
    found = []
    h, w, c = pictures_of(data).shape[1:]
    for id in schemes or imveil.schemes():
        for fields in ({}, *VARIANTS.get(id, [])):
            scheme = imveil.find(id, **fields)
            traits = scheme.traits
            if h % traits.tile or w % traits.tile or (traits.channels is not None and c not in traits.channels):
                continue
            for name in attacks():
                attack = find_attack(name)
                if attack.steps or not (attack.suits(scheme) or traits.per_image):
                    continue
                base = Question(name, id, fields, data, terms)
                ladder = [replace(base, terms=one) for one in _ladder(attack, terms)]
                # Where every image has a key of its own, known and chosen pictures should tell nothing: once will do.
                found.append(ladder if attack.suits(scheme) else ladder[:1])
    return found


def _ladder(attack: Attack, terms: Terms) -> list[Terms]:
    if "pairs" in attack.needs:
        return [replace(terms, pairs=k) for k in PAIRS]
    if "ciphers" in attack.needs:
        return [replace(terms, ciphers=n) for n in CIPHERS]
    return [terms]


def answers(
    ladders: Iterable[Sequence[Need]],
    *,
    seeds: int = SEEDS,
    budget: float = float("inf"),
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Record]:
    """Measure what the records do not hold, and append it to them; the new records. budget: seconds, after which
    nothing is begun."""
    end = time.monotonic() + budget
    have: dict[str, dict[tuple[str, int | None], Record]] = {}
    for ladder in ladders:
        for need in ladder:
            if need.kind not in have:
                have[need.kind] = {(r.digest, r.seed): r for r in record.read(need.kind)}
            known, runs = need.digest(), []
            for seed in range(seeds):
                if (known, seed) not in have[need.kind]:
                    if time.monotonic() >= end:
                        return
                    tell(f"{need}, seed {seed}")
                    have[need.kind][known, seed] = need.play(seed)
                    record.append(have[need.kind][known, seed])
                    yield have[need.kind][known, seed]
                runs.append(have[need.kind][known, seed])
            if need.kind == "recovery" and min(one.low for one in runs) >= DONE:
                break
