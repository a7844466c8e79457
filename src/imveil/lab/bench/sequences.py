"""What the sequences of chaotic schemes are worth as bytes, beside AES-CTR: measured, one record a number.

The bytes are those that a scheme really XORs, from its key, for every quantiser and with the second key's shuffle on
and off. A good value here says nothing about a fixed mask, which falls without anyone looking at its statistics.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from statistics import fmean, stdev
from typing import Any, get_args

import numpy as np

import imveil
from imveil.audit.game.challenger import key_of
from imveil.interval import wilson
from imveil.keys.key import Key
from imveil.lab.bench import orbits
from imveil.record import Record, digest_of, measured
from imveil.schemes._chaotic_xor import ChaoticXor
from imveil.schemes.chaos.orbit import U8, Logistic, sequence

SIDE = 1000  # a grey picture of 1000 x 1000: a million bytes
SAMPLES = 224 * 224 * 3  # a large colour picture: what a derived key must give without repeating
ROUNDS = 15  # the best counts; they are short, so that on a busy machine some are not interrupted
STEPS = 1_000_000  # numbers in a round
CONTROL = "aes-xor/1"


@cache
def chaotic() -> dict[str, type[ChaoticXor]]:
    """The chaotic schemes, found by being there: {id: class}.

    >>> "logistic-xor/1" in chaotic()
    True
    """
    kinds = {id: type(imveil.find(id)) for id in imveil.schemes.names()}
    return {id: kind for id, kind in kinds.items() if issubclass(kind, ChaoticXor)}


def kinds() -> list[tuple[str, str, bool]]:
    """Every sequence there is: (scheme, quantiser, shuffle), AES-CTR last."""
    quantisers = get_args(ChaoticXor.fields()["quantiser"])
    maps = [(id, q, shuffle) for id in chaotic() for q in quantisers for shuffle in (False, True)]
    return [*maps, *((CONTROL, "none", shuffle) for shuffle in (False, True))]


def draw(scheme: str, quantiser: str, shuffle: bool, key: Key, side: int = SIDE) -> U8:
    """The mask of a grey picture of side x side under `key`. (side * side,) uint8."""
    shape = (side, side, 1)
    if scheme in chaotic():
        found = imveil.find(scheme, quantiser=quantiser, shuffle=shuffle)
        return np.asarray(found.plan_from_material(shape, **found.material(key, shape)).mask)
    mask: U8 = imveil.find(scheme).material(key, shape)["mask"]
    # AES-CTR has no second key of its own: one is derived as the chaotic schemes derive theirs.
    return mask[key.derive(scheme, "K2").stream().permutation(len(mask))] if shuffle else mask


UNITS = {"entropy": "bit", "chi-square": "", "lag-1 correlation": "", "missing values": "of 256"}


def statistics(data: U8) -> dict[str, float]:
    """Of a sequence of bytes: entropy in bits, chi-square of the histogram (255 degrees of freedom, below 293.25 with
    95 % for random bytes), correlation of neighbours, how many of the 256 values never occur.

    >>> statistics(np.arange(256, dtype=np.uint8))
    {'entropy': 8.0, 'chi-square': 0.0, 'lag-1 correlation': 1.0, 'missing values': 0.0}
    """
    counts = np.bincount(data, minlength=256)
    share, expected = counts[counts > 0] / len(data), len(data) / 256
    found = (
        -(share * np.log2(share)).sum(),
        ((counts - expected) ** 2 / expected).sum(),
        np.corrcoef(data[:-1].astype(float), data[1:].astype(float))[0, 1].round(9),
        (counts == 0).sum(),
    )
    return dict(zip(UNITS, map(float, found), strict=True))


def measure_bytes(keys: int, side: int = SIDE) -> Iterator[list[Record]]:
    """Statistics over that many keys, and throughput from key to mask, of each of `kinds()`."""
    for kind in kinds():
        yield _measure_kind(kind, keys, side)


def _measure_kind(kind: tuple[str, str, bool], keys: int, side: int) -> list[Record]:
    facts = {**dict(zip(("scheme", "quantiser", "shuffle"), kind, strict=True)), "bytes": side * side}
    begin = time.perf_counter()
    found = [statistics(draw(*kind, key_of(seed, "sequences"), side)) for seed in range(keys)]
    records = [_over_keys(name, facts, [one[name] for one in found], unit, begin) for name, unit in UNITS.items()]
    return [*records, _rate("key to mask", facts, side * side, lambda: draw(*kind, key_of(0, "sequences"), side))]


def measure_map(id: str, keys: int, cycle_limit: int, weak_keys: int, pairs: int) -> Iterator[list[Record]]:
    """The map of one scheme: numbers a second on one core, Lyapunov exponents, cycles, keys whose orbit repeats early,
    pairs of keys that give one sequence.

    Parameters
    ----------
    keys
        Starts for exponents and cycles.
    cycle_limit
        Steps of a search for a cycle.
    weak_keys, pairs
        How many. What is 0 is left out.
    """
    source = chaotic()[id].source
    facts = {"scheme": id, "map": type(source).__name__}
    starts = [start_of(id, seed) for seed in range(keys)]
    steps: Callable[[], Any] = lambda: sequence(source, STEPS, burn_in=0, quantiser="mantissa", **starts[0])  # noqa: E731
    yield [_rate("orbit to bytes", facts, STEPS, steps)]
    begin = time.perf_counter()
    spectra = np.array([orbits.lyapunov(source, start) for start in starts])
    yield [
        _over_keys("Lyapunov exponent", {**facts, "which": i}, list(column), "nats a step", begin)
        for i, column in enumerate(spectra.T, 1)
    ]
    if cycle_limit:
        yield [_closing(source, facts, starts, cycle_limit)]
    if cycle_limit and isinstance(source, Logistic):
        yield [_closing(source, {**facts, "r": 4}, [{**start, "r": 4.0} for start in starts], cycle_limit)]

    def same(changed: Callable[[Any], Any]) -> Callable[[int], bool]:
        def holds(seed: int) -> bool:
            start = start_of(id, seed)
            return orbits.same_sequence(source, start, {**start, "x0": changed(start["x0"])})

        return holds

    if pairs:
        yield [_share("x0 and its neighbour", facts, pairs, same(lambda x: np.nextafter(x, 1)))]
    if pairs and isinstance(source, Logistic):
        yield [_share("x0 and 1 - x0", facts, pairs, same(lambda x: 1 - x))]
    if weak_keys:
        early: Callable[[int], bool] = lambda seed: orbits.repeats(source, start_of(id, seed), SAMPLES)  # noqa: E731
        yield [_share("early repeats", {**facts, "numbers": SAMPLES}, weak_keys, early)]


def start_of(id: str, seed: int) -> dict[str, Any]:
    """The map's parameters that the laboratory's key of that number gives a scheme."""
    source = chaotic()[id].source
    words = np.frombuffer(key_of(seed, "orbits").derive(id, "K1").stream().bytes(8 * source.words), "<u8")
    return source.from_words(words)


def _closing(source: Any, facts: dict[str, Any], starts: list[dict[str, Any]], limit: int) -> Record:
    """How many orbits close within the limit; facts list each [steps before the cycle, length of the cycle]."""
    begin = time.perf_counter()
    found = [orbits.cycle(source, start, limit) for start in starts]
    closed = sorted((c for c in found if c), key=sum)
    low, high = wilson(len(closed), len(starts))
    facts = {**facts, "limit": limit, "closed": closed}
    return _made("orbits that close", facts, len(closed) / len(starts), "share", len(starts), low, high, begin)


def _share(name: str, facts: dict[str, Any], n: int, holds: Callable[[int], bool]) -> Record:
    """Of the laboratory's first n keys, the share for which something holds, with its interval."""
    begin = time.perf_counter()
    count = sum(holds(seed) for seed in range(n))
    return _made(name, {**facts, "count": count}, count / n, "share", n, *wilson(count, n), begin)


