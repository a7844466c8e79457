"""A total: the sums of all owners of a round added up, so that their masks are gone. It holds its whole round.

    imveil-total-1 / {"opened": false, "round": {...}, "tag": "..."} / words, 8 bytes little-endian each

In a blind round one more mask is left, which an owner takes off (`imveil sum open`): then "opened" is true.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadMessage
from imveil.store.messages import envelope
from imveil.store.messages.round import KIND as ROUND
from imveil.store.messages.round import Round
from imveil.store.messages.sum import tag_of
from imveil.store.messages.table import length

KIND = "total"


class Total(NamedTuple):
    """Attributes
    ----------
    round
        What was agreed.
    words
        (length,) int64, modulo 2^64.
    opened
        Whether an owner took the mask off.
    """

    round: Round
    words: npt.NDArray[np.int64]
    opened: bool = False
    tag: int = 0

    @property
    def readable(self) -> bool:
        """Whether the words are the sum itself."""
        return self.opened or not self.round.blind

    def to_bytes(self) -> bytes:
        """The bytes of its file."""
        tag = f"{self.tag:016x}" if self.round.blind else ""
        facts = {"opened": self.opened, "round": self.round.model_dump(mode="json"), "tag": tag}
        return envelope.pack(KIND, facts, self.words.astype("<i8").tobytes())

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "the total") -> Total:
        """The total in a file's bytes. Raises BadMessage."""
        _, facts, body, _ = envelope.unpack(data, KIND, name)
        if set(facts) != {"opened", "round", "tag"} or not isinstance(facts["round"], dict):
            raise BadMessage(f"{name} is malformed: it does not say what a total says")
        round_ = Round.from_bytes(envelope.pack(ROUND, facts["round"]), f"the round in {name}")
        if not isinstance(facts["opened"], bool) or (facts["opened"] and not round_.blind):
            raise BadMessage(f"{name} is malformed: only the total of a blind round is opened")
        if len(body) != 8 * length(round_):
            raise BadMessage(f"{name} has {len(body)} bytes of words, {8 * length(round_)} were needed")
        words = np.frombuffer(body, "<i8").astype(np.int64)
        return cls(round_, words, facts["opened"], tag_of(facts["tag"], round_, name))

    @classmethod
    def read(cls, path: Path | str) -> Total:
        """The total in a file."""
        return cls.from_bytes(envelope.read(path), str(path))
