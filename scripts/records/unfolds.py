"""Unfold: the recovery of several trainings of its net, on pictures that none of them saw.

Training 0 ships; the others lie where `make_unfold` wrote them, build/unfold-SEED.safetensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from scripts.records.make_unfold import STEPS

import imveil
from imveil.attacks.solvers.unfold.weights import SHIPPED
from imveil.attacks.unfold import Unfold
from imveil.audit.game.referee import play
from imveil.audit.game.split import Terms
from imveil.lab import samples
from imveil.lab.measurement import Measurement
from imveil.record import Record

TERMS = Terms(targets=1000)
TRAININGS = 3


@dataclass(frozen=True)
class Unfolded(Measurement):
    """negpos/1 with a key for each image, with the order of colours hidden or not."""

    colors: bool
    kind: ClassVar[str] = "unfold"

    def facts(self) -> dict[str, Any]:
        """The scheme, pictures, targets, and how long the net was trained."""
        fields = imveil.find("negpos/1", per_image=True, colors=self.colors).config()
        terms = TERMS.used(frozenset())
        return {"scheme": "negpos/1", "fields": fields, "data": "cifar10 test", "terms": terms, "steps": STEPS}

    def measure(self, seed: int) -> Record:
        """seed: which training, which keys and which thousand pictures."""
        file = Path(f"build/unfold-{seed}.safetensors") if seed else SHIPPED
        scheme = imveil.find("negpos/1", per_image=True, colors=self.colors)
        pictures = samples.pictures_of("cifar10 test")
        one = play(scheme, pictures, Unfold(file), terms=TERMS, seed=seed, data="cifar10 test")
        names = ("value", "unit", "n", "low", "high", "seconds")
        return self.measured("unfold", seed, {"found": one.facts["found"]}, **{n: getattr(one, n) for n in names})

    def __str__(self) -> str:
        return f"unfold, colours {'hidden' if self.colors else 'in order'}"


def trainings() -> list[Measurement]:
    """Both kinds of pictures."""
    return [Unfolded(True), Unfolded(False)]
