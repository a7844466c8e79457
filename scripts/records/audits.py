"""Audits for the records: whole audits on three sets of pictures, one record each.

An audit of a user writes a report and no records; these are for the docs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import imveil
from imveil.attacks.base import ViewName
from imveil.audit.campaign import audit
from imveil.audit.pictures import MOST
from imveil.audit.trials import VIEWS
from imveil.audit.verdicts import line, sentence
from imveil.lab import samples
from imveil.lab.measurement import Measurement
from imveil.record import Record

BUDGET = 120.0


@dataclass(frozen=True)
class Audited(Measurement):
    """An audit of one scheme with these fields, on these pictures, in these views, within so many seconds."""

    scheme: str
    data: str = "cifar10 test"
    views: tuple[ViewName, ...] = VIEWS
    fields: Mapping[str, Any] = field(default_factory=dict)
    budget: float = BUDGET
    kind: ClassVar[str] = "audit"

    def facts(self) -> dict[str, Any]:
        """Scheme with all of its fields, pictures, views, budget."""
        config = imveil.find(self.scheme, **self.fields).config()
        return {"scheme": self.scheme, "fields": config, "data": self.data, "views": list(self.views),
                "budget": self.budget}  # fmt: skip

    @property
    def seconds(self) -> float:
        """About how long it takes: its budget."""
        return self.budget

    def measure(self, seed: int) -> Record:
        """The recovery that its verdict tells of, with all findings among the facts. seed: which pictures are taken."""
        images = samples.drawn(self.data, MOST, seed, 7)
        scheme = imveil.find(self.scheme, **self.fields)
        found = audit(scheme, images, budget=self.budget, views=self.views, data=self.data)
        best = found.headline
        told = {
            "verdict": sentence(found),
            "level": found.level,
            "pictures": len(images),
            "told": None if best is None else line(best),
            "best": None if found.best is None else line(found.best),
            "findings": [line(one) for one in found.findings],
            "skipped": [[one.attack, one.reason] for one in found.skipped],
        }
        return self.measured(
            "audit",
            seed,
            {"found": told},
            value=best.recovery if best else 0.0,
            unit="of the way from the best blind guess to the picture",
            n=best.records[0].n if best else 0,
            low=best.low if best else 0.0,
            high=best.high if best else 1.0,
            seconds=round(found.seconds, 1),
        )

    def __str__(self) -> str:
        fields = "".join(f" {name}={value}" for name, value in self.fields.items())
        return f"audit of {self.scheme}{fields} on {self.data}, {' '.join(self.views)}, {self.budget:g} s"


AUDITS = [
    *(
        Audited(scheme, "cifar10 test", views)
        for scheme in ("aes-xor/1", "logistic-xor/1")
        for views in (VIEWS, ("coa",))
    ),
    Audited("negpos/1", fields={"per_image": True}),
    Audited("etc/1"),
    Audited("aes-ctr-control/1"),
    *(Audited(scheme, "pneumoniamnist") for scheme in ("logistic-xor/1", "aes-ctr-control/1")),
    *(Audited(scheme, "kodak tiles") for scheme in ("logistic-xor/1", "aes-ctr-control/1")),
]
