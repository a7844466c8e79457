"""Finding: what one trial gave, as numbers, as a level, and in pictures."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Literal

from imveil.attacks.base import U8, Images
from imveil.audit.ladder import RUNGS, Rung, rung_of
from imveil.audit.trials import Trial
from imveil.interval import wilson
from imveil.record import Record

Level = Literal["open", "partly open", "recognisable", "nothing found", "not enough was tried", "no verdict"]
"""From the worst to the best that can be said; the last two are no acquittal."""

OPEN, PARTLY, IDENTIFIED, TIMES_CHANCE = 0.5, 0.05, 0.05, 5
NOISE = 0.05  # an attack that surely recovers this much from noise is not counted
ORDER: tuple[Level, ...] = ("open", "partly open", "recognisable", "nothing found")


@dataclass
class Finding:
    """What one trial gave.

    Attributes
    ----------
    trial
        The attack and how much it was given.
    records
        One a seed, that is, a key; the first is the one that counts.
    truth, cipher, guess
        Of a few targets, for the eye; truth is None where nobody has it.
    """

    trial: Trial
    records: list[Record]
    truth: U8 | None
    cipher: Images
    guess: U8

    @property
    def found(self) -> dict[str, Any]:
        """All numbers of the first seed."""
        found: dict[str, Any] = self.records[0].facts["found"]
        return found

    @property
    def recovery(self) -> float:
        """Of the first seed, as `low` and `high` are."""
        return self.records[0].value

    @property
    def low(self) -> float:
        """Lower end of its 95 % interval."""
        return self.records[0].low

    @property
    def high(self) -> float:
        """Upper end of it."""
        return self.records[0].high

    @property
    def gallery(self) -> int:
        """Among how many candidates targets were picked; 0 where there were none."""
        return int(self.found.get("gallery", 0))

    @property
    def identified(self) -> float:
        """Share of targets picked rightly among the gallery; ties count as chance."""
        return float(self.found.get("identified", 0.0))

    @property
    def identified_interval(self) -> tuple[float, float]:
        """Its 95 % interval over targets."""
        n = self.records[0].n
        return wilson(round(self.identified * n), n) if self.gallery else (0.0, 0.0)

    @property
    def control(self) -> dict[str, Any]:
        """The score of the same attack on noise; empty where it was not played."""
        return self.found.get("control") or {}

    @property
    def spread(self) -> tuple[float, float, int]:
        """Mean and standard deviation of the recovery over seeds, and how many there were."""
        values = [record.value for record in self.records]
        return fmean(values), stdev(values) if len(values) > 1 else 0.0, len(values)

    @property
    def rung(self) -> Rung:
        """The weakest attacker who can do this."""
        return rung_of(self.trial.attack)

    @property
    def need(self) -> tuple[int, ...]:
        """How much the attacker had to have, for comparison: kind, images, kinds of things; looking needs least."""
        attack = self.trial.attack
        return RUNGS.index(self.rung), self.trial.strength, len(attack.needs), int(attack.id != "look")

    @property
    def pictures(self) -> bool:
        """Whether what came back are whole pictures, as far as that can be told where nobody has the true ones."""
        return bool(self.found.get("pictures", True))

    @property
    def sound(self) -> bool:
        """Whether its numbers count: an attack that scores on noise proves nothing."""
        noise = self.control
        return float(noise.get("low", 0.0)) < NOISE and not self._far_from_chance(noise.get("identified") or 0.0)

    @property
    def tells_apart(self) -> bool:
        """Whether the right candidate is surely picked far more often than chance would."""
        return self._far_from_chance(self.identified)

    @property
    def level(self) -> Level:
        """How bad it is. Who chose a candidate did not get a picture back, so that alone is no recovery."""
        if not self.sound:
            return "nothing found"
        if "gallery" not in self.trial.attack.needs:
            if self.low >= OPEN and self.pictures:
                return "open"
            if self.low >= PARTLY:
                return "partly open"
        return "recognisable" if self.tells_apart else "nothing found"

    def _far_from_chance(self, share: float) -> bool:
        n = self.records[0].n
        if not self.gallery or not n:
            return False
        return wilson(round(share * n), n)[0] > max(TIMES_CHANCE / self.gallery, IDENTIFIED)


def worst(levels: list[Level]) -> Level:
    """The worst of some levels; "nothing found" of none.

    >>> worst(["nothing found", "open", "recognisable"])
    'open'
    """
    return min(levels, key=ORDER.index, default="nothing found")
