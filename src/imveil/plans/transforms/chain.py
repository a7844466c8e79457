"""Chains: passes of gather, mask and feedback over the bytes of an image, in which each byte changes all that follow.

    y[i] = x[order[i]] + mask[i] + table[y[i - 1]]  mod 256,    y[-1] = start

A pass that walks backwards runs from the last byte to the first. Two passes, one each way, let every byte of the
picture change every byte of the cipher. Undoing needs no chain: all of y is known.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.plans.compiled.threads import spread
from imveil.plans.transforms.base import Shape, Transform

U8 = npt.NDArray[np.uint8]

# Below both, numpy is done before numba has been imported.
_MOST_STEPS = 1 << 16
_MOST_BYTES = 1 << 21


@dataclass(frozen=True, eq=False, repr=False)
class Pass:
    """One walk over an image. order: (n,) int32, None where every byte stays in its place; mask: (n,), in the order of
    the walk; table: (256,); backward: from the last byte to the first."""

    order: npt.NDArray[np.int32] | None
    mask: U8
    table: U8
    start: int
    backward: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Chain(Transform):
    """Passes one after the other; `undo` runs their inverses from the last to the first.

    Chain(shape, passes)(images) needs about 1 ns a byte and pass and core, twice that for one image alone.
    """

    shape: Shape
    passes: tuple[Pass, ...]
    undo: bool = False

    def __invert__(self) -> Chain:
        return Chain(self.shape, self.passes, not self.undo)

    def apply(self, images: Any) -> Any:
        """All passes on a batch (n, h, w, c) uint8, spread over cores."""
        flat = images.reshape(len(images), int(np.prod(self.shape)))
        out = np.empty_like(flat)
        work = self._undone if self.undo else self._done

        def walk(pieces: Iterator[slice]) -> None:
            for piece in pieces:
                work(flat[piece], out[piece])

        spread(walk, len(images), images.nbytes)
        return out.reshape(images.shape)

    def _done(self, images: U8, out: U8) -> None:
        step, _ = _loops(len(self.passes) * images.shape[1], len(images))
        for one in self.passes:
            source, order = self._source(one, images, out)
            step(source, order, one.table, one.mask, one.start, out[:, ::-1] if one.backward else out)
            images = out

    def _undone(self, images: U8, out: U8) -> None:
        _, step = _loops(len(self.passes) * images.shape[1], len(images))
        for one in reversed(self.passes):
            source, order = self._source(one, images, out)
            step(source[:, ::-1] if one.backward else source, order, one.table, one.mask, one.start, out)
            images = out

    def _source(self, one: Pass, images: U8, out: U8) -> tuple[U8, Any]:
        """What to read from, and in which order: a pass that moves nothing reads what it overwrites."""
        if one.order is not None:
            return (images.copy() if images is out else images), one.order
        walk = np.arange(images.shape[1], dtype=np.int32)
        return images, np.ascontiguousarray(walk[::-1]) if one.backward else walk


def _loops(steps: int, images: int) -> tuple[Callable[..., None], Callable[..., None]]:
    """`substitute` and `restore` for this many steps on this many images."""
    # In numpy a step costs microseconds, whatever the batch, and a byte some nanoseconds.
    if steps < _MOST_STEPS and steps * images < _MOST_BYTES and "numba" not in sys.modules:
        return _substitute, _restore
    from imveil.plans.compiled import chain

    return chain.substitute, chain.restore


def _substitute(images: U8, order: Any, table: U8, mask: U8, start: int, out: U8) -> None:
    """`chain.substitute` in numpy alone: all images at once, one byte after the other."""
    before = np.full(len(images), start, np.uint8)
    for i, (j, m) in enumerate(zip(order.tolist(), mask, strict=True)):
        before = images[:, j] + m + table[before]
        out[:, i] = before


def _restore(images: U8, order: Any, table: U8, mask: U8, start: int, out: U8) -> None:
    """`chain.restore` in numpy alone."""
    before = np.empty_like(images)
    before[:, 1:] = images[:, :-1]
    before[:, :1] = start
    out[:, order] = images - mask - table[before]
