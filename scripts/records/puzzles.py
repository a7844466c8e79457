"""The ladder of puzzles: from whole blocks that only changed places up to the whole scheme, a rung at a time.

Each photograph has a key of its own; what a rung leaves out is taken out of the material of the scheme. Rungs with
smaller blocks are played on smaller pieces of the photographs, so that the number of blocks stays the same.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import numpy as np
from scripts.records.assembly import Ratios, ratios

import imveil
from imveil import record
from imveil.attacks.solvers.puzzle.guess import Scrambled, restored, restored_grey
from imveil.attacks.solvers.puzzle.poses import turned
from imveil.audit.game.challenger import key_of
from imveil.plans.blocks import grid
from imveil.record import Record

STEPS = ("shuffle", "rotate", "flip", "negative", "colour")
IDLE = {"rotate": ("rotate", 3), "flip": ("reverse", 2), "negative": ("negaposi", 1), "colour": ("channel", 0)}
"""Of each step of EtC its material, and the code that changes nothing."""


@dataclass(frozen=True)
class Rung:
    """One difficulty. scheme, block: what scrambles.   steps: of EtC that are done, the first so many of `STEPS`; of
    patch/1 "inside" and "shuffle". size: (h, w) of the pieces from the middle of the photographs, None for whole ones.
    """

    scheme: str
    block: int
    steps: tuple[str, ...]
    size: tuple[int, int] | None = None

    def __str__(self) -> str:
        return f"{self.scheme} block {self.block}, {' + '.join(self.steps)}, {self.size or 'whole'}"

    @property
    def facts(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {**asdict(self), "steps": list(self.steps), "size": list(self.size) if self.size else None}

    @property
    def digest(self) -> str:
        """Of the records of this rung."""
        return record.digest_of({"attack": self.attack, "data": "kodak", **self.facts})

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


def measured(rung: Rung, pictures: Sequence[Any]) -> Record:
    """The record of a rung, of kind "assembly". pictures: whole photographs, (h, w, 3)."""
    start, found = time.process_time(), []
    for seed, picture in enumerate(pictures):
        found.append(climbed(rung, middle(picture, rung.size), seed)[0])
    neighbour = [r.neighbour for r in found]
    drawn = np.random.default_rng(0).choice(neighbour, (2000, len(found))).mean(axis=1)
    return record.measured(
        kind="assembly",
        name=rung.attack,
        digest=rung.digest,
        facts={
            "attack": rung.attack,
            "data": "kodak",
            **rung.facts,
            "direct": fmean(r.direct for r in found),
            "largest": fmean(r.largest for r in found),
            "each": [[round(x, 4) for x in r] for r in found],
        },
        seed=0,
        value=fmean(neighbour),
        unit="of neighbouring pairs right",
        n=len(found),
        low=float(np.quantile(drawn, 0.025)),
        high=float(np.quantile(drawn, 0.975)),
        seconds=round(time.process_time() - start, 1),  # of one core, however busy the machine,
    )


def middle(picture: Any, size: tuple[int, int] | None) -> Any:
    """The middle of a picture, (h, w, c); the whole where size is None.

    >>> middle(np.zeros((512, 768, 3)), (64, 96)).shape
    (64, 96, 3)
    """
    if size is None:
        return picture
    top, left = (max(0, (have - want) // 2) for have, want in zip(picture.shape, size))
    return np.ascontiguousarray(picture[top : top + size[0], left : left + size[1]])
