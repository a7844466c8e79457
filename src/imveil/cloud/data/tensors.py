"""Arrays of pictures and labels as tensors of the kinds that torch computes with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDtype, BadShape
from imveil.extras import torch


@runtime_checkable
class Indexed(Protocol):
    """A data set, whose items come by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, i: int, /) -> Any: ...


_AT_ONCE = 512  # pictures of a data set that are stacked


def tensor(array: npt.NDArray[Any]) -> torch.Tensor:
    """Pictures as they are, but uint16 as float32, which holds all its values; any other whole numbers as int64.

    >>> tensor(np.array([65535], np.uint16))
    tensor([65535.])
    """
    kind = {"uint8": np.uint8, "uint16": np.float32, "float32": np.float32}.get(str(array.dtype), np.int64)
    array = np.ascontiguousarray(array, kind)
    # A copy where numpy says read-only: torch warns about tensors that share such memory.
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def batches(images: Any, shape: tuple[int, int, int]) -> Iterator[npt.NDArray[Any]]:
    """Pictures however they come, as arrays (n, h, w, c) of `shape` (h, w, c).

    Parameters
    ----------
    images
        An array or tensor (n, h, w, c) or (n, c, h, w), or of one picture without its n; (images, labels), as an item
        or a batch of a data set is; a data set of such items.

    Raises
    ------
    BadShape
    BadDtype

    >>> [some.shape for some in batches(np.zeros((2, 3, 4, 5), np.uint8), (4, 5, 3))]
    [(2, 4, 5, 3)]
    """
    if isinstance(images, tuple | list) and len(images) == 2 and hasattr(images[0], "ndim"):
        images = images[0]
    if hasattr(images, "ndim"):
        yield _rows(images, shape)
        return
    if not isinstance(images, Iterable | Indexed) or isinstance(images, str | bytes):
        raise BadDtype(f"pictures to predict are arrays, tensors or a data set, got {type(images).__name__}")
    waiting: list[npt.NDArray[Any]] = []
    items = iter(images) if isinstance(images, Iterable) else (images[i] for i in range(len(images)))
    for item in items:
        waiting.append(_rows(item[0] if isinstance(item, tuple | list) else item, shape))
        if sum(map(len, waiting)) >= _AT_ONCE:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def _rows(images: Any, shape: tuple[int, int, int]) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = images.detach().cpu().numpy() if isinstance(images, torch.Tensor) else np.asarray(images)
    array = array[None] if array.ndim == 3 else array
    h, w, c = shape
    if array.shape[1:] == (h, w, c):
        return array
    if array.shape[1:] == (c, h, w):
        return array.transpose(0, 2, 3, 1)
    raise BadShape(
        f"the model reads pictures of {h}x{w}x{c}, got an array of shape {array.shape}",
        hint="they are (n, h, w, c) or (n, c, h, w), as the cipher images are",
    )
