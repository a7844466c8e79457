"""The schemes that scramblekit has too, as ratios to it on the same images; all cores, `out` given.

usage: python benchmarks/peers.py [--record]      needs the extra `peers`

scramblekit encrypts batches of 64, which suit its caches best, on the one core that it uses.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import scramblekit.scramble as peers
from _rounds import COPY, batch, copy, ratio, rounds

import imveil

SAME = {"le/1": "LE", "ele/1": "ELE", "etc/1": "EtC", "negpos/1": "PE"}
FEW = 64


def measure(side: int) -> None:
    """Our plans and theirs at one size; the seed's XOR in place beside PE, whose place it takes."""
    print(f"{side}x{side}x3")
    images, key = batch(side), imveil.Key.generate()
    out, place, shape = images.copy(), images.copy(), images.shape[1:]
    things: dict[str, Any] = {"copy": copy(images, out)}
    for id, name in SAME.items():
        things[name] = partial(getattr(peers, name)(key=0, image_size=side), images[:FEW])
        things[id] = partial(imveil.find(id).plan(key, shape), images, out=out)
    seed = imveil.find("logistic-xor/1").plan(key, shape)
    things["logistic-xor/1 in place"] = partial(seed, place, out=place)
    times = rounds(things)
    work = len(images) / FEW
    for id, name in {**SAME, "logistic-xor/1 in place": "PE"}.items():
        ratio(id, f"scramblekit's {name}", times[name], times[id], work, side=side)
        ratio(id, COPY, times["copy"], times[id], side=side)


if __name__ == "__main__":
    for side in (32, 224):
        measure(side)