def _rate(name: str, facts: dict[str, Any], count: int, work: Callable[[], Any]) -> Record:
    """Millions a second on one core: the best round after one that does not count, and the range of all."""
    import numba  # noqa: F401  so that every map is compiled, as it is in any run over a data set

    begin, rates = time.perf_counter(), []
    for _ in range(1 + ROUNDS):
        start = time.perf_counter()
        work()
        rates.append(count / (time.perf_counter() - start) / 1e6)
    best = rates[1:]
    return _made(name, facts, max(best), "million bytes a second", ROUNDS, min(best), max(best), begin)


def _over_keys(name: str, facts: dict[str, Any], values: list[float], unit: str, begin: float) -> Record:
    """The mean over keys, with the range and the standard deviation."""
    sd = stdev(values) if len(values) > 1 else None
    return _made(name, {**facts, "sd": sd}, fmean(values), unit, len(values), min(values), max(values), begin)


def _made(
    name: str, facts: dict[str, Any], value: float, unit: str, n: int, low: float, high: float, begin: float
) -> Record:
    what = ("scheme", "quantiser", "shuffle", "bytes", "which", "r", "numbers")
    named = json.dumps([name, {k: facts[k] for k in what if k in facts}], sort_keys=True)
    return measured(
        kind="sequence",
        name=name,
        digest=digest_of(named),
        facts=facts,
        value=value,
        unit=unit,
        n=n,
        low=low,
        high=high,
        seconds=round(time.perf_counter() - begin, 3),
    )
