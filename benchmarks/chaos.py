"""Chaotic maps: bytes on one core, compiled, as ratios to the same loop in plain Python and to AES-CTR.

usage: python benchmarks/chaos.py [--record]

A round is an orbit after its burn-in and the bytes that `mantissa` makes of it. Aim: 150 million a second for the
logistic map.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from _rounds import ratio, rounds

from imveil.audit.game.challenger import key_of
from imveil.lab.bench.sequences import chaotic, start_of
from imveil.schemes.chaos.orbit import sequence

# Rounds are short and many: on a busy machine the best of them was not interrupted.
FEW, MANY, ROUNDS = 20_000, 1_000_000, 49


def main() -> None:
    """Measure every map."""
    import numba  # noqa: F401  with it loaded, the loops are compiled

    stream = key_of(0).derive("benchmark").stream()
    for id, kind in chaotic().items():
        start = start_of(id, 0)
        times = rounds(
            {
                "python": partial(in_python, id),
                "aes": partial(stream.bytes, MANY),
                "ours": partial(sequence, kind.source, MANY, burn_in=100, quantiser="mantissa", **start),
            },
            ROUNDS,
        )
        print(f"{id:64} {MANY / min(times['ours']) / 1e6:8.0f} million bytes a second")
        ratio(f"sequence of {id}", "the same loop in plain Python", times["python"], times["ours"], MANY / FEW)
        ratio(f"sequence of {id}", "AES-256-CTR", times["aes"], times["ours"])


def in_python(id: str) -> None:
    """The same steps by the interpreter."""
    source = chaotic()[id].source
    state, fixed = (np.array(part, float) for part in source.begin(**start_of(id, 0)))
    out = np.empty(FEW)
    source.loop(state, fixed, out)
    (1e14 * out).astype(np.int64).astype(np.uint8)


if __name__ == "__main__":
    main()
