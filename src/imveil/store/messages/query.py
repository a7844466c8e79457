"""A query and its answer: ciphertexts of pictures' numbers, and of the head's scores for them. No key is in either.

    imveil-query-1  / {"classes": k, "head": digest, "lengths": [...], "pictures": n, "rows": r, "slots": false} / ...
    imveil-answer-1 / {"lengths": [...], "query": SHA-256 of the query's file} / ...

Each picture is a polynomial of its own (slots false: a ciphertext a picture), or each number is one, with 4,096
pictures in its slots (slots true: a ciphertext a number). docs/spec/query.md has layout and parameters in words.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from imveil.errors import BadMessage
from imveil.store.messages import bfv, envelope

QUERY, ANSWER = "query", "answer"
_MOST_BLOB = 1 << 18  # bytes of a ciphertext, more than any of ours has


class Query(NamedTuple):
    """rows: numbers of a picture, the constant one with them.   head: digest of the head that is asked.   blobs: SEAL's
    ciphertexts, one a picture, or one a number where they lie in slots.   file: SHA-256 of its file."""

    pictures: int
    rows: int
    classes: int
    head: str
    slots: bool
    blobs: list[bytes]
    file: str = ""

    def to_bytes(self) -> bytes:
        """The bytes of its file."""
        return self.packed()[0]

    def packed(self) -> tuple[bytes, str]:
        """The bytes of its file, and their SHA-256, by which an answer names it."""
        facts = {name: getattr(self, name) for name in ("classes", "head", "pictures", "rows", "slots")}
        return envelope.packed(QUERY, {**facts, "lengths": [len(b) for b in self.blobs]}, b"".join(self.blobs))

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "the query") -> Query:
        """The query in a file's bytes. Raises BadMessage."""
        _, facts, body, file = envelope.unpack(data, QUERY, name)
        whole = ("classes", "pictures", "rows")
        good = set(facts) == {*whole, "head", "lengths", "slots"}
        good = good and all(type(facts[n]) is int and 1 <= facts[n] <= 1 << 20 for n in whole)
        if not good or not isinstance(facts["head"], str) or not isinstance(facts["slots"], bool):
            raise BadMessage(f"{name} is malformed: it does not say what a query says")
        found = cls(facts["pictures"], facts["rows"], facts["classes"], facts["head"], facts["slots"],
                    _blobs(facts, body, name), file)  # fmt: skip
        if len(found.blobs) != (found.rows if found.slots else found.pictures):
            raise BadMessage(f"{name} has {len(found.blobs)} ciphertexts, another number was needed")
        if found.slots and found.pictures > bfv.SLOTS:
            raise BadMessage(f"{name} holds {found.pictures} pictures, at most {bfv.SLOTS} fit")
        return found

    @property
    def parameters(self) -> bfv.Parameters:
        """Of its encryption: they follow from what is asked."""
        return bfv.parameters(self.rows, self.slots)

    @property
    def together(self) -> int:
        """Classes in one answer polynomial: 1 in slots."""
        return 1 if self.slots else max(1, self.parameters.degree // self.rows)


class Answer(NamedTuple):
    """Attributes
    ----------
    query
        SHA-256 of the file it answers.
    blobs
        Ciphertexts, of each picture in turn; of each class in slots.
    """

    query: str
    blobs: list[bytes]

    def to_bytes(self) -> bytes:
        """The bytes of its file."""
        facts = {"lengths": [len(b) for b in self.blobs], "query": self.query}
        return envelope.pack(ANSWER, facts, b"".join(self.blobs))

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "the answer") -> Answer:
        """The answer in a file's bytes. Raises BadMessage."""
        _, facts, body, _ = envelope.unpack(data, ANSWER, name)
        if set(facts) != {"lengths", "query"} or not isinstance(facts["query"], str):
            raise BadMessage(f"{name} is malformed: it does not say what an answer says")
        return cls(facts["query"], _blobs(facts, body, name))


def _blobs(facts: dict[str, Any], body: bytes, name: str) -> list[bytes]:
    if not isinstance(facts["lengths"], list):
        raise BadMessage(f"{name} is malformed: its lengths are no list")
    found = bfv.cut(body, facts["lengths"], name)
    if any(len(blob) > _MOST_BLOB for blob in found):
        raise BadMessage(f"{name} is malformed: a ciphertext has more than {_MOST_BLOB} bytes")
    return found
