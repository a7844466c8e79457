"""Plans, as ratios to a one-core memory copy of the same images; all cores that this process may use, `out` given.

usage: python benchmarks/plans.py [--record]
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _rounds import COPY, SIZES, batch, copy, ratio, rounds

from imveil.plans.blocks import from_blocks, nibble_blocks, positions, to_blocks
from imveil.plans.plan import Plan


def local(side: int, rng: Any, *, shuffled: bool) -> Any:
    """The order of nibbles inside blocks of 4x4, one for all (LE); or one each and the blocks moved too (ELE)."""
    shape = (side, side, 3)
    blocks = nibble_blocks(shape, 4)
    inside = np.argsort(rng.random(blocks.shape if shuffled else blocks.shape[1]), axis=-1)
    moved = np.take_along_axis(blocks, np.broadcast_to(inside, blocks.shape), axis=1)
    if shuffled:
        moved = moved[rng.permutation(len(moved))]
    halves = moved.reshape(len(moved), 2, -1).swapaxes(1, 2)
    where = from_blocks(to_blocks(positions(shape), 4).reshape(len(moved), -1), shape).ravel()
    return halves.reshape(-1, 2)[np.argsort(to_blocks(positions(shape), 4).ravel())[where]].ravel()


def plans(side: int) -> dict[str, Plan]:
    """One of each kind, with a mask."""
    rng, size = np.random.default_rng(1), side * side * 3
    mask, halves = rng.integers(0, 256, size, np.uint8), rng.integers(0, 16, 2 * size, np.uint8)
    return {
        "XOR": Plan(mask=mask),
        "byte permutation": Plan(rng.permutation(size), mask),
        "nibble permutation": Plan(rng.permutation(2 * size), halves, 4),
        "nibble permutation in 4x4 blocks (LE)": Plan(local(side, rng, shuffled=False), halves, 4),
        "nibble permutation in moved 4x4 blocks (ELE)": Plan(local(side, rng, shuffled=True), halves, 4),
    }


def measure(side: int) -> None:
    """Every kind of plan; XOR and bytes in place, and XOR into a new array too."""
    print(f"{side}x{side}x3")
    images = batch(side)
    out, place, made = images.copy(), images.copy(), plans(side)
    things = {name: partial(plan, images, out=out) for name, plan in made.items()}
    things["XOR in place"] = partial(made["XOR"], place, out=place)
    things["XOR into a new array"] = partial(made["XOR"], images)
    things["byte permutation in place"] = partial(made["byte permutation"], place, out=place)
    times = rounds({"copy": copy(images, out), **things})
    for name in things:
        ratio(name, COPY, times["copy"], times[name], side=side)


if __name__ == "__main__":
    for side in SIZES:
        measure(side)
