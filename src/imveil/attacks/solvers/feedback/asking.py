"""What is asked: pictures as rows of samples, under a limit, and groups of pictures that differ in one sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from imveil.attacks.base import Oracle

VALUES = 48  # of a sample: among so many, four pairs agree in what is 1 of 256


@dataclass(frozen=True)
class Group:
    """Pictures that differ in one sample. ciphers: (values, n); base: what they are elsewhere."""

    sample: int
    ciphers: Any
    base: Any


class Asker:
    """Rows (k, n) in, cipher rows out; no more of them than `most`."""

    def __init__(self, oracle: Oracle, shape: tuple[int, int, int], most: int) -> None:
        self._oracle, self._shape, self.left = oracle, shape, most
        self.n = int(np.prod(shape))

    def __call__(self, rows: Any) -> Any:
        """Cipher rows of `rows`. Callers look at `left` first."""
        self.left -= len(rows)
        return self._oracle(rows.reshape(len(rows), *self._shape)).reshape(len(rows), -1)

    def group(self, sample: int, values: Any, base: Any = 0) -> Group:
        """One sample takes these values, on a black picture or on `base` (n,)."""
        rows = np.zeros((len(values), self.n), np.uint8) + np.asarray(base, np.uint8)
        rows[:, sample] = values
        return Group(sample, self(rows), base)

    def groups(self, rng: np.random.Generator) -> Iterator[Group]:
        """Sample after sample at random, then again on another picture, as long as there is something left."""
        base: Any = 0
        while True:
            for sample in rng.permutation(self.n):
                if self.left < VALUES:
                    return
                yield self.group(int(sample), rng.permutation(256)[:VALUES], base)
            base = rng.integers(0, 256, self.n)
