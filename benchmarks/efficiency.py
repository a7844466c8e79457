"""Encryption efficiency: ms an image and MB/s of every scheme, beside a copy, AES-CTR and other people's code.

usage: python benchmarks/efficiency.py [SIDE ...] [--record]      SIDE: 32 and 224 unless given

On one core, taking turns for seven rounds on the same random pictures, each into a new array. A time is processor time,
the median of the rounds; a key for the data set is set up before, a key for each image is set up in the time. `first`
is what one image costs with a new key. Slow ones get fewer pictures, so that a round takes no longer than a second.
--record appends to records/efficiency.jsonl.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import imveil
from imveil import Key, Scheme, record

ROUNDS, BYTES, LONGEST = 7, 6 << 20, 1.0
PEERS = ("LE", "ELE", "EtC", "PE")


@dataclass
class Thing:
    """Something that encrypts pictures. first: one picture under a new key; None where that is no different."""

    name: str
    facts: dict[str, Any]
    work: Callable[[Any], object]
    first: Callable[[Any], object] | None = None
    channels: int = 3


def copying() -> Thing:
    """What nothing can beat: each byte is read and written once."""
    return Thing("copy", {}, np.copy)


def aes() -> Thing:
    """One AES-256-CTR stream over the whole batch, by OpenSSL."""

    def encrypt(images: Any) -> bytes:
        return Cipher(algorithms.AES(bytes(32)), modes.CTR(bytes(16))).encryptor().update(images)

    return Thing("AES-256-CTR", {}, encrypt, encrypt)


def scheme_things() -> list[Thing]:
    """Every scheme as it is by default, and with a key for each image where it can have one."""
    found = []
    for id in imveil.schemes.names():
        found.append(of_scheme(imveil.find(id)))
        if imveil.find(id).config().get("per_image") is False:
            found.append(of_scheme(imveil.find(id, per_image=True)))
    return found


def of_scheme(scheme: Scheme) -> Thing:
    """Under one key, and one image under the next new key."""
    key, count = Key.generate(), itertools.count()

    def work(images: Any) -> object:
        return scheme.encrypt(images, key, ids=[str(i) for i in range(len(images))])

    def first(image: Any) -> object:
        return scheme.encrypt(image, key.derive(str(next(count))), ids=["x"])

    fields = {"per_image": True} if scheme.config().get("per_image") else {}
    channels = scheme.traits.channels
    name = f"{scheme.id}, a key for each image" if scheme.traits.per_image else scheme.id
    return Thing(
        name,
        {"scheme": scheme.id, "fields": fields},
        work,
        first,
        3 if channels is None or 3 in channels else channels[0],
    )


def peer_things(side: int) -> list[Thing]:
    """Other people's code, where it is installed and takes the size."""
    try:
        from scramblekit import scramble
    except ImportError:
        print("scramblekit is not installed: its rows are missing")
        return []
    found = []
    for name in PEERS:
        made = getattr(scramble, name)

        def one(seed: int, made: Any = made) -> Any:
            return made(seed) if made is scramble.LE else made(seed, image_size=(side, side))

        held, seeds = one(0), itertools.count(1)
        found.append(
            Thing(
                f"scramblekit {name}",
                {"peer": "scramblekit 0.1.0"},
                lambda images, held=held: held(images, channels_last=True),
                lambda image, one=one, seeds=seeds: one(next(seeds))(image, channels_last=True),
            )
        )
    return found


def seconds(work: Callable[[Any], object], images: Any) -> float:
    """Of one call, in processor time: what else runs on the machine does not count."""
    start = time.process_time()
    work(images)
    return time.process_time() - start


def measure(side: int) -> None:
    """A line for each thing; the first call, which imports and compiles, does not count."""
    things = [copying(), aes(), *scheme_things(), *peer_things(side)]
    pictures = {}
    for c in {thing.channels for thing in things}:
        shape = (BYTES // (side * side * 3), side, side, c)
        pictures[c] = np.random.default_rng(c).integers(0, 256, shape, np.uint8)
    counts = {}
    for thing in things:
        some = pictures[thing.channels][:2]
        thing.work(some)
        once = seconds(thing.work, some) / 2
        counts[thing.name] = int(max(1, min(len(pictures[thing.channels]), LONGEST / once)))
        thing.work(pictures[thing.channels][: counts[thing.name]])
    times: dict[str, list[float]] = {thing.name: [] for thing in things}
    firsts: dict[str, list[float]] = {thing.name: [] for thing in things}
    for _ in range(ROUNDS):
        for thing in things:
            images = pictures[thing.channels]
            thing.work(images[:1])  # the plan is there again, however many new keys came between
            times[thing.name].append(seconds(thing.work, images[: counts[thing.name]]) / counts[thing.name])
            if thing.first is not None:
                firsts[thing.name].append(seconds(thing.first, images[:1]))
    print(f"\n{side}x{side}, one core, {ROUNDS} rounds")
    print(f"{'':36} {'ms an image':>12} {'MB/s':>8} {'x copy':>8} {'x AES':>8} {'first, ms':>10}")
    for thing in things:
        report(thing, side, counts[thing.name], times, firsts[thing.name])


def report(thing: Thing, side: int, count: int, times: dict[str, list[float]], firsts: list[float]) -> None:
    """Print, and record if asked."""
    each, size = times[thing.name], side * side * thing.channels
    rate = size / median(each) / 1e6
    # Pictures may have other channels than three: bytes are compared, not pictures.
    slower = {to: median(each) / size * side * side * 3 / median(times[to]) for to in ("copy", "AES-256-CTR")}
    first = 1e3 * median(firsts) if firsts else None
    shown = "" if first is None else f"{first:10.3f}"
    ratios = f"{slower['copy']:8.1f} {slower['AES-256-CTR']:8.1f}"
    print(f"{thing.name:36} {1e3 * median(each):12.4f} {rate:8.1f} {ratios} {shown}", flush=True)
    if "--record" not in sys.argv:
        return
    name = f"{thing.name}, {side}x{side}x{thing.channels}"
    facts = {
        **thing.facts,
        "shape": [side, side, thing.channels],
        "images": count,
        "MB/s": round(rate, 3),
        "times a copy": round(slower["copy"], 3),
        "times AES-256-CTR": round(slower["AES-256-CTR"], 3),
        "first, ms": None if first is None else round(first, 4),
    }
    one = record.measured(
        kind="efficiency",
        name=name,
        digest=record.digest_of(name),
        facts=facts,
        value=1e3 * median(each),
        unit="ms an image, one core",
        n=ROUNDS,
        low=1e3 * min(each),
        high=1e3 * max(each),
        seconds=round(count * sum(each), 3),
    )
    record.append(one)


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for side in [int(word) for word in sys.argv[1:] if word.isdigit()] or [32, 224]:
        measure(side)
