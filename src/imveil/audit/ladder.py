"""Ladder: attackers from the weakest to the strongest, and the attacks that must have been played to acquit.

A verdict names the weakest attacker that succeeds, so attackers are played in this order, and a stronger one only when
the core of the weaker has been played. Without the core of each group that was asked for, nothing is acquitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imveil.attacks.base import Attack


@dataclass(frozen=True)
class Rung:
    """One kind of attacker.

    Attributes
    ----------
    name
        As JSON calls it.
    words
        What this attacker has, to follow "whoever".
    view
        The view in which it plays.
    core
        Attacks that decide: the family that each one breaks is in its name's comment below.
    """

    name: str
    words: str
    view: str
    core: frozenset[str]


RUNGS = (
    Rung(
        "cipher images",
        "needs nothing but cipher images",
        "coa",
        # pictures left as they are; a key per image that inverts; one sequence for all; one plan for all
        frozenset({"look", "fold-colours", "many-time-pad", "second-order"}),
    ),
    # whatever keeps an invariant of the picture: values, their folds, blocks
    Rung("candidates", "has a list of candidates", "coa", frozenset({"link"})),
    # one key for all images, whatever it does: one plan over bytes, nibbles or blocks
    Rung("known pictures", "knows some pictures", "kpa", frozenset({"known-plan"})),
    Rung("chosen pictures", "may choose pictures", "cpa", frozenset({"chosen-plan"})),
)


def rung_of(attack: Attack) -> Rung:
    """The weakest attacker who can play this attack.

    >>> from imveil import attacks
    >>> rung_of(attacks.find("link")).name
    'candidates'
    """
    if "oracle" in attack.needs:
        return RUNGS[3]
    if attack.view == "kpa":
        return RUNGS[2]
    return RUNGS[1] if "gallery" in attack.needs else RUNGS[0]


def core_of(rung: Rung, attacks: list[Attack], scheme: Any = None) -> set[str]:
    """The ids of the core of a group, among `attacks`, that make sense against `scheme` (None: anybody's encryptor)."""
    return {a.id for a in attacks if a.id in rung.core and (scheme is None or a.suits(scheme))}


__all__ = ["RUNGS", "Rung", "core_of", "rung_of"]
