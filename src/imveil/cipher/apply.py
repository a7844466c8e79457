"""Applying a plan to a batch: numpy on several cores, or torch where the tensor lies.

A plan without an order is one XOR, which numpy does at the speed of memory. Gathers run in the compiled loops of
`kernels.py`; a few small images are not worth compiling for and take numpy's own gather. All ways give the same bytes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from imveil.cipher.plan import Plan

_threads: int | None = None
_COMPILE_FROM = 1 << 22  # bytes: below this, numpy is done before numba has been imported
_SPREAD_FROM = 1 << 18  # bytes: below this, a second thread costs more than it brings


def set_threads(count: int | None) -> None:
    """How many threads one call may use; None: as many as this process may have cores. Pool workers set 1."""
    global _threads
    _threads = count


def apply(plan: Plan, images: Any, out: Any) -> Any:
    """`plan` on `images`, both checked by `Plan.__call__`, into `out` or a new array."""
    if not isinstance(images, np.ndarray):
        return _torch(plan, images, out)
    if out is not None and out is not images and np.may_share_memory(images, out):
        images = images.copy() if not _same(images, out) else out
    if plan.order is None:
        return _xor(plan, images, out)
    flat: Any = np.ascontiguousarray(images).reshape(len(images), len(plan.order) * plan.unit // 8)
    target = flat if out is images and np.shares_memory(flat, images) else None
    if target is None and out is not None and out is not images and out.flags.c_contiguous:
        target = out.reshape(flat.shape)
    if target is None:
        target = np.empty_like(flat)
    _gather(plan, flat, target)
    result = target.reshape(images.shape)
    if out is None:
        return result
    if not np.shares_memory(result, out):
        out[...] = result
    return out


def _same(a: Any, b: Any) -> bool:
    return bool(a.ctypes.data == b.ctypes.data and a.strides == b.strides and a.shape == b.shape)


def _xor(plan: Plan, images: Any, out: Any) -> Any:
    if out is None:
        out = np.empty(images.shape, np.uint8)
    if plan.mask is None:
        if out is not images:
            _spread(lambda part: np.copyto(out[part], images[part]), images)
        return out
    mask = plan.mask.reshape(images.shape[1:])
    _spread(lambda part: np.bitwise_xor(images[part], mask, out=out[part]), images)
    return out


def _gather(plan: Plan, flat: Any, target: Any) -> None:
    if flat.nbytes < _COMPILE_FROM and "numba" not in sys.modules:
        target[...] = _plain(plan, flat)
        return
    from imveil.cipher import kernels

    mask = plan.mask if plan.mask is not None else np.zeros(len(plan.order), np.uint8)  # type: ignore[arg-type]
    kernel = kernels.gather_bytes if plan.unit == 8 else kernels.gather_nibbles
    _spread(lambda part: kernel(flat[part], plan.order, mask, target[part]), flat)


def _plain(plan: Plan, flat: Any) -> Any:
    """The gather in numpy alone, the slow and obvious way."""
    units = flat if plan.unit == 8 else np.stack([flat & 15, flat >> 4], axis=2).reshape(len(flat), 2 * flat.shape[1])
    units = units[:, plan.order]
    if plan.mask is not None:
        units ^= plan.mask
    return units if plan.unit == 8 else units[:, ::2] | units[:, 1::2] << 4


def _spread(work: Callable[[slice], Any], images: Any) -> None:
    """Call `work` on slices of the batch, one a thread; each gives up the interpreter lock."""
    threads = min(_threads or len(os.sched_getaffinity(0)), len(images)) if images.nbytes >= _SPREAD_FROM else 1
    if threads <= 1:
        work(slice(None))
        return
    bounds = np.linspace(0, len(images), threads + 1).astype(int)
    parts = [slice(int(a), int(b)) for a, b in pairwise(bounds)]
    others = [_pool(os.getpid(), threads).submit(work, part) for part in parts[1:]]
    work(parts[0])
    for other in others:
        other.result()


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    # Keyed by process: threads do not survive a fork, and a forked worker must not wait for its parent's.
    del process
    return ThreadPoolExecutor(threads - 1, thread_name_prefix="imveil")


def _torch(plan: Plan, images: Any, out: Any) -> Any:
    import torch

    def there(array: Any) -> Any:
        return torch.tensor(array, device=images.device)

    size = plan.nbytes or int(np.prod(images.shape[1:]))
    units = images.reshape(len(images), size)
    if plan.order is not None:
        if plan.unit == 4:
            units = torch.stack([units & 15, units >> 4], dim=2).reshape(len(images), 2 * size)
        units = units[:, there(plan.order.astype(np.int64))]
    if plan.mask is not None:
        units = units ^ there(plan.mask)
    if plan.order is not None and plan.unit == 4:
        units = units[:, ::2] | units[:, 1::2] << 4
    result = units.reshape(images.shape)
    if out is None:
        return result if plan.nbytes is not None else result.clone()
    return out.copy_(result)
