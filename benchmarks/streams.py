"""SP 800-22 on the byte streams that schemes XOR: every chaotic map and quantiser, AES-CTR beside them.

usage: python benchmarks/streams.py [KEYS] [--record]      KEYS: 2 unless given, 20 with --record

A stream is the first 125,000 bytes of the mask of a grey picture of 1000 x 1000 under a derived key. A line says how
many of the twelve p-values are at least 0.01, the level of the publication: 99 of 100 for a random stream. --record
appends to records/sp800-22.jsonl.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from imveil import record
from imveil.audit.game.challenger import key_of
from imveil.interval import wilson
from imveil.lab.bench.sequences import draw, kinds
from imveil.metrics.sp800_22 import LEAST, sp80022

LEVEL = 0.01


def main() -> None:
    """A line for each kind of sequence."""
    recorded = "--record" in sys.argv
    keys = next((int(word) for word in sys.argv[1:] if word.isdigit()), 20 if recorded else 2)
    for scheme, quantiser, shuffle in kinds():
        begin = time.perf_counter()
        streams = (draw(scheme, quantiser, shuffle, key_of(seed, "sp800-22")) for seed in range(keys))
        found = [sp80022(stream[: LEAST // 8].tobytes()) for stream in streams]
        passed = {name: int(sum(one[name] >= LEVEL for one in found)) for name in found[0]}
        each = np.array([np.mean([p >= LEVEL for p in one.values()]) for one in found])
        name = f"{scheme} {quantiser}{', shuffled' if shuffle else ''}"
        print(f"{name:40} {100 * each.mean():6.1f} % pass, of {keys} keys", flush=True)
        if not recorded:
            continue
        low, high = wilson(int(sum(passed.values())), keys * len(passed))
        one = record.measured(
            kind="sp800-22",
            name=name,
            digest=record.digest_of(name),
            facts={"scheme": scheme, "quantiser": quantiser, "shuffle": shuffle, "keys": keys, "passed": passed},
            value=round(100 * float(each.mean()), 4),
            unit=f"% of p-values at least {LEVEL}",
            n=keys,
            low=round(100 * low, 4),
            high=round(100 * high, 4),
            seconds=round(time.perf_counter() - begin, 1),
        )
        record.append(one)


if __name__ == "__main__":
    main()
