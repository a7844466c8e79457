"""plain/1: the identity. The baseline of every table, and the way to train on pictures that need no hiding.

Hides nothing. Leaks everything. Key space: none, the key is ignored. Break: none needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from imveil.keys.key import Key
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, Traits


@dataclass(frozen=True)
class Plain(Scheme):
    """Pictures as they are. It takes a key like every scheme, and ignores it."""

    id: ClassVar[str] = "plain/1"
    paper: ClassVar[str] = "none: the baseline"

    @property
    def traits(self) -> Traits:
        """What holds of any picture."""
        return Traits(survives_jpeg=True)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """Nothing."""
        del key, shape
        return {}

    def plan_from_material(self, shape: Shape) -> Plan:
        """The identity."""
        del shape
        return Plan()
