"""Test error of the public ResNets for CIFAR-10 on plain pictures: what the metric `recognised` starts from.

usage: python benchmarks/clean_net.py [--record]

The first 500 test pictures; with --record all 10,000, and a line each in records/recognised.jsonl.
"""

from __future__ import annotations

import sys
import time

from imveil import record
from imveil.errors import Unavailable
from imveil.interval import wilson
from imveil.lab.clean import clean_net
from imveil.metrics.recognised import recognised
from imveil.owner.datasets import cifar


def main() -> None:
    """A line for each net."""
    whole = "--record" in sys.argv
    try:
        images, labels = (part[: None if whole else 500] for part in cifar.load("cifar10")["test"])
        nets = {depth: clean_net(depth) for depth in (20, 56)}
    except Unavailable as error:
        print(f"not measured: {error}")
        return
    for depth, net in nets.items():
        begin = time.perf_counter()
        right = int(recognised(images, labels, net).sum())
        low, high = wilson(len(images) - right, len(images))
        error = 100 * (1 - right / len(images))
        print(
            f"ResNet-{depth}: {error:.2f} % of {len(images):,} wrong, 95 % interval {100 * low:.2f}..{100 * high:.2f}"
        )
        if whole:
            name = f"public ResNet-{depth} on plain CIFAR-10"
            one = record.measured(
                kind="recognised",
                name=name,
                digest=record.digest_of(name),
                facts={"data": "cifar10, test", "depth": depth, "guess": "the plain pictures"},
                value=round(error, 6),
                unit="% wrong",
                n=len(images),
                low=round(100 * low, 4),
                high=round(100 * high, 4),
                seconds=round(time.perf_counter() - begin, 1),
            )
            record.append(one)


if __name__ == "__main__":
    main()
