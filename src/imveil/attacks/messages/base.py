"""Evidence, Claim, MessageAttack: what an attacker holds of the private path, and what it says. No key is ever in it.

An attack is one file in this folder with one class. It says what it needs, gets Evidence with just that, and returns a
Claim; the referee (`imveil.audit.messages`) scores it, as an area under a ROC curve or a share, beside the proven cap.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from imveil import registry
from imveil.attacks.messages._ring import Whole
from imveil.errors import BadShape

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_PACKAGE = "imveil.attacks.messages"
NEEDS = frozenset(
    {"total", "other", "head", "ask", "messages", "candidates", "ciphertexts", "opened", "embeddings", "public"}
)


@dataclass(frozen=True)
class Moments:
    """A total as real numbers. second: (rows, rows); classes: (rows, classes); noise: standard deviation of what was
    added to the diagonal of `second`, 0 for none (the round says so in public); weight: the round's."""

    second: F64
    classes: F64
    noise: float = 0.0
    weight: float = 0.5


@dataclass(frozen=True)
class Opened:
    """Queries under one key, their answers, and what the owner shared of them. Ciphertexts are pairs of polynomials
    modulo x^degree + 1 and a prime, whole numbers of dtype object, lowest coefficients first.

    Attributes
    ----------
    asked, answered
        (n, 2, degree).
    twice
        (n, degree), what the shared numbers say of an answer's phase b + a s, plus its conjugate.
    scale
        Of a candidate's number 1 in the phase of a query.
    prime
        The modulus.
    """

    asked: Whole
    answered: Whole
    twice: Whole
    scale: float
    prime: int


@dataclass(frozen=True)
class Evidence:
    """What the attacker holds.

    Attributes
    ----------
    total
        Of a round.
    other
        A second total, of almost the same pictures.
    head
        (rows, classes), the weights.
    ask
        Scores of the head for chosen rows, (n, rows) -> (n, classes).
    messages
        Two masked sums of one owner in one round, uint64.
    candidates
        (n, rows) of pictures of which some are in the sum; (n, pixels) where pictures are drawn.
    labels
        (n,) their classes.
    ciphertexts
        (n, bytes) of encrypted queries, the second half about the same pictures as the first, in another order.
    opened
        Queries and answers that were opened and shared.
    embeddings
        (n, rows) of pictures that are looked for, where such were released.
    public
        Embeddings (m, rows) of other pictures, and those pictures (m, pixels).
    """

    total: Moments | None = None
    other: Moments | None = None
    head: F64 | None = None
    ask: Callable[[F64], F64] | None = None
    messages: tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]] | None = None
    candidates: F64 | None = None
    labels: I64 | None = None
    ciphertexts: npt.NDArray[np.uint8] | None = None
    opened: Opened | None = None
    embeddings: F64 | None = None
    public: tuple[F64, F64] | None = None


@dataclass(frozen=True)
class Claim:
    """scores: a number for each candidate, the larger the surer that it is in the sum; for "share", (n, choices), of
    which the largest is picked.   values: what was recovered, where an attack recovers numbers."""

    scores: F64
    values: F64 | None = None


class MessageAttack(ABC):
    """One thing to do with messages. Subclasses say:

    Attributes
    ----------
    id
        The name, as in the file's name with - for _.
    needs
        Parts of Evidence, of `NEEDS`.
    measure
        How the referee scores, "auc" (is it in?) or "share" (which one is it?).
    paper
        Where it is published, or "ours".
    """

    id: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    measure: ClassVar[Literal["auc", "share"]]
    paper: ClassVar[str] = "ours"

    @abstractmethod
    def run(self, evidence: Evidence) -> Claim:
        """A claim from the evidence. Deterministic; must return one even where it finds nothing."""


def have(value: object) -> None:
    """Raise BadShape where a part of the evidence that an attack needs is missing."""
    if value is None:
        raise BadShape("a part of the evidence that this attack needs is missing")


def names() -> list[str]:
    """The names of all attacks on messages, in alphabetical order."""
    return [name.replace("_", "-") for name in registry.files(_PACKAGE)]


def find(name: str) -> MessageAttack:
    """The attack of that name; UnknownName with the nearest names."""
    if name not in names():
        raise registry.unknown("attack on messages", name, names())
    module = import_module(f"{_PACKAGE}.{name.replace('-', '_')}")
    [made] = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, MessageAttack) and value.__module__ == module.__name__
    ]
    found: MessageAttack = made()
    return found
