"""Outcome: all that an audit found, as facts, and which of them count most."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from imveil.attacks.base import ViewName
from imveil.audit.finding import Finding, Level, worst
from imveil.audit.ladder import RUNGS
from imveil.audit.leaks import Leak
from imveil.audit.trials import Skipped
from imveil.record import Record

NEAR = 0.05  # of recovery: what does so nearly as well needs less to be told of


@dataclass
class Outcome:
    """All that an audit found, as facts.

    Attributes
    ----------
    what
        The scheme or encryptor in words.
    data
        What the pictures are.
    leaks
        What the cipher images show by themselves.
    core
        Attacks of the core that are still to be played, by group; nothing is acquitted while there are some.
    metrics
        Lines of (name, measured, expected, range, tells).
    notes
        What the reader should know beside that, in sentences.
    resembles
        What a folder of cipher images seems to be, in words.
    void
        Why no verdict can be given; empty where one can.
    """

    what: str
    data: str
    views: tuple[ViewName, ...]
    budget: float
    findings: list[Finding] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    core: dict[str, set[str]] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    truth: bool = True
    resembles: str = ""
    void: str = ""

    @property
    def best(self) -> Finding | None:
        """The finding whose recovery is surely the highest: by the lower end of its interval, then by its mean; of
        equals the one that needed least. Who chose from a gallery recovered nothing, and counts where nobody else
        played."""
        sound = [f for f in self.findings if f.sound]
        return max(
            [f for f in sound if "gallery" not in f.trial.attack.needs] or sound,
            key=lambda f: (round(f.low, 3), round(f.recovery, 3), *(-n for n in f.need)),
            default=None,
        )

    @property
    def headline(self) -> Finding | None:
        """The finding to tell of: the weakest attacker who gets as far as any, and of what he did the least that does
        about as well. Not one that chose from a gallery: whoever has the picture already does not get it back."""
        redrawn = [f for f in self.findings if f.sound and "gallery" not in f.trial.attack.needs]
        grade = worst([f.level for f in redrawn])
        if grade not in ("open", "partly open"):
            return max(redrawn, key=lambda f: (f.low, f.recovery), default=self.best)
        far = [f for f in redrawn if f.level == grade]
        weakest = min((f.rung for f in far), key=RUNGS.index)
        far = [f for f in far if f.rung == weakest]
        most = max(f.low for f in far)
        return min((f for f in far if f.low >= most - NEAR), key=lambda f: (*f.need, -f.low))

    @property
    def told_apart(self) -> Finding | None:
        """The finding that picks the right candidate most often, where it does so far beyond chance."""
        apart = [f for f in self.findings if f.sound and f.tells_apart]
        return max(apart, key=lambda f: (f.identified, *(-n for n in f.need)), default=None)

    @property
    def plain_share(self) -> float:
        """Of the images, or of their area, so much lies open to the eye; 0 where nothing does."""
        return max((leak.share for leak in self.leaks if leak.level == "partly open"), default=0.0)

    @property
    def unplayed(self) -> list[str]:
        """Attacks of the core that were not played: while there are some, nothing is acquitted."""
        return sorted(set().union(*self.core.values()))

    @property
    def level(self) -> Level:
        """How bad it is, by the worst of what attacks did and of what the cipher images show by themselves."""
        if self.void:
            return "no verdict"
        grade = worst([f.level for f in self.findings] + [leak.level for leak in self.leaks if leak.level])
        gap = self.unplayed or not any(f.sound for f in self.findings)
        return "not enough was tried" if grade == "nothing found" and gap else grade

    def condemned(self, above: float | None, identified: float | None = None) -> bool:
        """Whether the lower end of a recovery surely exceeds `above`, or the share of the pictures that lies open to
        the eye does, or the lower end of a share of right picks `identified`; None: not asked."""
        if above is not None and (self.plain_share > above or (self.best is not None and self.best.low > above)):
            return True
        apart = self.told_apart
        return identified is not None and apart is not None and apart.identified_interval[0] > identified

    @property
    def records(self) -> list[Record]:
        """Of all findings and seeds."""
        return [record for found in self.findings for record in found.records]
