"""A transformer trained on plain CIFAR-10 and changed for a key, asked with the 10,000 test images as cipher images.

usage: python benchmarks/rekeyed.py [--record] [--seeds 0,1]

Two epochs of a small vision transformer: accuracy is not the point, equal answers are. With --record a line each in
records/rekeyed.jsonl.
"""

from __future__ import annotations

import sys

from scripts.records.rekeyed import rekeyed

from imveil import record
from imveil.errors import Unavailable


def main() -> None:
    """A line for each scheme and seed."""
    seeds = sys.argv[sys.argv.index("--seeds") + 1] if "--seeds" in sys.argv else "0"
    try:
        for seed in map(int, seeds.split(",")):
            for one in rekeyed(seed):
                if "--record" in sys.argv:
                    record.append(one)
                found = one.facts["found"]
                print(
                    f"{one.name}, seed {seed}: {one.value} % of {one.n:,} answers the same, plain {found['plain']} %, "
                    f"cipher {found['cipher']} %, wrong key {found['wrong key']} %, logits within "
                    f"{found['largest difference']}"
                )
    except Unavailable as error:
        print(f"not measured: {error}")


if __name__ == "__main__":
    main()
