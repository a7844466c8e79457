"""Scrambled: pictures whose blocks were moved, turned, recoloured or shuffled inside, and back again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from imveil.attacks.solvers.pad.colours import named
from imveil.attacks.solvers.puzzle import inside
from imveil.attacks.solvers.puzzle.luma import luma_odds
from imveil.attacks.solvers.puzzle.poses import turned
from imveil.attacks.solvers.puzzle.solve import solve
from imveil.attacks.solvers.puzzle.upright import upright
from imveil.plans.blocks import from_blocks, to_blocks

MOST = 1600
"""Blocks of a picture that are assembled: time grows with the square."""

CANDIDATES = 2
"""Blocks of three planes tried for each place of luma; a third of all blocks, the least likely, is left out."""

UNFIT, DOUBT = 0.5, 2.0  # what log odds of a block weigh beside the worth of a border, and how far they count


@dataclass(frozen=True)
class Scrambled:
    """What a scheme does to the blocks of a picture. inside: shuffles their samples, all in the same way.   moved:
    blocks change places. turns: 1 none, 4 quarters, 8 mirrored too.   negatives, colours: each block on its own.
    """

    inside: bool = False
    moved: bool = True
    turns: int = 1
    negatives: bool = False
    colours: bool = False


@dataclass(frozen=True)
class Restored:
    """picture: (h, w, c), set upright as far as it can be guessed.   order: (rows, columns) which block of the cipher
    image lies where, before the picture was set upright. joined, worth: see `Solved`."""

    picture: Any
    order: Any
    joined: float
    worth: float


def restored(image: Any, side: int, how: Scrambled, rng: np.random.Generator) -> Restored:
    """A picture from its cipher image (h, w, c) uint8, blocks of side x side; as it is where that is too much."""
    h, w, c = image.shape
    rows, columns = h // side, w // side
    cut = to_blocks(image, side)
    turns = how.turns
    unmoved = Restored(image, np.arange(len(cut)).reshape(rows, columns), 0.0, 1.0)
    if how.inside:
        if len(cut) < inside.LEAST or side * side > inside.MOST:
            return unmoved
        flat = cut.reshape(len(cut), -1)
        where = inside.inside(cut).ravel()
        where = where[named(flat[:, where].T)] if c == 3 else where
        cut, turns = flat[:, where].reshape(cut.shape), 8
    if not how.moved:
        ways = [np.stack([turned(block, d) for block in cut]) for d in range(turns)]
        return Restored(min((from_blocks(way, image.shape) for way in ways), key=lambda p: _seams(p, side)),
                        unmoved.order, 1.0, 1.0)  # fmt: skip
    solved = solve(
        cut, rows, columns, rng,
        turns=how.turns, negatives=how.negatives, colours=how.colours, either=how.inside,
    )  # fmt: skip
    picture = upright(
        solved.picture(cut), tuple(range(turns)), negatives=how.negatives, colours=how.colours and not how.inside
    )
    return Restored(picture, solved.order, solved.joined, solved.worth)


def restored_grey(image: Any, side: int, how: Scrambled, rng: np.random.Generator) -> Restored:
    """The luma (h, w, 1) of a picture whose planes Y, Cb and Cr are scrambled as one grey image (h, 3 w, 1) uint8.

    order: which block of the cipher image lies where in the luma.
    """
    h, w = image.shape[0], image.shape[1] // 3
    rows, columns = h // side, w // side
    cut = to_blocks(image, side)
    odds = luma_odds(cut)
    mine = np.sort(np.argsort(-odds, kind="stable")[: CANDIDATES * rows * columns])
    unfit = -UNFIT * odds[mine].clip(-DOUBT, DOUBT)
    solved = solve(cut[mine], rows, columns, rng, turns=how.turns, negatives=how.negatives, colours=False, unfit=unfit)
    picture = upright(solved.picture(cut[mine]), tuple(range(how.turns)), negatives=how.negatives)
    return Restored(picture, mine[solved.order], solved.joined, solved.worth)


def seconds_of(blocks: int) -> float:
    """How long a puzzle of this many pieces takes on one core, roughly."""
    return 0.1 + 1.8e-3 * blocks + 2e-6 * blocks**2


def _seams(picture: Any, side: int) -> float:
    """Mean absolute step across the borders of blocks."""
    x = picture.astype(np.int16)
    steps = [np.abs(x[side::side] - x[side - 1 : -1 : side]), np.abs(x[:, side::side] - x[:, side - 1 : -1 : side])]
    return float(np.concatenate([one.ravel() for one in steps]).mean())
