"""Questions: which games are played for the records, attack against scheme, from little help to much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, ClassVar

import imveil
from imveil import attacks
from imveil.attacks.base import Attack
from imveil.audit.game.challenger import challenger_of
from imveil.audit.game.referee import play, setting
from imveil.audit.game.split import Terms
from imveil.lab import samples
from imveil.lab.measurement import Measurement, complete
from imveil.record import Record

TERMS = Terms(targets=100)
FEW = Terms(targets=20, pairs=1000, ciphers=1000)  # for attacks that train, or search for long
PAIRS = (1, 2, 3, 4, 8, 16)
CIPHERS = (10, 30, 100, 300, 1000)
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "negpos/1": [{"per_image": True}],
    "ldp-slicing/1": [{"eps": 2.0}, {"eps": 8.0}, {"split": "sqrt"}],
    "logistic-xor/1": [{"index": "pixel"}, {"quantiser": "floor256"}, {"quantiser": "threshold"}, {"shuffle": False}],
}


@dataclass(frozen=True)
class Question(Measurement):
    """One attack against one scheme with these fields, on this data, under these terms, with this many steps."""

    attack: str
    scheme: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    data: str = "cifar10 test"
    terms: Terms = TERMS
    kind: ClassVar[str] = "recovery"

    def facts(self) -> dict[str, Any]:
        """As the referee writes them."""
        attack = attacks.find(self.attack)
        h, w, c = (int(d) for d in samples.pictures_of(self.data).shape[1:])
        real = challenger_of(imveil.find(self.scheme, **self.fields), 0)
        return setting(attack, real, self.data, (h, w, c), self.terms, attack.steps)

    def answered_by(self, one: Record) -> bool:
        """Whether a record is an answer, control included; told without the pictures."""
        attack, facts = attacks.find(self.attack), one.facts
        return complete(one) and (facts["attack"], facts["scheme"], facts["fields"], facts["data"], facts["terms"]) == (
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
        return 2 * attack.steps * attack.seconds_a_step * prod(samples.pictures_of(self.data).shape[1:]) / 3072

    def measure(self, seed: int) -> Record:
        """One game, with its control."""
        scheme = imveil.find(self.scheme, **self.fields)
        return play(scheme, samples.pictures_of(self.data), self.attack, terms=self.terms, seed=seed, data=self.data)

    def __str__(self) -> str:
        fields = "".join(f" {name}={value}" for name, value in self.fields.items())
        needs = attacks.find(self.attack).needs
        held = "".join(f", {n} {name}" for name, n in vars(self.terms).items() if name in needs & {"pairs", "ciphers"})
        return f"{self.attack} on {self.scheme}{fields}{held}, {self.data}"


def questions(
    schemes: Iterable[str] = (), data: str = "cifar10 test", terms: Terms | None = None
) -> list[list[Question]]:
    """Of each scheme (all by default), with its default fields and some others, each attack that suits it: a ladder
    from little to much, which may be left early. Quick attacks come first. Schemes that do not take such pictures are
    left out.

    Parameters
    ----------
    terms
        A hundred targets by default, a seventh of the pictures where they are few; a fifth of that for attacks that
        train or search.
    """
    found = []
    n, h, w, c = samples.pictures_of(data).shape
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
