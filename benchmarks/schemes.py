"""Every scheme, encrypt and decrypt as a user calls them, as ratios to a one-core memory copy of the same images.

usage: python benchmarks/schemes.py [--record] [ID ...]

A scheme is measured by being there. The results are new arrays, whose pages the system has yet to clear.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Any

from _rounds import BYTES, COPY, batch, copy, ratio, rounds

import imveil
from imveil.schemes.base import Scheme

LONGEST = 0.25  # seconds: slow schemes get fewer images


def sized(scheme: Scheme, side: int, key: Any) -> tuple[Any, list[str]]:
    """Pictures that the scheme takes, as many as it encrypts in a quarter of a second, and their ids."""
    channels = scheme.traits.channels or (3,)
    images = batch(side)[..., : 3 if 3 in channels else channels[0]]
    few = images[:16].copy()
    ids = [str(i) for i in range(len(images))]
    for _ in range(2):  # once to compile
        start = time.perf_counter()
        scheme.encrypt(few, key, ids[:16])
        spent = time.perf_counter() - start
    n = max(16, min(len(images), int(16 * LONGEST / spent)))
    return images[:n].copy(), ids[:n]


def measure(scheme: Scheme, side: int) -> None:
    """Both ways, at one size."""
    key = imveil.Key.generate()
    images, ids = sized(scheme, side, key)
    things = {"copy": copy(images, images.copy()), "encrypt": partial(scheme.encrypt, images, key, ids)}
    if scheme.traits.invertible:
        things["decrypt"] = partial(scheme.decrypt, scheme.encrypt(images, key, ids), key)
    times = rounds(things)
    for name in ("encrypt", "decrypt"):
        if name in times:
            facts = {"scheme": label(scheme), "way": name, "side": side}
            ratio(f"{label(scheme)} {name}, {side}x{side}", COPY, times["copy"], times[name], **facts)


def label(scheme: Scheme) -> str:
    """The id, and whether a key per image was asked for."""
    return scheme.id + (", a key per image" if scheme.config().get("per_image") else "")


def chosen() -> list[Scheme]:
    """Every scheme at its defaults, and with a key per image where that is a field of it."""
    found = []
    for id in [word for word in sys.argv[1:] if word != "--record"] or imveil.schemes.names():
        found.append(imveil.find(id))
        if "per_image" in found[-1].config():
            found.append(imveil.find(id, per_image=True))
    return found


if __name__ == "__main__":
    print(f"batches of up to {BYTES / 1e6:.0f} MB")
    for scheme in chosen():
        for side in (32, 224):
            measure(scheme, side)
