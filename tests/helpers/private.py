"""What the tests of the private path share: an encoder that anyone can compute, owners, rounds, ledgers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imveil.keys.key import Key
from imveil.keys.ledger import Ledger
from imveil.keys.sharing import Identity
from imveil.owner.encoders.base import F32, U8, Encoder, Facts
from imveil.owner.rounds import new_round, privacy_of
from imveil.owner.sources.base import Item, Source
from imveil.owner.summing import sum_of
from imveil.store.messages.round import Round
from imveil.store.messages.sum import Sum

CLASSES = ["cat", "dog", "eel"]
OWNERS = [Identity(Key(bytes([i]) * 32)) for i in range(1, 51)]


class MadeEncoder(Encoder):
    """Fixed numbers of a picture's bytes; the first few follow its mean, so that classes can be learnt."""

    def __init__(self, width: int = 12) -> None:
        self.facts = Facts("made", hashlib.sha256(b"made").hexdigest(), width)
        self.seen = 0

    def embed(self, pictures: Sequence[U8]) -> F32:
        self.seen += len(pictures)
        rows = []
        for picture in pictures:
            data = hashlib.shake_256(picture.tobytes()).digest(4 * self.facts.width)
            row = np.frombuffer(data, "<u4").astype(np.float64) / 2**32 - 0.5
            row[: len(CLASSES)] += 2.0 * (np.arange(len(CLASSES)) == picture[0, 0, 0] % len(CLASSES))
            rows.append(row)
        return np.array(rows, np.float32)


class Pictures(Source):
    """Tiny pictures whose first sample names their class."""

    def __init__(self, count: int, seed: int = 0, *, persons: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.spec, self.classes, self.notes = f"made-{seed}", list(CLASSES), []
        self.pixels = rng.integers(0, 256, (count, 4, 4, 3), np.uint8)
        labels = np.arange(count) % len(CLASSES)
        self.pixels[:, 0, 0, 0] = rng.integers(0, 80, count) * 3 + labels
        name = (lambda i: f"p{i // 3 % persons}/{i}.png") if persons else (lambda i: f"{i}.png")
        self.items = [Item(None, int(label), name(i)) for i, label in enumerate(labels)]

    def read(self, i: int) -> Any:
        from imveil.owner.picture import Picture

        return Picture(self.pixels[i])


def made_round(owners: int = 3, *, epsilon: float | None = None, width: int = 12, **more: Any) -> Round:
    """A round of the first owners, small enough for tests."""
    privacy = {n: more.pop(n) for n in ("unit", "most", "trust", "colluding", "weight", "delta") if n in more}
    return new_round(
        CLASSES, MadeEncoder(width).facts, [one.recipient for one in OWNERS[:owners]],
        privacy=privacy_of(epsilon, privacy.pop("delta", 1e-5), owners, **privacy), told=epsilon is None,
        **{"dim": width, "least": 5, "least_class": 1, "small": True, **more},
    )  # fmt: skip


def book(folder: Path, one: Identity, **more: Any) -> Ledger:
    """An owner's ledger in a test's folder."""
    name = hashlib.sha256(one.recipient.encode()).hexdigest()[:8]
    folder.mkdir(exist_ok=True)
    return Ledger(one, folder / f"{name}.ledger", folder / "marks" / name, **more)


def all_sums(round_: Round, folder: Path, count: int = 30, **more: Any) -> list[Sum]:
    """The sums of all owners of a round, each with pictures of his own."""
    found = []
    for i, one in enumerate(OWNERS[: len(round_.owners)]):
        encoder = MadeEncoder(round_.encoder.width)
        made = sum_of(Pictures(count, i), round_, one, encoder, book(folder, one), told=True, **more)
        found.append(made.sum)
    return found
