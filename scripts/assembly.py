"""Measure the jigsaw solver, rung by rung, on the Kodak photographs: a record of kind "assembly" for each.

usage: python scripts/assembly.py RUNG BLOCK [--limit SECONDS]    rungs: shuffle, turns, negatives, whole

Each photograph has a key of its own. The steps that a rung leaves out are taken out of the material of etc/1. The
neighbour ratio is that of the best of the picture's own turns, as nothing in a cipher picture says which is right.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from PIL import Image

import imveil
from imveil.cipher.blocks import grid, to_blocks
from imveil.keys.key import Key
from imveil.lab import record
from imveil.lab.assembly import Ratios, ratios
from imveil.lab.game import digest
from imveil.lab.solvers.poses import turned
from imveil.lab.solvers.puzzle import solve

RUNGS = {
    "shuffle": (False, False, False),
    "turns": (True, False, False),
    "negatives": (True, True, False),
    "whole": (True, True, True),
}
LEFT_OUT = ({"rotate": 3, "reverse": 2}, {"negaposi": 1}, {"channel": 0})  # codes that change nothing


def one(picture: Any, block: int, steps: tuple[bool, bool, bool], seed: int) -> Ratios:
    """Scramble a picture, assemble it, compare."""
    scheme: Any = imveil.find("etc/1", block=block)
    rows, columns = grid(picture.shape, block)
    material = scheme.material(Key(hashlib.sha256(f"assembly {seed}".encode()).digest()), picture.shape)
    for there, codes in zip(steps, LEFT_OUT):
        for name, code in codes.items():
            material[name] = material[name] if there else np.full(rows * columns, code)
    cipher = scheme.plan_from_material(picture.shape, **material)(picture[None])[0]
    cut = to_blocks(cipher, block).reshape(-1, block, block, picture.shape[2])
    turns, negatives, colours = steps
    found = solve(cut, rows, columns, turns=turns, negatives=negatives, colours=colours)
    truth = np.argsort(material["shuffle"]).reshape(rows, columns)
    wholes = [turned(truth, d) for d in range(8 if turns else 1)]
    return max((ratios(w, found.order) for w in wholes if w.shape == found.order.shape), key=lambda r: r.neighbour)


def main() -> None:
    """Measure one rung; a photograph that the limit leaves no time for is not counted, and the record says how many."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rung", choices=RUNGS)
    parser.add_argument("block", type=int)
    parser.add_argument("--limit", type=float, default=3600.0)
    asked = parser.parse_args()
    files = sorted(Path(os.environ.get("IMVEIL_DATA", "data"), "kodak").glob("*.png"))
    start, found = time.perf_counter(), []
    for seed, file in enumerate(files):
        if time.perf_counter() - start < asked.limit:
            found.append(one(np.asarray(Image.open(file).convert("RGB")), asked.block, RUNGS[asked.rung], seed))
    if not found:
        sys.exit("no photographs: set IMVEIL_DATA to a folder that holds kodak")
    neighbour = [r.neighbour for r in found]
    drawn = np.random.default_rng(0).choice(neighbour, (2000, len(found))).mean(axis=1)
    facts = {"attack": "jigsaw", "scheme": "etc/1", "rung": asked.rung, "block": asked.block, "data": "kodak"}
    made = record.measured(
        kind="assembly",
        name="jigsaw",
        digest=digest(facts),
        facts={
            **facts,
            "direct": fmean(r.direct for r in found),
            "largest": fmean(r.largest for r in found),
            "each": [[round(x, 4) for x in r] for r in found],
            "photographs": len(files),
        },
        seed=0,
        value=fmean(neighbour),
        unit="of neighbouring pairs right",
        n=len(found),
        low=float(np.quantile(drawn, 0.025)),
        high=float(np.quantile(drawn, 0.975)),
        seconds=round(time.perf_counter() - start, 1),
    )
    print(record.append(made).name, asked.rung, asked.block, f"{made.value:.3f} ({made.low:.3f} to {made.high:.3f})")


if __name__ == "__main__":
    main()
