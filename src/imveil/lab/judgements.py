"""Judgements: all that is claimed of some schemes, each reading beside what the records say of it.

for page in judgements(["etc/1"]):
    print(page.status)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import imveil
from imveil.lab.claims import Claim, Evidence, Judged, claims_of, judge
from imveil.lab.evidence import status
from imveil.lab.paper import PAPER, SEED


@dataclass(frozen=True)
class Page:
    """What is claimed of one scheme, and what the records say of each reading."""

    scheme: str
    status: str
    claims: Sequence[tuple[Claim, Sequence[Judged]]]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "scheme": self.scheme,
            "status": self.status,
            "claims": [
                {
                    "claim": claim.says,
                    "by": claim.by,
                    "readings": [
                        {"means": reading.means, "verdict": one.verdict, "measured": one.words}
                        for reading, one in zip(claim.readings, verdicts, strict=True)
                    ],
                }
                for claim, verdicts in self.claims
            ],
        }

    def lines(self) -> list[str]:
        """For readers."""
        found = [f"{self.scheme}: {self.status}"]
        for claim, verdicts in self.claims:
            found += ["", f"{claim.says} ({claim.by})"]
            for reading, one in zip(claim.readings, verdicts, strict=True):
                found.append(f"  {one.verdict}, if it means that {reading.means}{one.words and ': '}{one.words}")
        return found


def judgements(
    schemes: Iterable[str] = (), *, budget: float = 0.0, tell: Callable[[str], None] = lambda _: None
) -> list[Page]:
    """A page for each scheme, the papers' own claims before those that every scheme is asked.

    Parameters
    ----------
    schemes
        Ids; the founding paper's scheme where none is given.
    budget
        Seconds, for all of them, to measure what the records lack; 0 measures nothing.
    tell
        Called with what is measured now.

    Raises
    ------
    UnknownName
    """
    pages = []
    for scheme in [imveil.find(id) for id in schemes or [SEED]]:
        asked = [*(PAPER if scheme.id == SEED else []), *claims_of(scheme)]
        judged, budget = judge(asked, budget=budget, tell=tell)
        pages.append(Page(scheme.id, status(scheme, Evidence().kind("recovery")), judged))
    return pages
