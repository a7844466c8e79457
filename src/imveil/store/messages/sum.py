"""A sum: the table of one owner under masks. Its words are uniform to whoever lacks the secret of one honest owner.

    imveil-sum-1 / {"owner": recipient, "round": digest, "step": 0, "tag": "..."} / words, 8 bytes little-endian each

tag: 16 hex digits where the round is blind, a share of what `sum open` checks; else empty.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadMessage, Mismatch
from imveil.store.messages import envelope
from imveil.store.messages.round import Round
from imveil.store.messages.table import length

KIND = "sum"


class Sum(NamedTuple):
    """Attributes
    ----------
    owner
        Its recipient.
    words
        (length,) uint64.
    tag
        Below 2^61, 0 where the round is not blind.
    """

    owner: str
    words: npt.NDArray[np.uint64]
    tag: int = 0

    def to_bytes(self, round_: Round) -> bytes:
        """The bytes of its file."""
        tag = f"{self.tag:016x}" if round_.blind else ""
        facts = {"owner": self.owner, "round": round_.digest.hex(), "step": round_.step, "tag": tag}
        return envelope.pack(KIND, facts, self.words.astype("<u8").tobytes())

    @classmethod
    def from_bytes(cls, data: bytes, round_: Round, name: str = "the sum") -> Sum:
        """The sum in a file's bytes. Raises BadMessage; Mismatch for a sum of another round or of a stranger."""
        _, facts, body, _ = envelope.unpack(data, KIND, name)
        if set(facts) != {"owner", "round", "step", "tag"}:
            raise BadMessage(f"{name} is malformed: it does not say what a sum says")
        if facts["round"] != round_.digest.hex() or facts["step"] != round_.step:
            raise Mismatch(
                f"{name} belongs to another round than {round_.fingerprint} step {round_.step + 1}",
                hint="ask its owner for one of this round",
            )
        if facts["owner"] not in round_.owners:
            raise Mismatch(f"{name} is from {str(facts['owner'])[:80]!r}, who is no owner of this round")
        if len(body) != 8 * length(round_):
            raise BadMessage(f"{name} has {len(body)} bytes of words, {8 * length(round_)} were needed")
        return cls(facts["owner"], np.frombuffer(body, "<u8").astype(np.uint64), tag_of(facts["tag"], round_, name))

    @classmethod
    def read(cls, path: Path | str, round_: Round) -> Sum:
        """The sum in a file."""
        return cls.from_bytes(envelope.read(path), round_, str(path))


def tag_of(text: object, round_: Round, name: str) -> int:
    """The tag in a message's facts. Raises BadMessage."""
    good = isinstance(text, str) and len(text) == (16 if round_.blind else 0)
    try:
        return int(str(text), 16) if good and text else 0 if good else int("no tag", 16)
    except ValueError as error:
        raise BadMessage(f"{name} is malformed: its tag is not what the round asks for") from error
