"""Key space of every scheme: parameters, seed, and keys a second on one core, for 32x32x3.

usage: python benchmarks/key_space.py [--record]

Keys are tried for a fifth of a second, seven times in turn. --record appends to records/key-space.jsonl; what the best
attack costs is put beside it, from records/recovery.jsonl, when tables are made.
"""

from __future__ import annotations

import os
import sys
from statistics import median

import imveil
from imveil import record
from imveil.keys.key import SIZE
from imveil.lab.bench.keyspace import keys_per_second, parameter_bits

ROUNDS, SECONDS = 7, 0.2


def main() -> None:
    """A line for each scheme."""
    schemes = [imveil.find(id) for id in imveil.schemes.names()]
    shapes = {}
    for scheme in schemes:
        channels = scheme.traits.channels
        shapes[scheme] = (32, 32, 3 if channels is None or 3 in channels else channels[0])
    rates = {scheme: [] for scheme in schemes}
    for _ in range(ROUNDS):
        for scheme in schemes:
            rates[scheme].append(keys_per_second(scheme, shapes[scheme], seconds=SECONDS))
    print(f"{'scheme':22} {'parameters, bits':>18} {'seed, bits':>12} {'keys a second':>14}")
    for scheme in schemes:
        bits, each = parameter_bits(scheme, shapes[scheme]), rates[scheme]
        print(f"{scheme.id:22} {bits:18.1f} {8 * SIZE:12} {median(each):14.0f}")
        if "--record" in sys.argv:
            one = record.measured(
                kind="key-space",
                name=scheme.id,
                digest=record.digest_of(f"{scheme.id} {scheme.config()}"),
                facts={
                    "scheme": scheme.id,
                    "fields": {},
                    "shape": list(shapes[scheme]),
                    "parameters, bits": round(bits, 2),
                    "seed, bits": 8 * SIZE,
                },
                value=median(each),
                unit="keys a second, one core",
                n=ROUNDS,
                low=min(each),
                high=max(each),
                seconds=ROUNDS * SECONDS,
            )
            record.append(one)


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    main()
