"""The matrix: every configuration of a scheme against every attack, on three kinds of pictures, cell by cell.

A cell is a game under small terms that are the same for a whole row or column, with its control, or the reason that
the attack itself gives against it. Cells that are on record are not played again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import imveil
from imveil import attacks, record, schemes
from imveil.attacks.base import Attack
from imveil.audit.game.challenger import challenger_of
from imveil.audit.game.referee import play, setting
from imveil.audit.game.split import Terms
from imveil.lab import samples
from imveil.lab.measurement import Measurement
from imveil.record import Record

DATA: Mapping[str, tuple[int, int, int]] = {
    "cifar10 test": (32, 32, 3),
    "pneumoniamnist": (28, 28, 1),
    "kodak tiles of 64": (64, 64, 3),
}
TERMS = Terms(targets=30, ciphers=300, pairs=16, public=300)
TRAINS = Terms(targets=10, pairs=200, public=300)  # for attacks that take steps
SEARCHES = Terms(targets=3, ciphers=300, public=300)  # for those that search for each picture anew
STEPS = 60  # of those that train: a tenth of what they take by default
VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("negpos/1", {"per_image": True}),
    ("negpos/1", {"colors": False}),
    ("logistic-xor/1", {"index": "pixel"}),
    ("logistic-xor/1", {"quantiser": "threshold"}),
    ("pixel-shuffle/1", {"unit": "sample"}),
    ("patch/1", {"pixels": False}),
    ("shf/1", {"block": 2}),
    ("etc/1", {"block": 8}),
)


@dataclass(frozen=True)
class Cell(Measurement):
    """One attack against one configuration on one kind of pictures."""

    attack: str
    scheme: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    data: str = "cifar10 test"
    kind: ClassVar[str] = "matrix"

    @property
    def why_not(self) -> str:
        """Why it is not played; "" where it is. The attack says so, or the scheme, which does not take all pictures."""
        shape, scheme = DATA[self.data], imveil.find(self.scheme, **self.fields)
        return refused(scheme, shape) or self._attack.unfit(scheme, shape)

    def facts(self) -> dict[str, Any]:
        """As the referee writes them."""
        real = challenger_of(imveil.find(self.scheme, **self.fields), 0)
        return setting(self._attack, real, self.data, DATA[self.data], self._terms, self._steps)

    def measure(self, seed: int) -> Record:
        """One game, with its control."""
        one = play(
            imveil.find(self.scheme, **self.fields), samples.pictures_of(self.data), self.attack,
            terms=self._terms, seed=seed, data=self.data, steps=self._steps,
        )  # fmt: skip
        found = {name: one.facts["found"][name] for name in ("ssim", "blind", "identified", "gallery", "queries")}
        control = one.facts["found"]["control"]
        found["control"] = {name: control[name] for name in ("recovery", "low", "identified")}
        numbers = {name: getattr(one, name) for name in ("value", "unit", "n", "low", "high", "seconds")}
        return self.measured(self.attack, seed, {"found": found}, **numbers)

    @property
    def _attack(self) -> Attack:
        return attacks.find(self.attack)

    @property
    def _steps(self) -> int:
        return min(self._attack.steps, STEPS)

    @property
    def _terms(self) -> Terms:
        return TRAINS if self._attack.steps else SEARCHES if self._attack.slow else TERMS

    def __str__(self) -> str:
        fields = "".join(f" {name}={value}" for name, value in self.fields.items())
        return f"{self.attack} on {self.scheme}{fields}, {self.data}"


def refused(scheme: Any, shape: tuple[int, ...]) -> str:
    """Why a scheme takes no pictures (h, w, c) of this shape; "" where it does."""
    (h, w, c), traits = shape, scheme.traits
    if traits.channels is not None and c not in traits.channels:
        return f"the scheme takes no pictures of {c} channel{'s' if c > 1 else ''}"
    if h % traits.tile or w % traits.tile:
        return f"the scheme takes sides that are multiples of {traits.tile}"
    return ""


def configurations() -> list[tuple[str, dict[str, Any]]]:
    """Every scheme with its default fields, then the others."""
    return [*((id, {}) for id in schemes.names()), *VARIANTS]


def cells(data: str) -> list[list[Cell]]:
    """A row for each configuration, a column for each attack."""
    return [[Cell(name, id, fields, data) for name in attacks.names()] for id, fields in configurations()]


def to_play() -> list[Sequence[Measurement]]:
    """All that are played, the quick attacks on all kinds of pictures first."""

    def cost(cell: Cell) -> tuple[bool, int]:
        attack = attacks.find(cell.attack)
        return bool(attack.steps or attack.slow), list(DATA).index(cell.data)

    some = [one for data in DATA for row in cells(data) for one in row if not one.why_not]
    return [[one] for one in sorted(some, key=cost)]


def played(data: str) -> Iterator[list[Record | str | None]]:
    """Row by row the record of each cell, or the reason why there is none; None where it was not played yet."""
    known = {one.digest: one for one in record.latest(record.read("matrix"))}
    for row in cells(data):
        yield [one.why_not or known.get(one.digest()) for one in row]
