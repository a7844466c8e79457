"""The ladder of puzzles: from whole blocks that only changed places up to the whole scheme, a rung at a time.

Each photograph has a key of its own; what a rung leaves out is taken out of the material of the scheme. Rungs with
smaller blocks are played on smaller pieces of the photographs, so that the number of blocks stays the same. How much of
a puzzle was put together rightly is told by the three ratios of the field (Cho, Avidan, Freeman, CVPR 2010; Gallagher,
CVPR 2012; Chuman and Kiya for encrypted pictures):

    direct     pieces that are where they belong
    neighbour  neighbouring pairs that are neighbours in truth too, on the same sides
    largest    the largest part put together rightly in itself, as a share of all pieces
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, ClassVar, NamedTuple

import numpy as np

import imveil
from imveil.attacks.solvers.puzzle.guess import Scrambled, restored, restored_grey
from imveil.attacks.solvers.puzzle.poses import turned
from imveil.audit.game.challenger import key_of
from imveil.lab import samples
from imveil.lab.measurement import Measurement
from imveil.plans.blocks import grid
from imveil.record import Record

STEPS = ("shuffle", "rotate", "flip", "negative", "colour")
IDLE = {"rotate": ("rotate", 3), "flip": ("reverse", 2), "negative": ("negaposi", 1), "colour": ("channel", 0)}
"""Of each step of EtC its material, and the code that changes nothing."""


class Ratios(NamedTuple):
    """All in 0..1."""

    direct: float
    neighbour: float
    largest: float


def ratios(truth: Any, guess: Any) -> Ratios:
    """truth, guess: (rows, columns) which piece lies where, each a different number. What is not in truth is wrong
    wherever it lies. Turns and values do not count: this is about places.

    >>> ratios(np.arange(6).reshape(2, 3), np.array([[1, 2, 0], [4, 5, 3]]))
    Ratios(direct=0.0, neighbour=0.7142857142857143, largest=0.6666666666666666)
    """
    rows, columns = truth.shape
    place = np.full(max(truth.max(), guess.max()) + 1, -1)
    place[truth.ravel()] = np.arange(truth.size)
    there = place[guess]
    row, column = np.divmod(there, columns)
    row[there < 0] = column[there < 0] = -9  # beside nothing
    across = (row[:, 1:] == row[:, :-1]) & (column[:, 1:] == column[:, :-1] + 1)
    down = (column[1:] == column[:-1]) & (row[1:] == row[:-1] + 1)
    cells = np.arange(truth.size).reshape(rows, columns)
    a = np.concatenate([cells[:, :-1][across], cells[:-1][down]])
    b = np.concatenate([cells[:, 1:][across], cells[1:][down]])
    label = np.arange(truth.size)
    for _ in range(truth.size):  # the least number spreads over each part
        before = label.copy()
        np.minimum.at(label, a, before[b])
        np.minimum.at(label, b, before[a])
        if (label == before).all():
            break
    return Ratios(
        float((there == cells).mean()),
        float((across.sum() + down.sum()) / max(across.size + down.size, 1)),
        float(np.bincount(label).max() / truth.size),
    )


@dataclass(frozen=True)
class Rung(Measurement):
    """One difficulty. scheme, block: what scrambles.   steps: of EtC that are done, the first so many of `STEPS`; of
    patch/1 "inside" and "shuffle". size: (h, w) of the pieces from the middle of the photographs, None for whole ones.
    """

    scheme: str
    block: int
    steps: tuple[str, ...]
    size: tuple[int, int] | None = None
    kind: ClassVar[str] = "assembly"

    def __str__(self) -> str:
        return f"{self.scheme} block {self.block}, {' + '.join(self.steps)}, {self.size or 'whole'}"

    def facts(self) -> dict[str, Any]:
        """Attack, photographs, and the rung itself."""
        size = list(self.size) if self.size else None
        return {"attack": self.attack, "data": "kodak", **asdict(self), "steps": list(self.steps), "size": size}

    def measure(self, seed: int) -> Record:
        """The mean share of right neighbours over the photographs, with its interval."""
        start, found = time.process_time(), []
        for number, picture in enumerate(samples.photographs()):
            found.append(climbed(self, middle(picture, self.size), number)[0])
        neighbour = [r.neighbour for r in found]
        drawn = np.random.default_rng(seed).choice(neighbour, (2000, len(found))).mean(axis=1)
        return self.measured(
            self.attack,
            seed,
            {
                "direct": fmean(r.direct for r in found),
                "largest": fmean(r.largest for r in found),
                "each": [[round(x, 4) for x in r] for r in found],
            },
            value=fmean(neighbour),
            unit="of neighbouring pairs right",
            n=len(found),
            low=float(np.quantile(drawn, 0.025)),
            high=float(np.quantile(drawn, 0.975)),
            seconds=round(time.process_time() - start, 1),  # of one core, however busy the machine
        )

    @property
    def attack(self) -> str:
        """Which of both attacks climbs it."""
        return "jigsaw-grey" if self.scheme == "etc-grey/1" else "jigsaw"

    @property
    def how(self) -> Scrambled:
        """What the attacker knows of it."""
        done = set(self.steps)
        return Scrambled(
            inside="inside" in done,
            turns=8 if "flip" in done else 4 if "rotate" in done else 1,
            negatives="negative" in done,
            colours="colour" in done,
        )


def rungs() -> list[Rung]:
    """From the easiest up, 384 blocks each where nothing else is said."""
    sizes = {32: None, 16: (256, 384), 8: (128, 192), 4: (64, 96)}
    found = [Rung("etc/1", b, STEPS[:k], size) for b, size in sizes.items() for k in range(1, len(STEPS) + 1)]
    found += [Rung("etc/1", 16, STEPS[:k]) for k in (1, 5)]  # 1,536 blocks
    inside = [(16, None), (8, (256, 384)), (4, (128, 192))]  # 1,536 blocks
    found += [Rung("patch/1", b, ("inside", "shuffle"), size) for b, size in inside]
    sizes = {32: None, 16: (256, 384), 8: (128, 192), 4: (64, 96)}
    return found + [Rung("etc-grey/1", b, STEPS[:k], size) for b, size in sizes.items() for k in (1, 4)]


def scrambled(rung: Rung, picture: Any, seed: int) -> tuple[Any, Any]:
    """The cipher image, and which of its blocks belongs where: (rows, columns)."""
    scheme: Any = imveil.find(rung.scheme, block=rung.block)
    material = scheme.material(key_of(seed, "ladder"), picture.shape)
    for step, (name, code) in IDLE.items():
        if name in material and step not in rung.steps:
            material[name] = np.full_like(material[name], code)
    cipher = scheme.plan_from_material(picture.shape, **material)(picture[None])[0]
    order = np.argsort(material["block"] if "block" in material else material["shuffle"])
    rows, columns = grid(picture.shape, rung.block)
    places = grid(cipher.shape, rung.block)
    return cipher, order.reshape(places)[:rows, :columns]


def climbed(rung: Rung, picture: Any, seed: int) -> tuple[Ratios, Any]:
    """How much was put together rightly, in the best of the picture's own turns; and the picture that came out."""
    cipher, truth = scrambled(rung, picture, seed)
    solver = restored_grey if rung.scheme == "etc-grey/1" else restored
    found = solver(cipher, rung.block, rung.how, np.random.default_rng(seed))
    wholes = [turned(truth, d) for d in range(8 if rung.how.inside else rung.how.turns)]
    best = max((ratios(w, found.order) for w in wholes if w.shape == found.order.shape), key=lambda r: r.neighbour)
    return best, found.picture


def middle(picture: Any, size: tuple[int, int] | None) -> Any:
    """The middle of a picture, (h, w, c); the whole where size is None.

    >>> middle(np.zeros((512, 768, 3)), (64, 96)).shape
    (64, 96, 3)
    """
    if size is None:
        return picture
    top, left = (max(0, (have - want) // 2) for have, want in zip(picture.shape, size))
    return np.ascontiguousarray(picture[top : top + size[0], left : left + size[1]])
