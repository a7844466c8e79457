"""Applying a plan to a numpy batch on several cores. All ways give the same bytes.

A plan without an order is one XOR at the speed of memory. Gathers of many images go side by side (`lanes.py`), those
of few one by one (`kernels.py`). What is not worth compiling for is done by numpy alone, without importing numba.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput
from imveil.plans.compiled.locality import LEAST, spans
from imveil.plans.compiled.threads import set_threads, spread

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]

_COMPILE_FROM = 1 << 22  # bytes: below this, numpy is done before numba has been imported
_worked = 0  # bytes so far
_PAST_CACHE_FROM = 1 << 23  # bytes: below this, what is written may be read again before it leaves the cache


@dataclass(frozen=True, eq=False, repr=False)
class PreparedPlan:
    """Order, mask and unit of a canonical plan, and what is worked out from them once. As secret as the plan.

    Attributes
    ----------
    order
        (n,) int32 or None.
    mask
        (n,) uint8 or None.
    unit
        8 or 4 bits.
    """

    order: I32 | None
    mask: U8 | None
    unit: int

    @property
    def nbytes(self) -> int | None:
        """How many bytes an image must have; None when any image will do (the identity)."""
        units = self.order if self.order is not None else self.mask
        return None if units is None else len(units) * self.unit // 8

    @cached_property
    def byte_mask(self) -> U8:
        """The mask in whole bytes, zeros where there is none."""
        if self.mask is None:
            return np.zeros(self.nbytes or 0, np.uint8)
        return self.mask if self.unit == 8 else np.asarray(self.mask[::2] | self.mask[1::2] << 4, np.uint8)

    @cached_property
    def cyclic_mask(self) -> U8:
        """The mask of a plan without an order, repeated to 4 KB or so, and then the first 64 bytes again."""
        mask = np.tile(self.byte_mask, max(1, 4096 // len(self.byte_mask)))
        return np.concatenate([mask, mask[:64]])

    @cached_property
    def spans(self) -> Any:
        """Where the order of a plan that has one falls apart: `imveil.plans.compiled.locality.spans`."""
        return spans(self.order, self.unit)

    @cached_property
    def on_devices(self) -> dict[Any, Any]:
        """Order and mask as tensors, for each device where they were needed so far."""
        return {}


def apply(plan: PreparedPlan, images: Any, out: Any) -> Any:
    """`plan` on `images`, both checked by `Plan.__call__`, into `out` or a new array: (n, h, w, c) uint8."""
    if out is not None:
        if not out.flags.writeable:
            raise BadInput("out is read-only: pass an array that can be written")
        if np.may_share_memory(images, out):
            images = out if _same(images, out) else images.copy()
    else:
        out = np.empty(images.shape, np.uint8)
    if plan.order is None:
        _xor(plan, images, out)
    elif not (out is images and out.flags.c_contiguous):
        # What is not contiguous is read from a copy, or written through one.
        target = out if out.flags.c_contiguous else np.empty(out.shape, np.uint8)
        _gather(plan, _rows(plan, np.ascontiguousarray(images)), _rows(plan, target))
        if target is not out:
            out[...] = target
    else:
        _gather(plan, _rows(plan, images), _rows(plan, out))
    return out


def _same(a: Any, b: Any) -> bool:
    return bool(a.ctypes.data == b.ctypes.data and a.strides == b.strides and a.shape == b.shape)


def _rows(plan: PreparedPlan, images: Any) -> Any:
    return images.reshape(len(images), plan.nbytes)


def compiling_pays(nbytes: int) -> bool:
    """Whether the compiled loops are to be taken: numba is loaded, or this process had enough bytes to work on by now
    for the half second that loading it takes."""
    global _worked
    _worked += nbytes
    return _worked >= _COMPILE_FROM or "numba" in sys.modules


def _xor(plan: PreparedPlan, images: Any, out: Any) -> None:
    if plan.mask is None:
        if out is not images:
            np.copyto(out, images)
        return
    contiguous = images.flags.c_contiguous and out.flags.c_contiguous
    if not (contiguous and compiling_pays(images.nbytes)):
        mask = plan.mask.reshape(images.shape[1:])

        def plainly(pieces: Iterator[slice]) -> None:
            for piece in pieces:
                np.bitwise_xor(images[piece], mask, out=out[piece])

        spread(plainly, len(images), images.nbytes)
        return
    from imveil.plans.compiled import kernels

    past = images.nbytes >= _PAST_CACHE_FROM and out is not images
    source = _read_only(images)

    def compiled(pieces: Iterator[slice]) -> None:
        for piece in pieces:
            kernels.xor(source[piece].reshape(-1), plan.cyclic_mask, out[piece].reshape(-1), past)

    spread(compiled, len(images), images.nbytes)


def _gather(plan: PreparedPlan, images: Any, out: Any) -> None:
    """Rows of bytes, contiguous, into rows of bytes; both may be one array."""
    if not compiling_pays(images.nbytes):
        out[...] = _plain(plan, images)
        return
    from imveil.plans.compiled import kernels, lanes

    n, size = images.shape
    many = lanes.IMAGES[plan.unit]
    fewest = many // 4 if size >= LEAST else n + 1  # of these on, it is faster to leave lanes empty
    past = images.nbytes >= _PAST_CACHE_FROM and size % LEAST == 0 and not np.may_share_memory(images, out)
    images = _read_only(images)
    loop = kernels.gather_bytes if plan.unit == 8 else kernels.gather_nibbles

    def one_by_one(pieces: Iterator[slice]) -> None:
        for piece in pieces:
            loop(images[piece], plan.order, plan.byte_mask, out[piece])

    def together(pieces: Iterator[slice]) -> None:
        room = np.empty(many * int(np.diff(plan.spans).max()), np.uint8)
        given = plan.order, plan.byte_mask, 8 // plan.unit, plan.spans
        for piece in pieces:
            source, target = images[piece], out[piece]
            whole = len(source) - len(source) % many
            lanes.gather(source[:whole], *given, target[:whole], room, past)
            rest = len(source) - whole
            if rest >= fewest:
                filled = np.zeros((many, size), np.uint8)
                filled[:rest] = source[whole:]
                lanes.gather(_read_only(filled), *given, filled, room, False)
                target[whole:] = filled[:rest]
            elif rest:
                loop(source[whole:], plan.order, plan.byte_mask, target[whole:])

    if n < fewest:
        spread(one_by_one, n, images.nbytes)
    else:
        spread(together, n, images.nbytes, many)


def _read_only(array: Any) -> Any:
    """The same memory, so that a loop is compiled once, whether its input may be written or not."""
    view = array.view()
    view.flags.writeable = False
    return view


def _plain(plan: PreparedPlan, flat: Any) -> Any:
    """The gather in numpy alone, the slow and obvious way."""
    units: Any = (
        flat if plan.unit == 8 else np.stack([flat & 15, flat >> 4], axis=2).reshape(len(flat), 2 * flat.shape[1])
    )
    units = units.take(plan.order, axis=1)
    if plan.mask is not None:
        units ^= plan.mask
    return units if plan.unit == 8 else units[:, ::2] | units[:, 1::2] << 4


__all__ = ["PreparedPlan", "apply", "set_threads"]
