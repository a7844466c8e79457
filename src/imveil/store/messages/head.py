"""A head: the last layer of a classifier on frozen features, and its card, the face that may be shown.

`head.safetensors` holds `weights` (dim + 1, classes), what training needs to go on, and the facts of the card under
`imveil`, with a SHA-256 of all of it. `head.card` is an envelope of the facts alone. No secret is in either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imveil.errors import BadMessage
from imveil.extras import need
from imveil.store.messages import envelope
from imveil.store.messages.round import Features, Privacy

KIND = "card"
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_HEX = r"^([0-9a-f]{64})?$"
_MOST = 1 << 30


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Measured(_Strict):
    """An accuracy: this many right of n, on what."""

    right: int = Field(ge=0)
    n: int = Field(ge=1)
    on: str = Field(max_length=200)


class Card(_Strict):
    """What may be said of a head.

    Attributes
    ----------
    method
        "ridge", "balanced", "lda" or "gradient".
    study
        Digest of step 0 of its round.
    steps
        Releases it stands on.
    pictures
        In the sum, an estimate where it is private.
    owners
        How many.
    privacy
        Of all steps, None where nothing is promised.
    measured
        accuracies.
    attacked
        What was tried on it, in sentences.
    head
        SHA-256 over the head's numbers.
    """

    features: Features
    classes: list[str] = Field(min_length=2, max_length=1000)
    method: str
    study: str = Field(pattern=_HEX)
    steps: int = Field(ge=0)
    pictures: int = Field(ge=0)
    owners: int = Field(ge=1)
    privacy: Privacy | None = None
    measured: list[Measured] = Field(default_factory=list)
    attacked: list[str] = Field(default_factory=list)
    head: str = Field(default="", pattern=_HEX)

    def to_bytes(self) -> bytes:
        """The bytes of `head.card`."""
        return envelope.pack(KIND, self.model_dump(mode="json"))

    @classmethod
    def read(cls, path: Path | str) -> Card:
        """The card in a file. Raises BadMessage."""
        facts = envelope.unpack(envelope.read(path, 1 << 22), KIND, str(path)).facts
        return cls.of(facts, str(path))

    @classmethod
    def of(cls, facts: Any, name: str) -> Card:
        """A card from JSON. Raises BadMessage."""
        try:
            return cls.model_validate(facts)
        except ValidationError as error:
            first = error.errors()[0]
            raise BadMessage(f"{name} is malformed at {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


class Head:
    """weights: (dim + 1, classes) float64.   card: its facts.   state: what training goes on from, by name."""

    def __init__(self, weights: F64, card: Card, state: Mapping[str, F64] | None = None) -> None:
        self.weights, self.state = weights, dict(state or {})
        self.card = card.model_copy(update={"head": self._digest()})

    @property
    def digest(self) -> str:
        """SHA-256 over its numbers, 64 hex digits."""
        return self.card.head

    @property
    def point(self) -> F64:
        """Where the next gradient is taken: (dim + 1, classes)."""
        return self.state.get("at", self.weights)

    def scores(self, rows: I64) -> F64:
        """(n, classes) for rows (n, dim + 1) in units of 2^-bits."""
        return rows.astype(np.float64) @ self.weights * 2.0**-self.card.features.bits

    def small(self) -> I64:
        """The weights in 8 bits, (dim + 1, classes), -127 to 127: what answers encrypted queries."""
        largest = float(np.abs(self.weights).max()) or 1.0
        return np.rint(self.weights * (127 / largest)).astype(np.int64)

    def to_bytes(self) -> bytes:
        """The bytes of `head.safetensors`."""
        facts = {"format": "imveil-head", "version": 1, "card": self.card.model_dump(mode="json")}
        arrays = {"weights": np.ascontiguousarray(self.weights), **self.state}
        save = need("safetensors.numpy", "private", "a head").save
        data: bytes = save(arrays, {"imveil": envelope.canonical({"facts": facts, "sha256": self._sum(facts)})})
        return data

    @classmethod
    def read(cls, path: Path | str) -> Head:
        """The head in a file. Raises BadMessage for another file, a cut or an altered one."""
        return cls.from_bytes(envelope.read(path, _MOST), str(path))

    @classmethod
    def from_bytes(cls, data: bytes, path: str = "the head") -> Head:
        """The head in a file's bytes. Raises BadMessage."""
        held = _facts(data)
        if held is None:
            raise BadMessage(f"{path} is no head of imveil, or it is cut off or altered")
        try:
            arrays = need("safetensors.numpy", "private", "a head").load(data)
            weights = arrays.pop("weights")
            head = cls(weights, Card.of(held["facts"]["card"], path), arrays)
            good = head._sum(held["facts"]) == held["sha256"] and head.card.head == held["facts"]["card"]["head"]
            shape = (head.card.features.dim + 1, len(head.card.classes))
            good = good and weights.shape == shape and all(a.dtype == np.float64 for a in (weights, *arrays.values()))
        except BadMessage:
            raise
        except Exception as error:  # the library has several kinds of its own
            raise BadMessage(f"{path} is cut off or altered", hint="copy it again from where it was made") from error
        if not good or not np.isfinite(weights).all():
            raise BadMessage(f"{path} was altered: its SHA-256 does not fit", hint="copy it again")
        return head

    def _digest(self) -> str:
        state = hashlib.sha256()
        for name, array in sorted({"weights": self.weights, **self.state}.items()):
            state.update(f"{name} {array.shape}\n".encode() + np.ascontiguousarray(array, "<f8").tobytes())
        return state.hexdigest()

    def _sum(self, facts: Any) -> str:
        return hashlib.sha256(f"{envelope.canonical(facts)}\n{self.digest}".encode()).hexdigest()


def is_head(path: Path | str) -> bool:
    """Whether a file is a head; looks at its beginning only."""
    try:
        with open(path, "rb") as file:
            return _facts(file.read(1 << 20)) is not None
    except OSError:
        return False


def _facts(data: bytes) -> dict[str, Any] | None:
    size = int.from_bytes(data[:8], "little")
    if not 2 <= size <= min(len(data) - 8, 1 << 20):
        return None
    try:
        held = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["imveil"])
        return held if held["facts"]["format"] == "imveil-head" and held["facts"]["version"] == 1 else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
